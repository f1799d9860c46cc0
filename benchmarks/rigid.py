"""Steps per second of rigid scenes with contacts, beside MuJoCo on the same model and states.

    python benchmarks/rigid.py > rigid.json

Both sides step the same compiled model with the same integrator, solver (Newton), iterations and
tolerance, from the same states in contact (see rigid_scenes.py) and warm starts, with the same
constant controls, for the same number of steps. Their runs alternate; the rates are medians.
MuJoCo computes in 64 bits and chooses by itself whether its Jacobian is dense or sparse.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import mujoco
import mujoco.rollout
import numpy as np
import rigid_scenes
import torch
from rigid_scenes import States, Subject

import genesis_state as gs

SCENES = ("franka", "quadruped", "boxes", "humanoid")
STARTS = 16  # states at least in one run: a few environments take them in turn
WORK = 100_000  # environment steps in one run at most, where there are many environments


def main() -> None:
    parser = argparse.ArgumentParser(description="Prints JSON; see the top of this file.")
    parser.add_argument("--n-envs", type=int, nargs="+", default=[1, 64, 1024, 4096])
    parser.add_argument("--scenes", nargs="+", help=f"default: {', '.join(SCENES)}", default=SCENES)
    parser.add_argument("--precision", choices=["32", "64"], default="32")
    parser.add_argument("--threads", type=int, default=2, help="of both sides")
    parser.add_argument("--steps", type=int, default=100, help="at most, from one state")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()

    os.environ.setdefault("TI_CPU_MAX_NUM_THREADS", str(args.threads))
    gs.init(precision=args.precision, logging_level="error")
    subjects = rigid_scenes.subjects()
    if unknown := set(args.scenes) - set(subjects):
        parser.error(f"no scenes {sorted(unknown)}; there are {', '.join(subjects)}")
    rows = []
    for name in args.scenes:
        for n_envs in args.n_envs:
            print(f"{name}, {n_envs} environments", file=sys.stderr)
            steps = max(10, min(args.steps, WORK // n_envs))
            row = measure(subjects[name], n_envs, args.threads, steps, args.repeats)
            rows.append({"scene": name, "n_envs": n_envs, **row})
            print(f"    {row['env_steps_per_s']} a second, {row['ratio']} x", file=sys.stderr)
    report = {
        "precision": args.precision,
        "threads": args.threads,
        "cores": os.cpu_count(),
        "mujoco": mujoco.__version__,
        "repeats": args.repeats,
        "geometric_mean_of_ratios": {
            n: round(
                statistics.geometric_mean(row["ratio"] for row in rows if row["n_envs"] == n), 2
            )
            for n in args.n_envs
        },
        "scenes": rows,
    }
    print(json.dumps(report, indent=2))


def measure(
    subject: Subject, n_envs: int, threads: int, steps: int, repeats: int
) -> dict[str, Any]:
    """Both rates in one scene with one number of environments [environment steps per second]."""
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=subject.dt),
        rigid_options=gs.options.RigidOptions(
            constraint_solver="Newton", enable_collision=subject.contacts
        ),
    )
    subject.add(scene)
    scene.build(n_envs=n_envs)
    model = copy.copy(scene.rigid_solver.mj_model)
    if not subject.contacts:
        model.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_CONTACT)
    rounds = -(-STARTS // n_envs)
    states = rigid_scenes.prepare(model, subject, rounds * n_envs, threads)
    parts = [slice(i * n_envs, (i + 1) * n_envs) for i in range(rounds)]
    starts = [as_state(scene, states, part) for part in parts]
    ends: list[Any] = [None] * rounds

    def ours() -> None:
        for i, start in enumerate(starts):
            scene.reset(start)
            for _ in range(steps):
                scene.step()
            ends[i] = scene.get_state()

    physics = states.physics()
    control = np.repeat(states.ctrl[:, None], steps, axis=1)
    after = np.empty((len(physics), steps, physics.shape[1]))
    sensors = np.empty((len(physics), steps, model.nsensordata))
    data = [mujoco.MjData(model) for _ in range(threads)]
    pool = mujoco.rollout.Rollout(nthread=threads)

    def theirs() -> None:
        for part in parts:
            pool.rollout(
                model,
                data,
                physics[part],
                control[part],
                nstep=steps,
                initial_warmstart=states.warmstart[part],
                state=after[part],
                sensordata=sensors[part],
            )

    theirs_s, ours_s = alternate((theirs, ours), repeats)
    pool.close()
    stopped = torch.cat([end.rigid.error for end in ends]).numpy()
    found = torch.cat([end.rigid.qpos for end in ends]).double().numpy()
    apart = np.abs(found - after[:, -1, 1 : 1 + model.nq]).max(axis=1)[~stopped]
    # What is computed, where MuJoCo chooses.
    jacobian = "sparse" if mujoco.mj_isSparse(model) else "dense"
    scene.close()
    total = len(physics) * steps
    return {
        "env_steps_per_s": round(total / ours_s),
        "mujoco_env_steps_per_s": round(total / theirs_s),
        "ratio": round(theirs_s / ours_s, 2),
        "contacts_at_the_start": round(states.contacts, 2),
        "contacts_at_the_end": round(rigid_scenes.mean_contacts(model, after[:256, -1]), 2),
        "median_distance_at_the_end": float(np.median(apart)) if len(apart) else None,
        "stopped_envs": int(stopped.sum()),
        "steps": steps,
        "states": len(physics),
        "dofs": model.nv,
        "dt": float(model.opt.timestep),
        "integrator": mujoco.mjtIntegrator(model.opt.integrator).name.removeprefix("mjINT_"),
        "cone": mujoco.mjtCone(model.opt.cone).name.removeprefix("mjCONE_"),
        "iterations": int(model.opt.iterations),
        "tolerance": float(model.opt.tolerance),
        "mujoco_jacobian": jacobian,
    }


def as_state(scene: gs.Scene, states: States, part: slice) -> Any:
    """Some of the states as one of the scene."""
    scene.reset()
    state = scene.get_state()
    for name, value in (
        ("qpos", states.qpos),
        ("dofs_vel", states.vel),
        ("dofs_acc", states.warmstart),
        ("act", states.act),
        ("ctrl", states.ctrl),
    ):
        getattr(state.rigid, name).copy_(torch.from_numpy(value[part]))
    return state


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
