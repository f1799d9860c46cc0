"""Emitters: what flows, in which turn, and that environments go their own ways."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

import genesis_state as gs
from genesis_state.materials import MPM

N = 3
SIZE = 0.1
NOZZLE = (0.1, -0.2, 0.5)
OPTIONS = gs.options.MPMOptions(grid_density=16, particle_size=SIZE)


def make_scene(n_envs: int, dt: float = 0.01, **options) -> SimpleNamespace:
    sim = gs.options.SimOptions(dt=dt, **options)
    scene = gs.Scene(sim_options=sim, mpm_options=OPTIONS)
    block = gs.morphs.Box(size=(0.2, 0.2, 0.2), pos=(0.6, 0.6, 0.6))
    scene.add_entity(block, MPM.Elastic())
    idle = scene.add_emitter(MPM.Sand(), max_particles=10)
    hose = scene.add_emitter(MPM.Sand(), max_particles=20)
    scene.build(n_envs=n_envs)
    return SimpleNamespace(scene=scene, hose=hose, water=hose.entity, idle=idle)


@pytest.fixture(scope="module", params=["zero_copy", "kernel"])
def built(fresh_runtime: None, request) -> SimpleNamespace:
    return make_scene(N, state_transport=request.param)


@pytest.fixture
def s(built) -> SimpleNamespace:
    built.scene.reset()
    return built


def emitted(s: SimpleNamespace, env: int) -> np.ndarray:
    """Positions of active particles, sorted."""
    pos = s.water.get_particles_pos()[env][s.water.get_particles_active()[env]].numpy()
    return pos[np.lexsort(pos.round(4).T)]


def test_a_droplet_has_its_place_direction_and_speed(s):
    s.hose.emit("rectangle", (0.1, 0.2), 0.4, NOZZLE, direction=(2, 0, 0), speed=3, envs_idx=[2, 0])
    assert s.water.get_particles_active().sum(dim=1).tolist() == [8, 0, 8]
    pos = emitted(s, 0)
    np.testing.assert_array_equal(pos, emitted(s, 2))
    np.testing.assert_allclose(pos.mean(axis=0), NOZZLE, atol=1e-6)
    # Along x it is long, and its first axis lies level: across the direction and up.
    np.testing.assert_allclose(np.ptp(pos, axis=0), (0.3, 0, 0.1), atol=1e-6)
    vel = s.water.get_particles_vel()[0, :8]
    np.testing.assert_allclose(vel, [[3, 0, 0]] * 8, atol=1e-6)
    assert s.hose.next_particle.tolist() == [8, 0, 8] and s.idle.next_particle.tolist() == [0] * N
    assert not s.idle.entity.get_particles_active().any()
    s.hose.emit("rectangle", (0.1, 0.2), 0.4, NOZZLE, (1, 0, 0), theta=np.pi / 2, envs_idx=1)
    np.testing.assert_allclose(np.ptp(emitted(s, 1), axis=0), (0.3, 0.1, 0), atol=1e-6)


def test_a_shell_flies_apart(s):
    s.hose.emit_omni(source_radius=0.15, pos=NOZZLE, speed=2.0)
    away = s.water.get_particles_pos() - torch.tensor(NOZZLE)
    active = s.water.get_particles_active()
    distance = away[active].norm(dim=-1)
    assert len(distance) == 18 * N and distance.min() >= 0.06 and distance.max() <= 0.15
    np.testing.assert_allclose(
        s.water.get_particles_vel()[active], 2 * away[active] / distance[:, None], atol=1e-5
    )


def test_the_first_particles_come_again_and_are_new(s):
    for k in range(3):  # 8, 16, and the third does not fit behind them
        assert s.hose.next_particle.tolist() == [(0, 8, 0)[k]] * N
        s.hose.emit("square", 0.2, 0.2, (0.1 * k, 0, 0.5), speed=1.0)
        state = s.scene.get_state()
        for name in ("C", "F", "Jp"):
            state[f"MPMSolver.{name}"] += 0.5
        s.scene.reset(state)
    s.hose.emit("square", 0.2, 0.1, (-0.5, 0, 0.5), speed=2.0, envs_idx=0)  # 4 of another size
    assert s.hose.next_particle.tolist() == [12, 8, 8]
    state, first = s.scene.get_state(), s.water.particle_start
    again = slice(first + 8, first + 12)
    assert (state["MPMSolver.F"][0, again] == torch.eye(3)).all()
    for name in ("C", "Jp"):
        assert (state[f"MPMSolver.{name}"][0, again] == 0).all()
    assert (state["MPMSolver.vel"][0, again] == torch.tensor([0, 0, -2.0])).all()
    assert (state["MPMSolver.F"][1, again] != torch.eye(3)).any()
    s.hose.emit("square", 0.2, 0.3, (-0.5, 0, 0.5))  # 12 fit behind 8, not behind 12
    assert s.hose.next_particle.tolist() == [0, 0, 0]
    assert s.water.get_particles_active().sum(dim=1).tolist() == [16, 20, 20]


def test_a_stream_is_as_long_as_it_has_flown(s):
    """Layers a particle size apart, however the speed and the step divide it."""
    for k in range(8):  # 0.04 m in a step
        s.hose.emit("circle", 0.1, None, NOZZLE, speed=4.0)
        placed = s.water.get_particles_active()
        assert placed.sum(dim=1).tolist() == [int(0.04 * (k + 1) / SIZE + 1e-9)] * N
        moved = s.water.get_particles_pos() + 0.04 * placed[..., None] * torch.tensor([0, 0, -1.0])
        pos = s.scene.get_state()
        pos["MPMSolver.pos"][:, s.water.particle_start :] = moved
        s.scene.reset(pos)
    depth = emitted(s, 1)[:, 2]
    np.testing.assert_allclose(np.diff(depth), [SIZE] * 2, atol=1e-5)
    left = s.scene.get_state()["MPMSolver.emitter_left"][:, s.hose.place]
    np.testing.assert_allclose(left, 0.02, atol=1e-6)


def test_environments_go_their_own_ways(s):
    """What is left over and whose turn it is follow a reset of some."""
    one = make_scene(1)
    for k in range(6):
        if k == 2:
            s.scene.reset(envs_idx=[1])
        if k == 3:
            s.scene.reset(s.scene.get_state()[0], envs_idx=[2])
        s.hose.emit("square", 0.2, None, NOZZLE, (0, 1, 0), speed=7.0)
        if k >= 2:
            one.hose.emit("square", 0.2, None, NOZZLE, (0, 1, 0), speed=7.0)
        for same in (s, one):
            same.water.set_particles_vel(0.1 * k + torch.arange(60.0).view(20, 3))
    assert s.hose.next_particle.tolist() == [16, 8, 16]
    alone, state = one.scene.get_state(), s.scene.get_state()
    assert state[0].equal(state[2])
    for name in ("pos", "vel", "active", "F", "Jp", "emitter_next", "emitter_left"):
        assert torch.equal(state[1][f"MPMSolver.{name}"], alone[f"MPMSolver.{name}"]), name
    one.scene.close()


def fountain() -> gs.Scene:
    sim = gs.options.SimOptions(dt=4e-3, substeps=2)
    scene = gs.Scene(sim_options=sim, mpm_options=OPTIONS)
    scene.add_emitter(MPM.Liquid(), max_particles=30)
    scene.add_emitter(MPM.Sand(sampler="random"), max_particles=20)
    return scene


def spout(scene: gs.Scene, steps: torch.Tensor, streams: torch.Tensor) -> None:
    """One stream that stops now and then, and drops, each environment at times of its own."""
    water, sand = scene.emitters
    water.emit("square", 0.2, pos=(0, 0, 0.5), speed=12.0, envs_idx=(steps + streams) % 3 != 0)
    sand.emit("square", 0.2, 0.1, (0.5, 0, 0.5), envs_idx=(steps + streams) % 4 == 0)


def test_emission_keeps_the_contract():
    lines = ("resume", "history", "isolation", "permutation", "observation")
    gs.testing.check_contract(fountain, lines=lines, n_envs=4, before=8, after=6, drive=spout)


def test_begin_again(s):
    s.hose.emit("circle", 0.1, 0.2, NOZZLE)
    s.hose.reset(envs_idx=[0, 2])
    assert s.hose.next_particle.tolist() == [0, 2, 0]
    assert s.water.get_particles_active().sum(dim=1).tolist() == [2, 2, 2]


def test_without_an_axis_of_environments():
    s = make_scene(0)
    s.hose.emit("sphere", 0.2, pos=NOZZLE)
    s.hose.emit("sphere", 0.2, pos=NOZZLE)
    assert s.hose.next_particle.item() == 0, "a third of 8 does not fit into 20"
    assert s.water.get_particles_active().sum().item() == 16
    s.scene.step()
    assert s.water.get_particles_pos()[:16, 2].max() < 0.6
    s.scene.close()
