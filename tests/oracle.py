"""MuJoCo C as the oracle: the same compiled model, states and controls on both sides."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import mujoco
import numpy as np
import torch

import genesis_state as gs
from genesis_state.morphs import ASSETS
from genesis_state.solvers.rigid.entity_spec import EntitySpec
from genesis_state.solvers.rigid.model import compile_model

OURS = ("franka.xml", "cartpole.xml", "quadruped.xml", "allegro_hand.xml")


def gymnasium_models() -> dict[str, Path]:
    """MJCF files inside the gymnasium wheel, by name; empty if it is not installed."""
    spec = find_spec("gymnasium")
    if spec is None or spec.origin is None:
        return {}
    folder = Path(spec.origin).parent / "envs" / "mujoco" / "assets"
    return {path.stem: path for path in sorted(folder.glob("*.xml"))}


def our_models() -> dict[str, Path]:
    """Models that the package ships, by name."""
    return {Path(name).stem: ASSETS / name for name in OURS}


def refusals(models: Mapping[str, Path]) -> dict[str, str]:
    """Which models the rigid solver refuses, and why."""
    refused = {}
    options = gs.options.RigidOptions(constraint_solver="Newton")
    for name, path in models.items():
        spec = EntitySpec(name, gs.morphs.MJCF(file=path), gs.materials.Rigid())
        try:
            compile_model([spec], gs.options.SimOptions(), options)
        except ValueError as error:
            refused[name] = str(error)
    return refused


@dataclass
class Case:
    """A scene of many models side by side, and its oracle."""

    scene: gs.Scene
    integrator: str
    mj: mujoco.MjModel
    qpos: np.ndarray
    vel: np.ndarray
    ctrl: np.ndarray

    def dofs(self) -> dict[str, slice]:
        """Dofs of each model, by name."""
        return {part.name: part.at("dof") for part in self.scene.rigid_solver.compiled.entities}

    def start(self) -> None:
        """Puts the scene into the random states."""
        state = self.scene.get_state()
        rigid = state.rigid
        rigid.qpos = torch.from_numpy(self.qpos).to(rigid.qpos.dtype)
        rigid.dofs_vel = torch.from_numpy(self.vel).to(rigid.qpos.dtype)
        rigid.ctrl = torch.from_numpy(self.ctrl).to(rigid.qpos.dtype)
        rigid.dofs_acc = 0.0
        rigid.act = 0.0
        self.scene.reset(state=state)

    def reference(self, env: int) -> mujoco.MjData:
        """MuJoCo's data in the random state of one environment."""
        data = mujoco.MjData(self.mj)
        data.qpos[:], data.qvel[:], data.ctrl[:] = self.qpos[env], self.vel[env], self.ctrl[env]
        return data

    def read(self, name: str) -> np.ndarray:
        """A variable of the rigid solver in float64, shape (n_envs, …)."""
        return self.scene.rigid_solver.arena.get(name).double().numpy()


def build(
    models: Mapping[str, Path | gs.morphs.FileMorph],
    integrator: str,
    n_envs: int,
    *,
    dt: float = 0.005,
    spread: float = 1.0,
    speed: float = 1.0,
) -> Case:
    """All models in one scene, in random states, contacts off and solved to the end.

    Args:
        models: MJCF files, or morphs, by name.
        integrator: One of `gs.integrator`, for all.
        n_envs: Number of environments.
        dt: Time step [s].
        spread: Standard deviation of the positions [m, rad].
        speed: That of the velocities and controls.
    """
    options = gs.options.RigidOptions(
        integrator=integrator,
        constraint_solver="Newton",
        enable_collision=False,
        iterations=100,
        tolerance=1e-12 if gs.tc_float == torch.float64 else 1e-8,
        ls_iterations=50,
        ls_tolerance=0.01,
        noslip_iterations=0,  # of one model, which would hold for all
    )
    scene = gs.Scene(sim_options=gs.options.SimOptions(dt=dt), rigid_options=options)
    for name, model in models.items():
        morph = gs.morphs.MJCF(file=model) if isinstance(model, Path) else model
        scene.add_entity(morph, name=name)
    scene.build(n_envs=n_envs)
    mj = scene.rigid_solver.mj_model
    mj.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_CONTACT
    mj.opt.tolerance = 1e-12
    # MuJoCo 4.0.0 factors a sparse Hessian wrongly (its release notes of 4.0.1).
    mj.opt.jacobian = mujoco.mjtJacobian.mjJAC_DENSE
    rng = np.random.default_rng(0)
    qpos = np.tile(mj.qpos0, (n_envs, 1))
    for row in qpos:
        mujoco.mj_integratePos(mj, row, spread * rng.normal(size=mj.nv), 1.0)
    vel = speed * rng.normal(size=(n_envs, mj.nv))
    ctrl = speed * rng.normal(size=(n_envs, mj.nu))
    return Case(scene, integrator, mj, qpos, vel, ctrl)


def error(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Normwise relative error; infinite if anything is not a number."""
    distance = np.linalg.norm(ours - theirs) / max(1e-12, np.linalg.norm(theirs))
    return float(distance) if np.isfinite(distance) else np.inf


def acceleration_errors(case: Case) -> dict[str, float]:
    """Largest error in qacc over all environments, by model, and of the state after one step."""
    case.start()
    case.scene.step()
    acc, qpos, vel = (case.read(name) for name in ("dofs_acc", "qpos", "dofs_vel"))
    worst = dict.fromkeys(case.dofs(), 0.0)
    worst["next state"] = 0.0
    for env in range(case.scene.n_envs):
        data = case.reference(env)
        mujoco.mj_step(case.mj, data)
        for name, dofs in case.dofs().items():
            worst[name] = max(worst[name], error(acc[env, dofs], data.qacc[dofs]))
        after = max(error(qpos[env], data.qpos), error(vel[env], data.qvel))
        worst["next state"] = max(worst["next state"], after)
    return worst


def trajectory_errors(case: Case, seconds: float) -> dict[str, float]:
    """Largest difference in any velocity or position along a trajectory, by model."""
    case.start()
    reference = [case.reference(env) for env in range(case.scene.n_envs)]
    worst = dict.fromkeys(case.dofs(), 0.0)
    for _ in range(round(seconds / case.scene.dt)):
        case.scene.step()
        vel, pos = case.read("dofs_vel"), case.read("links_pos")
        for env, data in enumerate(reference):
            mujoco.mj_step(case.mj, data)
            # The frames after the step, without touching what the next step starts from.
            view = case.reference(env)
            view.qpos[:] = data.qpos
            mujoco.mj_kinematics(case.mj, view)
            for part in case.scene.rigid_solver.compiled.entities:
                dofs, links = part.at("dof"), part.at("link")
                scale = max(1.0, np.abs(data.qvel[dofs]).max(initial=0.0))
                gap = np.abs(vel[env, dofs] - data.qvel[dofs]).max(initial=0.0) / scale
                shift = np.abs(pos[env, links] - view.xpos[1:][links]).max(initial=0.0)
                worst[part.name] = max(worst[part.name], gap, shift)
    return worst
