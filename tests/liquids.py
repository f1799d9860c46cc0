"""Scenes with liquid, for the contract and other tests."""

import functools
from typing import Any

import scenes
import torch

import genesis_state as gs


def tank(pressure_solver: str, **given: Any) -> gs.Scene:
    """A ball that falls into water in a narrow tank, a block that floats, and oil from a nozzle."""
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=2e-3, substeps=2),
        sph_options=gs.options.SPHOptions(
            lower_bound=(-0.15, -0.1, -0.05),
            upper_bound=(0.15, 0.1, 0.5),
            particle_size=0.02,
            pressure_solver=pressure_solver,
        ),
        **given,
    )
    scene.add_entity(gs.morphs.Plane())
    wood = gs.materials.Rigid(rho=400.0)
    scene.add_entity(gs.morphs.Sphere(radius=0.04, pos=(-0.09, 0.0, 0.165)), name="ball")
    block = gs.morphs.Box(pos=(0.04, 0.02, 0.15), size=(0.1, 0.1, 0.06))
    scene.add_entity(block, wood, name="block")
    water = gs.morphs.Box(pos=(0.0, 0.0, 0.06), size=(0.3, 0.2, 0.12))
    scene.add_entity(water, gs.materials.SPH.Liquid(stiffness=20000.0), name="water")
    oil = gs.materials.SPH.Liquid(rho=900.0, mu=0.02, stiffness=20000.0)
    scene.add_emitter(oil, max_particles=60)
    return scene


_BALL = scenes.noise(6, 0.2, seed=22)
_WATER = scenes.noise(3, 0.2, seed=23)


def start_tank(scene: gs.Scene, streams: torch.Tensor) -> None:
    """Each ball flies, and each water sloshes, in its own way."""
    velocity = _BALL[streams % scenes.STREAMS]
    velocity[:, 2] = -1.5
    scene.get_entity("ball").set_dofs_velocity(velocity)
    scene.get_entity("water").set_velocity(_WATER[streams % scenes.STREAMS])


def drive_tank(scene: gs.Scene, steps: torch.Tensor, streams: torch.Tensor) -> None:
    """Oil flows, and now and then a drop comes from another side."""
    nozzle = scene.emitters[0]
    nozzle.emit("circle", 0.05, pos=(0.06, -0.05, 0.3), speed=2.0)
    envs = scenes.due(steps)
    if len(envs):
        nozzle.emit("sphere", 0.05, pos=(-0.08, 0.04, 0.35), direction=(1, 0, 0), envs_idx=envs)


SUBJECTS = {
    name: scenes.Subject(
        functools.partial(tank, solver),
        start_tank,
        drive_tank,
        before=16,
        after=15,
        thread_envs=16,
    )
    for name, solver in (("tank", "WCSPH"), ("tank_dfsph", "DFSPH"))
}


def in_the_middle(snapshot: gs.SimState) -> bool:
    """Whether balls are being stopped by water, blocks are wet and oil flows."""
    speed = snapshot.rigid.dofs_vel[:, 2]
    stopping = (speed > -1.5) & (snapshot.rigid.qpos[:, 2] < 0.165)
    flows = snapshot.sph.emitter_next > 0
    return bool(stopping.all() and flows.all())
