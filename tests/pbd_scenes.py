"""Scenes with matter of position based dynamics, for the contract and other tests."""

from typing import Any

import scenes
import torch
from sheets import sheet_file

import genesis_state as gs

PBD = gs.materials.PBD


def laundry(**given: Any) -> gs.Scene:
    """A stone that falls into a cloth, which a second stone holds at a corner, and onto the floor
    below them jelly, dust, a puddle and more water from a nozzle."""
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=4e-3, substeps=4),
        pbd_options=gs.options.PBDOptions(
            particle_size=0.02,
            lower_bound=(-0.4, -0.4, -0.1),
            upper_bound=(0.4, 0.4, 0.6),
            max_density_solver_iterations=2,
        ),
        **given,
    )
    scene.add_entity(gs.morphs.Plane())
    scene.add_entity(gs.morphs.Sphere(radius=0.05, pos=(-0.12, 0.0, 0.3)), name="stone")
    weight = gs.morphs.Box(size=(0.04, 0.04, 0.04), pos=(0.0, 0.12, 0.2))
    scene.add_entity(weight, name="weight")
    sheet = gs.morphs.Mesh(file=sheet_file(13, 13, 0.02), pos=(-0.12, 0.0, 0.22))
    scene.add_entity(sheet, PBD.Cloth(rho=2.0), name="cloth")
    for name, material, pos, size in (
        ("jelly", PBD.Elastic(stretch_compliance=1e-5), (-0.1, 0.05, 0.06), (0.1, 0.1, 0.1)),
        ("puddle", PBD.Liquid(), (0.1, -0.2, 0.05), (0.1, 0.1, 0.08)),
        ("dust", PBD.Particle(), (-0.1, 0.2, 0.1), (0.06, 0.06, 0.06)),
    ):
        scene.add_entity(gs.morphs.Box(pos=pos, size=size), material, name=name)
    scene.add_emitter(PBD.Liquid(viscosity_relaxation=0.05), max_particles=80)
    return scene


_STONE = scenes.noise(6, 0.3, seed=30)
_JELLY = scenes.noise(3, 0.2, seed=31)
CORNERS = ((-0.24, -0.12, 0.22), (-0.24, 0.12, 0.22), (0.0, -0.12, 0.22))


def start_laundry(scene: gs.Scene, streams: torch.Tensor) -> None:
    """Three corners stay where they are, and each stone flies in its own way."""
    cloth, weight = scene.get_entity("cloth"), scene.get_entity("weight")
    for corner in CORNERS:
        cloth.fix_particles(cloth.find_closest_particle(corner))
    cloth.fix_particles_to_link(weight.links[0].idx, cloth.find_closest_particle((0, 0.12, 0.22)))
    velocity = _STONE[streams % scenes.STREAMS]
    velocity[:, 2] = -1.5
    scene.get_entity("stone").set_dofs_velocity(velocity)
    scene.get_entity("jelly").set_velocity(_JELLY[streams % scenes.STREAMS])


def drive_laundry(scene: gs.Scene, steps: torch.Tensor, streams: torch.Tensor) -> None:
    """Water flows, and now and then a droplet comes from another side."""
    nozzle = scene.emitters[0]
    nozzle.emit("circle", 0.05, pos=(0.15, -0.1, 0.3), speed=1.0)
    envs = scenes.due(steps)
    if len(envs):
        nozzle.emit("sphere", 0.05, pos=(0.2, 0.2, 0.3), direction=(-1, 0, 0), envs_idx=envs)


SUBJECTS = {
    "laundry": scenes.Subject(
        laundry, start_laundry, drive_laundry, before=20, after=15, thread_envs=16
    )
}


def in_the_middle(snapshot: gs.SimState) -> bool:
    """Whether stones are being stopped by the cloth, which hangs on another, and water flows."""
    speed = snapshot.rigid.dofs_vel[:, 2]
    stopping = (speed > -1.5) & (snapshot.rigid.qpos[:, 2] < 0.3)
    held = (snapshot.pbd.attached_body > 0) & ~snapshot.pbd.free
    flows = snapshot.pbd.emitter_next > 0
    return bool(stopping.all() and held.any(1).all() and flows.all())
