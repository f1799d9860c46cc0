"""Scenes of benchmarks/rigid.py, and states of each in the middle of what happens there.

MuJoCo runs a scene from many random starts; a state is one such run at a random time. So robots
have fallen, pressed and come to rest in it as they do, each a little differently.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mujoco
import mujoco.rollout
import numpy as np

import genesis_state as gs
from genesis_state.morphs import find_file

RUNS = 256  # random starts; more environments take other moments of the same runs


@dataclass(frozen=True)
class Subject:
    """A scene and where its states come from.

    Attributes:
        add: Adds the entities.
        draw: draw(model, random) gives positions, velocities and controls of one random start.
        dt: Time step [s].
        window: The earliest and the latest time of a state [s].
        contacts: Whether geoms collide.
    """

    add: Callable[[gs.Scene], Any]
    draw: Callable[[Any, np.random.Generator], tuple[np.ndarray, np.ndarray, np.ndarray]]
    dt: float
    window: tuple[float, float]
    contacts: bool = True


@dataclass(frozen=True)
class States:
    """Where both sides start, one row for each environment, and what drives them.

    Attributes:
        warmstart: The accelerations of the step that led here.
        contacts: Mean number of contacts.
    """

    qpos: np.ndarray
    vel: np.ndarray
    act: np.ndarray
    ctrl: np.ndarray
    warmstart: np.ndarray
    contacts: float

    def physics(self) -> np.ndarray:
        """Rows as `mujoco.rollout` takes them: time, positions, velocities, activations."""
        time = np.zeros((len(self.qpos), 1))
        return np.concatenate([time, self.qpos, self.vel, self.act], axis=1)


def prepare(model: Any, subject: Subject, n_envs: int, threads: int) -> States:
    """Runs MuJoCo from random starts, then takes one moment for each environment."""
    random = np.random.default_rng(0)
    drawn = [subject.draw(model, random) for _ in range(RUNS)]
    qpos, vel, ctrl = (np.array(rows) for rows in zip(*drawn, strict=True))
    act = np.zeros((RUNS, model.na))
    first, last = (round(t / model.opt.timestep) for t in subject.window)
    starts = np.concatenate([np.zeros((RUNS, 1)), qpos, vel, act], axis=1)
    runs = np.empty((RUNS, last, starts.shape[1]))
    with mujoco.rollout.Rollout(nthread=threads) as pool:
        data = [mujoco.MjData(model) for _ in range(threads)]
        controls = np.repeat(ctrl[:, None], last, axis=1)
        pool.rollout(model, data, starts, controls, nstep=last, state=runs)
    run = np.arange(n_envs) % RUNS
    before = runs[run, random.integers(first, last, n_envs)]
    # One more step, which tells the accelerations with which the next one starts.
    data = mujoco.MjData(model)
    rows, n_contacts = [], 0
    for state, control in zip(before, ctrl[run], strict=True):
        mujoco.mj_resetData(model, data)
        mujoco.mj_setState(model, data, state, mujoco.mjtState.mjSTATE_FULLPHYSICS.value)
        data.ctrl[:] = control
        mujoco.mj_step(model, data)
        n_contacts += data.ncon
        rows.append([x.copy() for x in (data.qpos, data.qvel, data.act, data.qacc_warmstart)])
    qpos, vel, act, warmstart = (np.array(rows) for rows in zip(*rows, strict=True))
    return States(qpos, vel, act, ctrl[run], warmstart, n_contacts / n_envs)


def mean_contacts(model: Any, states: np.ndarray) -> float:
    """Mean number of contacts in rows of physics."""
    data = mujoco.MjData(model)
    found = 0
    for row in states:
        mujoco.mj_setState(model, data, row, mujoco.mjtState.mjSTATE_FULLPHYSICS.value)
        mujoco.mj_kinematics(model, data)
        mujoco.mj_collision(model, data)
        found += data.ncon
    return found / len(states)


# ---------------------------------------------------------------- random starts


def about(model: Any, qpos: np.ndarray, spread: float, random: np.random.Generator) -> np.ndarray:
    """Positions near others, inside the limits."""
    qpos = qpos.copy()
    mujoco.mj_integratePos(model, qpos, random.normal(0, spread, model.nv), 1.0)
    for joint in np.flatnonzero(model.jnt_limited):
        if model.jnt_type[joint] >= mujoco.mjtJoint.mjJNT_SLIDE.value:
            place = model.jnt_qposadr[joint]
            qpos[place] = np.clip(qpos[place], *model.jnt_range[joint])
    return qpos


# The hand points down, its fingers a little above the floor, and then below where it can get.
ABOVE = np.array([0, 0.46, 0, -2.365, 0, 2.827, 0.8, 0.02, 0.02])
PRESSED = np.array([0, 0.6, 0, -2.328, 0, 2.904, 0.8, 0.02, 0.02])


def draw_arm(model: Any, random: np.random.Generator):
    """The hand is sent down to the floor, each to another place on it."""
    low, high = model.actuator_ctrlrange.T
    target = np.clip(PRESSED + random.normal(0, 0.15, model.nu), low, high)
    return about(model, ABOVE, 0.1, random), random.normal(0, 0.2, model.nv), target


def draw_quadruped(model: Any, random: np.random.Generator):
    """Dropped, a little tilted, on legs that hold it."""
    home = model.key("robot/home")
    qpos = about(model, home.qpos, 0.1, random)
    qpos[2] = random.uniform(0.32, 0.42)
    ctrl = home.ctrl + random.normal(0, 0.1, model.nu)
    return qpos, random.normal(0, 0.3, model.nv), ctrl


def draw_boxes(model: Any, random: np.random.Generator):
    """The tower before it leans far."""
    return about(model, model.qpos0, 0.005, random), np.zeros(model.nv), np.zeros(0)


def draw_falling(model: Any, random: np.random.Generator):
    """From the model's own pose, with weak constant controls."""
    qpos = about(model, model.qpos0, 0.1, random)
    low, high = model.actuator_ctrlrange.T
    return qpos, random.normal(0, 0.3, model.nv), random.uniform(low, high, model.nu)


# ---------------------------------------------------------------- scenes


def robot_on_plane(file: str) -> Callable[[gs.Scene], None]:
    def add(scene: gs.Scene) -> None:
        scene.add_entity(gs.morphs.Plane(), name="plane")
        scene.add_entity(gs.morphs.MJCF(file=file), name="robot")

    return add


def alone(file: str) -> Callable[[gs.Scene], None]:
    def add(scene: gs.Scene) -> None:
        scene.add_entity(gs.morphs.MJCF(file=file), name="robot")

    return add


def boxes(scene: gs.Scene) -> None:
    scene.add_entity(gs.morphs.Plane(), name="plane")
    for i in range(10):
        pos = (0.02 * i, 0.013 * (i % 3), 0.06 + 0.105 * i)
        scene.add_entity(gs.morphs.Box(size=(0.1, 0.1, 0.1), pos=pos), name=f"box_{i}")


def own_timestep(file: str | Path) -> float:
    """The time step that a model was written for [s]."""
    return float(mujoco.MjModel.from_xml_path(str(find_file(file))).opt.timestep)


def subjects() -> dict[str, Subject]:
    """Every scene by name; those of gymnasium's wheel if it is installed."""
    found = {
        "franka": Subject(robot_on_plane("franka.xml"), draw_arm, 0.002, (0.4, 1.0)),
        "quadruped": Subject(robot_on_plane("quadruped.xml"), draw_quadruped, 0.002, (0.1, 1.0)),
        "boxes": Subject(boxes, draw_boxes, 0.01, (0.1, 1.5)),
    }
    spec = importlib.util.find_spec("gymnasium")
    if spec is not None and spec.origin is not None:
        assets = Path(spec.origin).parent / "envs" / "mujoco" / "assets"
        file = str(assets / "humanoid.xml")
        found["humanoid"] = Subject(alone(file), draw_falling, own_timestep(file), (0.3, 1.5))
    for name in ("franka", "quadruped", "cartpole"):
        file = f"{name}.xml"
        found[f"{name}, no contacts"] = Subject(
            alone(file), draw_falling, own_timestep(file), (0.0, 0.2), contacts=False
        )
    return found
