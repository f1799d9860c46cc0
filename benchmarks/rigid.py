"""Steps per second of rigid scenes, beside MuJoCo on the same model, states and controls.

    python benchmarks/rigid.py > rigid.json

Both sides step the same compiled model with contacts disabled and the same integrator, solver
(Newton), iterations and tolerance, from the same random states with the same constant controls,
for the same number of steps. Their runs alternate; the rates are medians. MuJoCo computes in 64
bits.
"""

from __future__ import annotations

import argparse
import copy
import importlib.util
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mujoco
import mujoco.rollout
import numpy as np
import torch

import genesis_state as gs

OURS = ("franka.xml", "quadruped.xml", "cartpole.xml")
GYMNASIUM = ("humanoid.xml", "ant.xml", "half_cheetah.xml")


def main() -> None:
    parser = argparse.ArgumentParser(description="Prints JSON; see the top of this file.")
    parser.add_argument("--n-envs", type=int, nargs="+", default=[64, 1024, 4096])
    parser.add_argument("--models", nargs="+", help="files; by default ours and gymnasium's")
    parser.add_argument("--precision", choices=["32", "64"], default="32")
    parser.add_argument("--threads", type=int, default=2, help="of both sides")
    parser.add_argument("--steps", type=int, default=100, help="in each run")
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()

    os.environ.setdefault("TI_CPU_MAX_NUM_THREADS", str(args.threads))
    gs.init(precision=args.precision, logging_level="error")
    rows = []
    for file in args.models or default_models():
        for n_envs in args.n_envs:
            print(f"{Path(file).stem}, {n_envs} environments", file=sys.stderr)
            rows.append(measure(file, n_envs, args.threads, args.steps, args.repeats))
            if "refused" in rows[-1]:
                break
    report = {
        "precision": args.precision,
        "threads": args.threads,
        "cores": os.cpu_count(),
        "mujoco": mujoco.__version__,
        "steps": args.steps,
        "repeats": args.repeats,
        "contacts": "disabled on both sides",
        "models": rows,
    }
    print(json.dumps(report, indent=2))


def default_models() -> list[str]:
    """Our models, and those of gymnasium's wheel if it is installed."""
    spec = importlib.util.find_spec("gymnasium")
    if spec is None or spec.origin is None:
        return list(OURS)
    assets = Path(spec.origin).parent / "envs" / "mujoco" / "assets"
    return [*OURS, *(str(assets / name) for name in GYMNASIUM if (assets / name).is_file())]


def measure(file: str, n_envs: int, threads: int, steps: int, repeats: int) -> dict[str, Any]:
    """Both rates for one model and one number of environments [environment steps per second]."""
    row: dict[str, Any] = {"model": Path(file).stem, "n_envs": n_envs}
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=own_timestep(file)),
        rigid_options=gs.options.RigidOptions(constraint_solver="Newton"),
    )
    robot = scene.add_entity(gs.morphs.MJCF(file=file))
    try:
        scene.build(n_envs=n_envs)
    except ValueError as error:
        scene.close()
        return {**row, "refused": str(error)}

    model = copy.copy(scene.rigid_solver.mj_model)
    model.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_CONTACT)
    qpos, qvel, ctrl = random_states(model, n_envs)

    state = scene.get_state()
    state.rigid.qpos.copy_(torch.from_numpy(qpos))
    state.rigid.dofs_vel.copy_(torch.from_numpy(qvel))
    scene.reset(state)
    if model.nu:
        robot.control_actuators(torch.from_numpy(ctrl))
    start = scene.get_state()

    def ours() -> None:
        scene.reset(start)
        for _ in range(steps):
            scene.step()

    act = np.zeros((n_envs, model.na))
    initial = np.concatenate([np.zeros((n_envs, 1)), qpos, qvel, act], axis=1)
    control = np.repeat(ctrl[:, None], steps, axis=1)
    states = np.empty((n_envs, steps, initial.shape[1]))
    sensors = np.empty((n_envs, steps, model.nsensordata))
    data = [mujoco.MjData(model) for _ in range(threads)]
    pool = mujoco.rollout.Rollout(nthread=threads)

    def theirs() -> None:
        pool.rollout(model, data, initial, control, nstep=steps, state=states, sensordata=sensors)

    theirs_s, ours_s = alternate((theirs, ours), repeats)
    found = scene.get_state().rigid.qpos.double().numpy()
    stopped = scene.rigid_solver.get_error_envs_mask()
    wanted = states[:, -1, 1 : 1 + model.nq]
    apart = np.abs(found - wanted).max(axis=1)[~stopped.numpy()]
    pool.close()
    scene.close()
    total = n_envs * steps
    return {
        **row,
        "dofs": model.nv,
        "integrator": mujoco.mjtIntegrator(model.opt.integrator).name.removeprefix("mjINT_"),
        "solver": mujoco.mjtSolver(model.opt.solver).name.removeprefix("mjSOL_"),
        "iterations": int(model.opt.iterations),
        "tolerance": float(model.opt.tolerance),
        "dt": float(model.opt.timestep),
        "env_steps_per_s": round(total / ours_s),
        "mujoco_env_steps_per_s": round(total / theirs_s),
        "ratio": round(theirs_s / ours_s, 2),
        "stopped_envs": int(stopped.sum()),
        "median_distance_at_the_end": float(np.median(apart)) if len(apart) else None,
    }


def own_timestep(file: str) -> float:
    """The time step that a model was written for [s]."""
    path = Path(file)
    if not path.is_file():
        path = Path(gs.__file__).parent / "assets" / file
    return float(mujoco.MjModel.from_xml_path(str(path)).opt.timestep)


def random_states(model: Any, n_envs: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions about the model's own and inside its limits, velocities, controls in range."""
    random = np.random.default_rng(0)
    qpos = np.tile(model.qpos0, (n_envs, 1))
    for env in range(n_envs):
        mujoco.mj_integratePos(model, qpos[env], random.normal(0, 0.3, model.nv), 1.0)
    for joint in np.flatnonzero(model.jnt_limited):
        if model.jnt_type[joint] >= mujoco.mjtJoint.mjJNT_SLIDE.value:
            place = model.jnt_qposadr[joint]
            qpos[:, place] = np.clip(qpos[:, place], *model.jnt_range[joint])
    qvel = random.normal(0, 0.5, (n_envs, model.nv))
    limited = model.actuator_ctrllimited.astype(bool)[:, None]
    low, high = np.where(limited, model.actuator_ctrlrange, [-1.0, 1.0]).T
    ctrl = random.uniform(low, high, (n_envs, model.nu))
    return qpos, qvel, ctrl


def alternate(calls: tuple[Callable[[], None], ...], repeats: int) -> list[float]:
    """The median duration of each call [s], the first one of each left out."""
    times: list[list[float]] = [[] for _ in calls]
    for repeat in range(repeats + 1):
        for call, list_ in zip(calls, times, strict=True):
            start = time.perf_counter()
            call()
            if repeat:
                list_.append(time.perf_counter() - start)
    return [statistics.median(list_) for list_ in times]


if __name__ == "__main__":
    main()
