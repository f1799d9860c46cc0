"""One scene with all five solvers, for the contract."""

import functools
from typing import Any

import scenes
import torch
from sheets import sheet_file

import genesis_state as gs
from genesis_state.materials import FEM, MPM, PBD, SPH

BOUNDS: dict[str, Any] = {"lower_bound": (-0.5, -0.5, -0.1), "upper_bound": (0.5, 0.5, 0.7)}


def crowd(
    pressure_solver: str = "WCSPH", use_implicit_solver: bool = False, **given: Any
) -> gs.Scene:
    """A stone that hits a soft block and carries a cloth, beside all else that there is."""
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=4e-3, substeps=4),
        mpm_options=gs.options.MPMOptions(grid_density=32, particle_size=0.02, **BOUNDS),
        sph_options=gs.options.SPHOptions(
            particle_size=0.02, pressure_solver=pressure_solver, **BOUNDS
        ),
        pbd_options=gs.options.PBDOptions(particle_size=0.02, **BOUNDS),
        fem_options=gs.options.FEMOptions(
            use_implicit_solver=use_implicit_solver, enable_vertex_constraints=True
        ),
        **given,
    )
    scene.add_entity(gs.morphs.Plane())
    scene.add_entity(gs.morphs.Sphere(radius=0.05, pos=(0.0, 0.0, 0.2)), name="stone")
    block = gs.morphs.Box(size=(0.12, 0.12, 0.1), pos=(0, 0, 0.09), maxvolume=0.03**3 / 6)
    scene.add_entity(block, FEM.Elastic(E=3e4, model="linear_corotated"), name="block")
    for name, material, at in (
        ("sand", MPM.Sand(), (-0.25, 0.25)),
        ("pool", SPH.Liquid(), (0.25, 0.25)),
        ("jelly", PBD.Elastic(), (0.25, -0.25)),
        ("drop", PBD.Liquid(), (-0.25, -0.25)),
        ("dust", PBD.Particle(), (-0.25, 0.0)),
    ):
        scene.add_entity(gs.morphs.Box(size=(0.1,) * 3, pos=(*at, 0.06)), material, name=name)
    cloth = gs.morphs.Mesh(file=sheet_file(8, 8, 0.02), pos=(0, 0, 0.28))
    scene.add_entity(cloth, PBD.Cloth(), name="cloth")
    for material in (MPM.Liquid(E=1e5), SPH.Liquid(), PBD.Liquid()):
        scene.add_emitter(material, max_particles=60)
    return scene


_STONE = scenes.noise(6, 0.3, seed=30)
_POOL = scenes.noise(3, 0.2, seed=31)
_PINNED = 5  # steps until some environments hold something


def start_crowd(scene: gs.Scene, streams: torch.Tensor) -> None:
    """Each stone flies, and each pool slides, in its own way."""
    velocity = _STONE[streams % scenes.STREAMS]
    velocity[:, 2] = -1.5
    scene.get_entity("stone").set_dofs_velocity(velocity)
    for name in ("pool", "drop", "jelly", "dust"):
        scene.get_entity(name).set_velocity(_POOL[streams % scenes.STREAMS])
    scene.get_entity("cloth").fix_particles([0, 7])


def drive_crowd(scene: gs.Scene, steps: torch.Tensor, streams: torch.Tensor) -> None:
    """Three nozzles run; the stone takes hold of cloth, and a nail of a corner of the block."""
    for i, nozzle in enumerate(scene.emitters):
        nozzle.emit("circle", 0.06, pos=(0.15 * (i - 1), 0.35, 0.5), speed=1.0)
    envs = (steps == _PINNED).nonzero().squeeze(1)
    if len(envs):
        stone = scene.get_entity("stone").links[0]
        cloth, block = scene.get_entity("cloth"), scene.get_entity("block")
        found = cloth.find_closest_particle((0.0, 0.0, 0.3), envs_idx=envs)
        cloth.fix_particles_to_link(stone.idx, found[:, None], envs_idx=envs)
        block.set_vertex_constraints([0], envs_idx=envs)
        block.set_vertex_constraints(
            [3], is_soft_constraint=True, stiffness=1e4, link=stone, envs_idx=envs
        )
    envs = scenes.due(steps)
    if len(envs):
        scene.get_entity("dust").deactivate(envs_idx=envs)


SUBJECTS = {
    name: scenes.Subject(factory, start_crowd, drive_crowd, 12, 12, thread_envs=8)
    for name, factory in (
        ("crowd", crowd),
        ("stiff crowd", functools.partial(crowd, "DFSPH", True)),
    )
}


def in_the_middle(snapshot: gs.SimState) -> bool:
    """Whether stones are being stopped, hold cloth, and all nozzles have let something out."""
    speed = snapshot.rigid.dofs_vel[:, 2]
    out = [getattr(snapshot, name).emitter_next > 0 for name in ("mpm", "sph", "pbd")]
    held = (snapshot.pbd.attached_body > 0).any(1) & (snapshot.fem.constrained > 0).any(1)
    return bool((speed > -1.4).all() and torch.stack(out).all() and held.all())
