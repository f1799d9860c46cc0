"""Which pairs are near, and what happens where there are more than there is room for."""

from collections import Counter

import mujoco
import numpy as np
import pytest
import torch

import genesis_state as gs
from genesis_state.solvers.rigid import collision

N_ENVS = 12
SHAPES = (
    'type="sphere" size="0.1"',
    'type="capsule" size="0.06 0.15"',
    'type="box" size="0.1 0.1 0.1"',
)
CROWD = 63


def crowd(path):
    """A scene of many bodies, a few of them with a margin, and their random places."""
    bodies = "".join(
        f'<body><freejoint/><geom {SHAPES[i % 3]} margin="{0.05 * (i % 7 == 0)}"/></body>'
        for i in range(CROWD)
    )
    path.write_text(
        f'<mujoco><worldbody><geom type="plane" size="0 0 1"/>{bodies}</worldbody></mujoco>'
    )
    scene = gs.Scene(rigid_options=gs.options.RigidOptions(max_contacts=1000))
    scene.add_entity(gs.morphs.MJCF(file=path))
    scene.build(n_envs=N_ENVS)
    random = np.random.default_rng(0)
    qpos = random.normal(size=(N_ENVS, CROWD, 7))
    # From a heap to a long row along each of the axes.
    for e, row in enumerate(qpos):
        spread = np.array([0.4, 0.4, 0.4])
        spread[e % 3] += 0.3 * (e // 3)
        row[:, :3] *= spread
    qpos[..., 3:] /= np.linalg.norm(qpos[..., 3:], axis=-1, keepdims=True)
    state = scene.get_state()
    state.rigid.qpos.copy_(torch.from_numpy(qpos.reshape(N_ENVS, -1)))
    scene.reset(state)
    return scene, qpos.reshape(N_ENVS, -1)


def touching(scene):
    """Contacts by pair of geoms, for each environment."""
    solver = scene.rigid_solver
    solver.detect_contacts()
    geoms = solver.touching.geoms[solver.touching.pairs]
    counts, pairs = (solver.arena.get(name).numpy() for name in ("n_contacts", "contact_pair"))
    assert not solver.get_overflow_envs_mask().any()
    return [
        Counter(tuple(map(int, geoms[p])) for p in row[:n])
        for n, row in zip(counts, pairs, strict=True)
    ]


def test_sweeping_finds_what_looking_at_every_pair_finds(fresh_runtime, tmp_path, monkeypatch):
    gs.destroy()
    gs.init(precision="64")
    scene, qpos = crowd(tmp_path / "crowd.xml")
    assert scene.rigid_solver.touching.swept
    swept = touching(scene)
    mj = scene.rigid_solver.mj_model
    data = mujoco.MjData(mj)
    for env, row in enumerate(qpos):
        data.qpos[:] = row
        mujoco.mj_kinematics(mj, data)
        mujoco.mj_collision(mj, data)
        assert swept[env] == Counter(tuple(map(int, c.geom)) for c in data.contact)
    assert min(len(found) for found in swept) > 20
    scene.close()

    monkeypatch.setattr(collision, "LISTED_PAIRS", 10**6)
    scene, _ = crowd(tmp_path / "crowd.xml")
    assert not scene.rigid_solver.touching.swept
    assert touching(scene) == swept
    scene.close()
    gs.destroy()


@pytest.fixture(scope="module")
def balls(fresh_runtime):
    """Six balls over the ground with room for three contacts or seven near pairs."""
    gs.init()
    scene = gs.Scene(rigid_options=gs.options.RigidOptions(max_contacts=3, max_collision_pairs=7))
    scene.add_entity(gs.morphs.Plane())
    for k in range(6):
        scene.add_entity(gs.morphs.Sphere(radius=0.1, pos=(k, 0, 1)))
    scene.build(n_envs=3)
    yield scene
    gs.destroy()


def start(scene, upper):
    """In each environment two balls on the ground, and four more at places of their own."""
    scene.reset()
    state = scene.get_state()
    places = state.rigid.qpos.view(3, 6, 7)[..., :3]
    places[:, :2] = torch.tensor([[-2.0, 0.0, 0.09], [-1.0, 0.0, 0.09]])
    places[:, 2:] = torch.tensor(upper)
    scene.reset(state)


def run(scene, steps=20):
    for _ in range(steps):
        scene.step()
    return scene.get_state()


def overflows(scene):
    return scene.rigid_solver.get_overflow_envs_mask().tolist()


APART = [[0, 0, 1], [1, 0, 1], [2, 0, 1], [3, 0, 1]]
# Too many for one of the two rooms, and not for the other.
CROWDED = {
    "contacts": [[0, 0, 0.09], [1, 0, 0.09], [2, 0, 0.09], [3, 0, 0.09]],
    # Corners of a tetrahedron: balls that do not touch, in boxes that overlap.
    "near pairs": [[0, 0, 1], [0.15, 0.15, 1], [0.15, 0, 1.15], [0, 0.15, 1.15]],
}


@pytest.mark.parametrize("crowded", CROWDED.values(), ids=CROWDED)
def test_overflow_is_flagged_deterministic_and_ones_own(balls, crowded):
    start(balls, [APART] * 3)
    calm = run(balls)
    assert overflows(balls) == [False] * 3
    start(balls, [APART, crowded, APART])
    full = run(balls)
    assert overflows(balls) == [False, True, False]
    for env in (0, 2):
        assert full[[env]].equal(calm[[env]])
    start(balls, [APART, crowded, APART])
    assert run(balls).equal(full)
    balls.reset(envs_idx=[1])
    assert overflows(balls) == [False] * 3


def test_overflow_is_told_once(balls, caplog):
    balls._complained.clear()
    start(balls, [APART] * 3)
    run(balls)
    assert not caplog.messages
    for _ in range(2):
        start(balls, [APART, CROWDED["contacts"], CROWDED["near pairs"]])
        run(balls, 3)
    (message,) = caplog.messages
    assert message.startswith("2 of 3 environments leave out contacts")
