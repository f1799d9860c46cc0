"""Scenes of matter for benchmarks, through the API that this package and Genesis share.

Each falls a little and lies on a floor then. `sim` goes to `SimOptions`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

CLOTH = Path(__file__).resolve().parent.parent / "genesis_state" / "assets" / "meshes" / "cloth.obj"


def mpm(gs: Any, edge: float = 0.2, **sim: Any) -> Any:
    """An elastic cube of 8,000 particles."""
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=4e-3, substeps=10, **sim),
        mpm_options=gs.options.MPMOptions(
            lower_bound=(-0.6, -0.6, 0.0),
            upper_bound=(0.6, 0.6, 1.0),
            grid_density=64,
            particle_size=0.01,
        ),
        show_viewer=False,
    )
    scene.add_entity(gs.morphs.Plane())
    cube = gs.morphs.Box(pos=(0.0, 0.0, edge / 2 + 0.06), size=(edge, edge, edge))
    scene.add_entity(morph=cube, material=gs.materials.MPM.Elastic())
    return scene


def large_mpm(gs: Any, **sim: Any) -> Any:
    """One of 97,336 particles."""
    return mpm(gs, 0.46, **sim)


def sph(gs: Any, pressure_solver: str = "WCSPH", **sim: Any) -> Any:
    """A cube of water of 8,000 particles in a box of 0.6 m."""
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=4e-3, substeps=10, **sim),
        sph_options=gs.options.SPHOptions(
            lower_bound=(-0.3, -0.3, 0.0),
            upper_bound=(0.3, 0.3, 0.6),
            particle_size=0.01,
            pressure_solver=pressure_solver,
        ),
        show_viewer=False,
    )
    scene.add_entity(gs.morphs.Plane())
    cube = gs.morphs.Box(pos=(0.0, 0.0, 0.12), size=(0.2, 0.2, 0.2))
    scene.add_entity(morph=cube, material=gs.materials.SPH.Liquid(sampler="regular"))
    return scene


def dfsph(gs: Any, **sim: Any) -> Any:
    """The same water, without divergence."""
    return sph(gs, "DFSPH", **sim)


def cloth(gs: Any, **sim: Any) -> Any:
    """Half a metre square of cloth of 2,916 particles, tilted, that falls flat."""
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=4e-3, substeps=10, **sim),
        pbd_options=gs.options.PBDOptions(
            lower_bound=(-1.0, -1.0, 0.0), upper_bound=(1.0, 1.0, 1.0)
        ),
        show_viewer=False,
    )
    scene.add_entity(gs.morphs.Plane())
    sheet = gs.morphs.Mesh(file=str(CLOTH), pos=(0.0, 0.0, 0.09), euler=(4.0, 2.0, 0.0))
    scene.add_entity(morph=sheet, material=gs.materials.PBD.Cloth())
    return scene


def pbd_liquid(gs: Any, **sim: Any) -> Any:
    """A cube of water of 8,000 particles by position based dynamics, ten iterations a substep."""
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=2e-3, substeps=2, **sim),
        pbd_options=gs.options.PBDOptions(
            lower_bound=(-0.3, -0.3, 0.0),
            upper_bound=(0.3, 0.3, 0.6),
            particle_size=0.01,
            max_density_solver_iterations=10,
            max_viscosity_solver_iterations=1,
        ),
        show_viewer=False,
    )
    scene.add_entity(gs.morphs.Plane())
    cube = gs.morphs.Box(pos=(0.0, 0.0, 0.12), size=(0.2, 0.2, 0.2))
    water = gs.materials.PBD.Liquid(
        rho=1000.0, density_relaxation=1.0, viscosity_relaxation=0.0, sampler="regular"
    )
    scene.add_entity(morph=cube, material=water)
    return scene


def fem(gs: Any, **sim: Any) -> Any:
    """A neo-Hookean ball of some 3,800 elements, explicit."""
    return _ball(gs, "stable_neohookean", dt=1e-3, substeps=10, implicit=False, **sim)


def fem_implicit(gs: Any, **sim: Any) -> Any:
    """A corotated ball of some 3,800 elements, implicit."""
    return _ball(gs, "linear_corotated", dt=1e-2, substeps=2, implicit=True, **sim)


def _ball(gs: Any, model: str, dt: float, substeps: int, implicit: bool, **sim: Any) -> Any:
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=dt, substeps=substeps, **sim),
        fem_options=gs.options.FEMOptions(use_implicit_solver=implicit, floor_height=0.0),
        show_viewer=False,
    )
    scene.add_entity(
        morph=gs.morphs.Sphere(pos=(0.0, 0.0, 0.21), radius=0.2),
        material=gs.materials.FEM.Elastic(E=1e5, nu=0.4, rho=1000.0, model=model),
    )
    return scene


SCENES: dict[str, Callable[..., Any]] = {
    "mpm": mpm,
    "large_mpm": large_mpm,
    "sph": sph,
    "dfsph": dfsph,
    "cloth": cloth,
    "pbd_liquid": pbd_liquid,
    "fem": fem,
    "fem_implicit": fem_implicit,
}
