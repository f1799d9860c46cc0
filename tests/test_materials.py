"""Materials and options of continua: numbers that follow from others, and what is refused."""

import dataclasses
import math
from typing import Any

import pytest

from genesis_state import materials, morphs, options
from genesis_state.materials import FEM, MPM, PBD, SPH

KINDS = [MPM.Elastic, MPM.Liquid, MPM.ElastoPlastic, MPM.Snow, MPM.Sand]


@pytest.mark.parametrize("kind", KINDS)
def test_lame_parameters_follow_or_are_given(kind):
    free: dict[str, Any] = {"viscous": True} if kind is MPM.Liquid else {}
    made = kind(E=2.6e5, nu=0.3, **free)
    assert made.mu == pytest.approx(1e5) and made.lam == pytest.approx(1.5e5)
    given = kind(lam=5.0, mu=3.0, **free)
    assert (given.lam, given.mu) == (5.0, 3.0)
    assert dataclasses.replace(given, rho=10) == kind(lam=5.0, mu=3.0, rho=10.0, **free)
    assert hash(made) != hash(given)


def test_defaults_and_what_follows_from_them():
    assert (MPM.Elastic().E, MPM.Sand().E, MPM.Snow().rho) == (3e5, 1e6, 1000.0)
    assert MPM.Liquid().mu == 0.0 and dataclasses.replace(MPM.Liquid(), rho=2).mu == 0.0
    assert MPM.Elastic(model="neohookean").model == "neohooken"
    assert isinstance(MPM.Snow(), MPM.ElastoPlastic) and MPM.Snow().use_von_mises is False
    assert MPM.Sand(friction_angle=30).alpha == pytest.approx(math.sqrt(2 / 3) * 0.4)
    assert materials.MPM.Elastic().sampler == "regular"
    assert options.MPMOptions().particle_size == pytest.approx(0.01)
    assert options.MPMOptions(grid_density=128, particle_size=0.1).particle_size == 0.1


def test_defaults_are_those_of_genesis():
    water = SPH.Liquid()
    assert (water.rho, water.stiffness, water.exponent) == (1000.0, 50000.0, 7.0)
    assert (water.mu, water.gamma, water.sampler) == (0.005, 0.01, "regular")
    cloth, solid = PBD.Cloth(), PBD.Elastic()
    assert (cloth.rho, cloth.stretch_compliance, cloth.bending_compliance) == (4.0, 1e-7, 1e-5)
    assert (cloth.stretch_relaxation, cloth.bending_relaxation) == (0.3, 0.1)
    assert (cloth.air_resistance, cloth.static_friction, cloth.kinetic_friction) == (1e-3,) + (
        0.15,
    ) * 2
    assert (solid.rho, solid.stretch_compliance, solid.volume_relaxation) == (1000.0, 0.0, 0.1)
    assert (PBD.Liquid().density_relaxation, PBD.Liquid().viscosity_relaxation) == (0.2, 0.01)
    assert FEM.Elastic().model == "linear" and FEM.Elastic().friction_mu == 0.1
    soft = FEM.Elastic(E=2.6e5, nu=0.3, model="stable_neohooken")
    assert soft.model == "stable_neohookean"
    assert soft.mu == pytest.approx(1e5) and soft.lam == pytest.approx(1.5e5)


def test_walls_of_particles_are_at_the_bounds():
    domain = options.SPHOptions(lower_bound=(-1, -1, 0), upper_bound=(1, 1, 2)).domain
    assert (domain.lower, domain.upper) == ((-1.0, -1.0, 0.0), (1.0, 1.0, 2.0))
    assert options.SPHOptions().particle_size == 0.02 and options.PBDOptions().particle_size == 0.01
    assert options.SPHOptions().lower_bound == (-100.0, -100.0, 0.0)
    assert options.FEMOptions().floor_height is None and options.FEMOptions(floor_height=0.0)


MISTAKES = {
    "E": (MPM.Sand, {"E": 0}, "E=0, needs a positive modulus in Pa"),
    "nu": (MPM.Snow, {"nu": 0.5}, "nu=0.5, needs a ratio between -1 and 0.5"),
    "rho": (MPM.Liquid, {"rho": "water"}, "rho='water', needs a positive density"),
    "mu": (MPM.Elastic, {"mu": 0}, "mu=0, needs a positive modulus"),
    "lam": (MPM.Elastic, {"lam": -2.0, "mu": 3.0}, "above -2/3 mu, which is -2"),
    "thin": (MPM.Liquid, {"mu": 3.0}, "mu=3.0, needs to be left out, or viscous=True"),
    "pbs": (MPM.Elastic, {"sampler": "pbs"}, 'sampler=\'pbs\', needs "regular" or "random"'),
    "model": (MPM.Elastic, {"model": "linear"}, '"corotation" or "neohooken"'),
    "lower": (MPM.Snow, {"yield_lower": 1.0}, "yield_lower=1.0, needs a part from 0 to below 1"),
    "higher": (MPM.ElastoPlastic, {"yield_higher": -1}, "yield_higher=-1, needs a part"),
    "stress": (MPM.ElastoPlastic, {"von_mises_yield_stress": 0}, "a positive stress in Pa"),
    "mises": (MPM.Snow, {"use_von_mises": True}, "needs False: snow yields by its stretches"),
    "snow": (MPM.Snow, {"von_mises_yield_stress": 5.0}, "needs to be left out"),
    "angle": (MPM.Sand, {"friction_angle": 90}, "an angle between 0 and 90 degrees"),
    "bounds": (options.MPMOptions, {"upper_bound": (1, 1, 0.1)}, "at least 7 cells above lower_"),
    "thin box": (options.MPMOptions, {"enable_CPIC": True}, "False: it is not supported"),
    "grid": (options.MPMOptions, {"grid_density": 0}, "a positive number of cells per metre"),
    "free fall": (options.MPMOptions, {"gravity": 9.81}, "three finite numbers"),
    "none": (morphs.Nowhere, {"n_particles": 0}, "n_particles=0, needs a positive integer"),
    "weightless": (SPH.Liquid, {"rho": 0}, "rho=0, needs a positive density in kg/m^3"),
    "stiffness": (SPH.Liquid, {"stiffness": -1.0}, "needs a positive pressure in Pa"),
    "surface": (SPH.Liquid, {"gamma": -0.1}, "gamma=-0.1, needs a number that is not negative"),
    "best": (SPH.Liquid, {"sampler": "pbs"}, 'sampler=\'pbs\', needs "regular" or "random"'),
    "pressure": (options.SPHOptions, {"pressure_solver": "PCISPH"}, 'needs "WCSPH" or "DFSPH"'),
    "iterations": (
        options.SPHOptions,
        {"max_density_solver_iterations": 0},
        "max_density_solver_iterations=0, needs a positive integer",
    ),
    "upside down": (
        options.PBDOptions,
        {"upper_bound": (1, 1, -1)},
        "to lie at least particle_size=0.01 above lower_bound=(-100.0, -100.0, 0.0) on every axis",
    ),
    "thick": (PBD.Cloth, {"rho": -4}, "rho=-4, needs a positive density in kg/m^2"),
    "compliance": (PBD.Elastic, {"volume_compliance": -1}, "a number that is not negative"),
    "relaxation": (PBD.Cloth, {"stretch_relaxation": 1.5}, "needs a part from 0 to 1"),
    "friction": (PBD.Elastic, {"static_friction": -0.1}, "a coefficient that is not negative"),
    "drag": (PBD.Cloth, {"air_resistance": float("nan")}, "a number that is not negative"),
    "law": (
        FEM.Elastic,
        {"model": "corotation"},
        'needs "linear", "linear_corotated" or "stable_neohookean"',
    ),
    "incompressible": (FEM.Elastic, {"nu": 0.5}, "nu=0.5, needs a ratio between -1 and 0.5"),
    "line search": (options.FEMOptions, {"linesearch_tau": 1}, "a part between 0 and 1"),
    "less than none": (
        options.FEMOptions,
        {"n_linesearch_iterations": -1},
        "needs an integer that is not negative",
    ),
    "held": (options.FEMOptions, {"enable_vertex_constraints": 1}, "needs True or False"),
    "floor": (options.FEMOptions, {"floor_height": "sea"}, "needs a height in metres, or None"),
    "size": (morphs.Box, {"size": (1, 1, 1), "maxvolume": 0}, "needs a positive volume in m^3"),
    "somewhere": (morphs.Nowhere, {"n_particles": 1, "pos": (0, 0, 1)}, "to be left out"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_one_clear_error(case):
    declare, given, message = MISTAKES[case]
    with pytest.raises(ValueError) as caught:
        declare(**given)
    assert str(caught.value).startswith(declare.__name__) and message in str(caught.value)


def test_an_unknown_parameter_is_told_what_there_is():
    with pytest.raises(TypeError) as caught:
        MPM.Sand(angle=30, friction=0.3)  # pyright: ignore[reportCallIssue]  the mistake under test
    assert str(caught.value) == (
        "Sand: there is no angle and no friction; it takes sampler, E, nu, rho, lam, mu, "
        "friction_angle."
    )
    with pytest.raises(TypeError, match="Elastic: there is no hydroelastic_modulus; it takes E"):
        FEM.Elastic(hydroelastic_modulus=1e7)  # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError, match="SPHOptions: there is no hash_grid_cell_size; it takes"):
        options.SPHOptions(hash_grid_cell_size=1)  # pyright: ignore[reportCallIssue]
