"""Robots that others wrote beside MuJoCo C: accelerations of one step, without contacts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import mujoco
import numpy as np

import genesis_state as gs
from genesis_state.solvers.rigid.signature import plain
from tests import oracle
from tests.corpus import Outcome

# The largest scene. Many models in one save compiling; a step costs the cube of its dofs.
MOST_DOFS = 300
# The largest ratio of the inertias of two models in one scene.
MOST_INERTIA = 1e3
# The strongest damper that is not there to lock its joint [N s/m, N m s/rad].
MOST_DAMPING = 1e6

N_ENVS = 5

# What `oracle.build` sets for every scene alike.
SET_FOR_ALL = ("timestep", "gravity", "integrator", "solver", "iterations", "tolerance")
SET_FOR_ALL += ("ls_iterations", "ls_tolerance", "jacobian")


def dofs(outcome: Outcome) -> int:
    """Dofs of a model that is supported."""
    assert outcome.compiled is not None
    return outcome.compiled.mj.nv


def scenes(outcomes: Iterable[Outcome]) -> Iterator[list[Outcome]]:
    """The supported models that have dofs, as the scenes in which they are compared.

    A scene has one set of options and one tolerance: only models whose files ask for the same, and
    whose inertias are alike, stand in one. Dampers that lock a joint have a cost beside which that
    of others is rounded off, so models with such stand by themselves.
    """
    alike: dict[tuple, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.compiled is not None and dofs(outcome):
            mj = outcome.compiled.mj
            locked = mj.dof_damping.max() > MOST_DAMPING
            alike.setdefault((_options(mj), locked), []).append(outcome)
    for group in alike.values():
        scene: list[Outcome] = []
        for outcome in sorted(group, key=_inertia):
            full = sum(map(dofs, scene)) + dofs(outcome) > MOST_DOFS
            if scene and (full or _inertia(outcome) > MOST_INERTIA * _inertia(scene[0])):
                yield scene
                scene = []
            scene.append(outcome)
        yield scene


def _inertia(outcome: Outcome) -> float:
    """Mean of the diagonal of the mass matrix, which the tolerance is relative to."""
    assert outcome.compiled is not None
    return outcome.compiled.mj.stat.meaninertia


def _options(mj: mujoco.MjModel) -> tuple:
    names = (n for n in dir(mj.opt) if not n.startswith("_") and n not in SET_FOR_ALL)
    return tuple((name, plain(getattr(mj.opt, name))) for name in names)


def acceleration_errors(scene: Sequence[Outcome]) -> dict[str, float]:
    """The largest normwise error in qacc of each model of one scene, by the model's name.

    States are near the model's own, controls anywhere in their ranges.
    """
    # A slash is not for names of entities.
    names = {f"{i}": outcome.model.name for i, outcome in enumerate(scene)}
    morphs = {f"{i}": outcome.model.morph(outcome.fixed) for i, outcome in enumerate(scene)}
    case = oracle.build(morphs, "implicitfast", N_ENVS, dt=0.002, spread=0.1, speed=0.5)
    low, high = case.mj.actuator_ctrlrange.T
    drawn = np.random.default_rng(1).uniform(low, high, size=case.ctrl.shape)
    case.ctrl = np.where(case.mj.actuator_ctrllimited, drawn, case.ctrl)
    errors = oracle.acceleration_errors(case)
    return {model: errors[name] for name, model in names.items()}


def compare(outcomes: Iterable[Outcome]) -> dict[str, float]:
    """The errors of all supported models that have dofs, by name, each scene in a new runtime."""
    found = {}
    for scene in scenes(outcomes):
        gs.destroy()
        gs.init(precision="64")
        found |= acceleration_errors(scene)
    gs.destroy()
    return found
