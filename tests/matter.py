"""Scenes with matter made of particles, for the contract and other tests."""

from typing import Any

import scenes
import torch

import genesis_state as gs

BOUNDS: dict[str, Any] = {"lower_bound": (-0.4, -0.4, -0.1), "upper_bound": (0.4, 0.4, 0.6)}


def cube(edge: float, **given: Any) -> gs.Scene:
    """An elastic cube, a particle to a centimetre, that hangs 2 mm over a plane and falls."""
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=4e-3, substeps=10),
        mpm_options=gs.options.MPMOptions(
            lower_bound=(-0.35, -0.35, -0.1), upper_bound=(0.35, 0.35, 0.6), particle_size=0.01
        ),
        **given,
    )
    scene.add_entity(gs.morphs.Plane())
    scene.add_entity(
        gs.morphs.Box(pos=(0.0, 0.0, 0.5 * edge + 0.002), size=(edge, edge, edge)),
        gs.materials.MPM.Elastic(),
        name="cube",
    )
    return scene


def stone_on_jelly(**given: Any) -> gs.Scene:
    """A rigid ball just before it hits an elastic block."""
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=8e-3, substeps=8),
        mpm_options=gs.options.MPMOptions(grid_density=32, particle_size=0.02, **BOUNDS),
        **given,
    )
    scene.add_entity(gs.morphs.Plane())
    scene.add_entity(gs.morphs.Sphere(radius=0.05, pos=(0.0, 0.0, 0.2)), name="stone")
    block = gs.morphs.Box(pos=(0.0, 0.0, 0.06), size=(0.2, 0.2, 0.12))
    scene.add_entity(block, gs.materials.MPM.Elastic(E=1e5), name="jelly")
    return scene


def bedlam(**given: Any) -> gs.Scene:
    """A stone that falls onto jelly, sand that collapses, snow, and water from a nozzle."""
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=4e-3, substeps=4),
        mpm_options=gs.options.MPMOptions(grid_density=32, particle_size=0.02, **BOUNDS),
        **given,
    )
    scene.add_entity(gs.morphs.Plane())
    scene.add_entity(gs.morphs.Sphere(radius=0.05, pos=(-0.15, 0.0, 0.24)), name="stone")
    for name, material, pos, size in (
        ("jelly", gs.materials.MPM.Elastic(E=3e4), (-0.15, 0.0, 0.08), (0.2, 0.2, 0.16)),
        ("sand", gs.materials.MPM.Sand(), (0.1, 0.15, 0.08), (0.1, 0.1, 0.16)),
        ("snow", gs.materials.MPM.Snow(E=1e5), (0.1, -0.15, 0.1), (0.1, 0.1, 0.1)),
    ):
        scene.add_entity(gs.morphs.Box(pos=pos, size=size), material, name=name)
    scene.add_emitter(gs.materials.MPM.Liquid(E=1e5), max_particles=80)
    return scene


_STONE = scenes.noise(6, 0.3, seed=20)
_SNOW = scenes.noise(3, 0.2, seed=21)


def start_bedlam(scene: gs.Scene, streams: torch.Tensor) -> None:
    """Each stone flies, and each block of snow slides, in its own way."""
    velocity = _STONE[streams % scenes.STREAMS]
    velocity[:, 2] = -1.5
    scene.get_entity("stone").set_dofs_velocity(velocity)
    scene.get_entity("snow").set_velocity(_SNOW[streams % scenes.STREAMS])


def drive_bedlam(scene: gs.Scene, steps: torch.Tensor, streams: torch.Tensor) -> None:
    """Water flows, and now and then a droplet comes from another side."""
    nozzle = scene.emitters[0]
    nozzle.emit("circle", 0.05, pos=(0.1, 0.0, 0.4), speed=1.0)
    envs = scenes.due(steps)
    if len(envs):
        nozzle.emit("sphere", 0.05, pos=(0.0, 0.0, 0.3), direction=(1, 0, 0), envs_idx=envs)


SUBJECTS = {
    "bedlam": scenes.Subject(
        bedlam, start_bedlam, drive_bedlam, before=12, after=15, thread_envs=16
    )
}


def in_the_middle(snapshot: gs.SimState) -> bool:
    """Whether stones are being stopped, snow has yielded and water flows."""
    speed = snapshot.rigid.dofs_vel[:, 2]
    yielded = (snapshot.mpm.Jp != 1.0) & (snapshot.mpm.Jp != 0.0)
    flows = snapshot.mpm.emitter_next > 0
    stopping = (speed > -1.5) & (snapshot.rigid.qpos[:, 2] < 0.24)
    return bool(stopping.all() and yielded.any(1).all() and flows.all())
