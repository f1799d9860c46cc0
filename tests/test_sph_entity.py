"""Liquids of smoothed particles, and scenes of several solvers: who is whose, what is refused."""

import numpy as np
import pytest

import genesis_state as gs
from genesis_state.materials import FEM, MPM, PBD, SPH

WATER = gs.options.SPHOptions(particle_size=0.05, lower_bound=(-1, -1, 0), upper_bound=(1, 1, 2))
BEADS = gs.options.PBDOptions(particle_size=0.05, lower_bound=(-1, -1, 0), upper_bound=(1, 1, 2))


def box(x: float, z: float = 0.6) -> gs.morphs.Box:
    return gs.morphs.Box(size=(0.2,) * 3, pos=(x, 0, z))


@pytest.fixture(scope="module")
def scene(fresh_runtime: None) -> gs.Scene:
    """Matter of four solvers, and emitters of three, declared in no order."""
    scene = gs.Scene(sph_options=WATER, pbd_options=BEADS)
    scene.add_emitter(PBD.Liquid(), max_particles=20)
    scene.add_entity(box(0.5), PBD.Elastic(), name="jelly")
    scene.add_entity(box(0.0), SPH.Liquid(rho=500), name="pool")
    scene.add_emitter(SPH.Liquid(), max_particles=30)
    scene.add_entity(box(-0.5), SPH.Liquid(), name="lake")
    scene.add_entity(gs.morphs.Plane())
    scene.add_entity(box(0.0), FEM.Elastic(), name="block")  # solvers do not see each other
    scene.add_entity(box(0.0), MPM.Sand(), name="sand")
    scene.add_emitter(MPM.Liquid(), max_particles=20)
    scene.add_emitter(SPH.Liquid(), max_particles=40)
    scene.build(n_envs=2)
    return scene


@pytest.fixture(autouse=True)
def fresh(scene: gs.Scene) -> None:
    scene.reset()


def test_every_solver_has_its_own_in_the_order_of_the_scene(scene):
    names = [solver.alias() for solver in scene.solvers]
    assert names == ["rigid", "mpm", "sph", "pbd", "fem"]
    pool, lake = scene.get_entity("pool"), scene.get_entity("lake")
    assert (pool.n_particles, pool.particle_start, lake.particle_start) == (64, 0, 64 + 30)
    assert scene.sph_solver.particle_starts == (0, 64, 94, 158, 198)
    assert scene.get_entity("jelly").particle_start == 20
    assert [emitter.place for emitter in scene.emitters] == [0, 0, 0, 1]


def test_a_liquid_is_read_and_set_like_all_matter_of_particles(scene):
    pool = scene.get_entity("pool")
    assert type(pool).__name__ == "SPHEntity" and pool.particle_size == 0.05
    np.testing.assert_allclose(pool.get_mass(), [4, 4], rtol=1e-6)
    pool.set_particles_pos([0, 0, 1], [5], envs_idx=1)
    pool.set_particles_vel([1, 0, 0], [5, 6])
    pool.set_particles_active(False, range(32), envs_idx=0)
    assert pool.find_closest_particle((0, 0, 1.1)).tolist()[1] == 5
    assert pool.get_particles_vel()[:, 4:8, 0].tolist() == [[0, 1, 1, 0]] * 2
    np.testing.assert_allclose(pool.get_mass(), [2, 4], rtol=1e-6)
    with pytest.raises(ValueError, match=r"pool\.set_position: a particle is 1\.075 m above"):
        pool.set_position([0, 0, 3])


def test_emitters_take_turns_by_solver_and_environment(scene):
    beads, one, _, other = scene.emitters
    one.emit("square", 0.1, 0.1, pos=(0, 0.5, 0.5), envs_idx=1)
    other.emit("square", 0.1, 0.2, pos=(0, 0.5, 1.0))
    beads.emit("sphere", 0.1, pos=(0, 0.5, 1.5), envs_idx=0)
    assert one.next_particle.tolist() == [0, 8] and other.next_particle.tolist() == [16, 16]
    assert beads.next_particle.tolist() == [8, 0]
    assert one.entity.get_particles_active().sum(dim=1).tolist() == [0, 8]
    assert other.entity.get_particles_active().sum(dim=1).tolist() == [16, 16]
    vel = other.entity.get_particles_vel()
    assert vel[:, :16].tolist() == [[[0, 0, -1]] * 16] * 2 and not vel[:, 16:].any()
    with pytest.raises(ValueError, match="a droplet of 64 particles, there are only 30"):
        one.emit("square", 0.2, 0.2, pos=(0, 0.5, 0.5))


def test_liquids_of_one_solver_must_not_overlap(fresh_runtime):
    scene = gs.Scene(sph_options=WATER)
    scene.add_entity(box(0.0), SPH.Liquid(), name="one")
    scene.add_entity(box(0.1), SPH.Liquid(), name="two")
    with pytest.raises(ValueError, match="one and two overlap: 32 particles of one lie in the"):
        scene.build()


def test_declarations_that_do_not_fit_are_refused(fresh_runtime):
    with pytest.raises(ValueError, match=r"SPHOptions: dt is 0\.1, SimOptions has 0\.01"):
        gs.Scene(sph_options=gs.options.SPHOptions(dt=0.1))
    with pytest.raises(ValueError, match=r"FEMOptions: dt is 0\.1, SimOptions has 0\.01"):
        gs.Scene(fem_options=gs.options.FEMOptions(dt=0.1))
    scene = gs.Scene(sph_options=WATER)
    with pytest.raises(TypeError, match="add_emitter: material is a Elastic, needs one of"):
        scene.add_emitter(FEM.Elastic())  # pyright: ignore
    scene.add_entity(box(0.0, z=0.05), SPH.Liquid(), name="low")
    with pytest.raises(ValueError, match=r"low: a particle is 0\.025 m below the domain, which"):
        scene.build()
