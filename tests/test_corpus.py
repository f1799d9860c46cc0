"""How many robots that nobody here wrote load unchanged, and whether they move as MuJoCo's."""

from __future__ import annotations

from pathlib import Path

import mujoco
import numpy as np
import pytest

import genesis_state as gs
from tests import corpus, corpus_oracle

# Of a hundred models that load, at least so many. What MuJoCo itself cannot compile is not counted.
AT_LEAST = {
    "gymnasium-robotics": 80,
    "dm_control": 80,
    "pybullet": 95,
    "pybullet random": 99,
}
# What the default run looks at.
A_FEW = {
    "gymnasium-robotics": ["envs/assets/point/point.xml", "envs/mujoco/assets/ant.xml"],
    "dm_control": ["suite/cheetah.xml", "suite/walker.xml"],
    "pybullet": [
        *("r2d2.urdf", "laikago/laikago.urdf", "a1/a1.urdf", "franka_panda/panda.urdf"),
        *("kuka_iiwa/model.urdf", "humanoid/humanoid.urdf", "husky/husky.urdf", "plane.urdf"),
        *("xarm/xarm6_with_gripper.urdf", "biped/biped2d_pybullet.urdf", "cartpole.urdf"),
    ],
    "pybullet random": ["random_urdfs/000/000.urdf", "random_urdfs/500/500.urdf"],
}
PAGE = Path(__file__).resolve().parent.parent / "docs" / "corpus.md"
# What the default run compares, in one scene: tendons, servos, equalities, floating bases.
SIDE_BY_SIDE = (
    ("gymnasium-robotics", "envs/assets/hand/reach.xml"),
    ("dm_control", "suite/point_mass.xml"),
    ("dm_control", "suite/ball_in_cup.xml"),
    ("dm_control", "suite/manipulator.xml"),
    ("pybullet", "kuka_iiwa/model.urdf"),
    ("pybullet", "xarm/xarm6_with_gripper.urdf"),
    ("pybullet", "r2d2.urdf"),
)
# What moves and touches by itself, and how many steps it is followed.
LET_GO = {
    "envs/assets/fetch/pick_and_place.xml": 200,
    "envs/assets/hand/manipulate_block.xml": 100,
    "envs/assets/adroit_hand/adroit_hammer.xml": 200,
    "envs/assets/kitchen_franka/kitchen_assets/kitchen_env_model.xml": 200,
}
# Every hundredth of the many small objects, each of them one body.
COMPARED = {"pybullet random": 100}


@pytest.fixture
def installed(name: str) -> None:
    if corpus.CORPORA[name].root() is None:
        pytest.skip(f"{corpus.CORPORA[name].package} is not installed")


def sound(outcome: corpus.Outcome) -> bool:
    """Whether what was compiled can be simulated for a while."""
    assert outcome.compiled is not None
    mj = outcome.compiled.mj
    data = mujoco.MjData(mj)
    for _ in range(10):
        mujoco.mj_step(mj, data)
    return bool(np.isfinite(data.qpos).all() and not data.warning.number.any())


@pytest.mark.parametrize("name", corpus.CORPORA)
@pytest.mark.usefixtures("installed")
def test_a_few_robots_load_unchanged(name):
    for file in A_FEW[name]:
        found = corpus.outcome(corpus.model(name, file))
        assert found.supported, f"{file}: {found.reason}"
        assert sound(found), file


@pytest.mark.slow
@pytest.mark.parametrize("name", corpus.CORPORA)
@pytest.mark.usefixtures("installed")
def test_most_robots_load_unchanged(name):
    every = list(corpus.outcomes(name))
    loaded = [found for found in every if found.supported]
    refused = [f"{found.model.name}: {found.reason}" for found in every if not found.supported]
    print(f"{name}: {len(loaded)} of {len(every)} load", *refused, sep="\n")
    assert 100 * len(loaded) >= AT_LEAST[name] * len(every), "\n".join(refused)
    for reason in refused:
        assert "\n" not in reason and reason.endswith("."), reason
    page = PAGE.read_text(encoding="utf-8")
    stale = [
        found.model.name
        for found in every
        if f"| {found.model.name} | {'no' if found.supported else 'yes'} |" in page
    ]
    assert not stale, "the page is out of date: python -m benchmarks.corpus --docs"
    unsound = [found.model.name for found in loaded if not sound(found)]
    assert not unsound


@pytest.fixture
def in_64_bits():
    gs.destroy()
    gs.init(precision="64")
    yield
    gs.destroy()


def test_a_few_robots_accelerate_as_mujocos(in_64_bits):
    if missing := [name for name, _ in SIDE_BY_SIDE if corpus.CORPORA[name].root() is None]:
        pytest.skip(f"not installed: {sorted(set(missing))}")
    scene = [corpus.outcome(corpus.model(*of)) for of in SIDE_BY_SIDE]
    errors = corpus_oracle.acceleration_errors(scene)
    assert len(errors) == len(SIDE_BY_SIDE)
    assert not {name: error for name, error in errors.items() if not error < 1e-6}


@pytest.mark.slow
@pytest.mark.parametrize("name", corpus.CORPORA)
@pytest.mark.usefixtures("installed")
def test_every_robot_that_loads_accelerates_as_mujocos(name):
    models = corpus.models(name)[:: COMPARED.get(name, 1)]
    loaded = [found for found in map(corpus.outcome, models) if found.supported]
    errors = corpus_oracle.compare(loaded)
    assert len(errors) == sum(corpus_oracle.dofs(found) > 0 for found in loaded)
    assert not {name: error for name, error in errors.items() if not error < 1e-6}


@pytest.mark.slow
@pytest.mark.parametrize("file", LET_GO)
@pytest.mark.parametrize("name", ["gymnasium-robotics"])
@pytest.mark.usefixtures("installed")
def test_robots_that_touch_move_as_mujocos(name, file):
    gs.destroy()
    gs.init(precision="32")
    model = corpus.model(name, file)
    dt = mujoco.MjModel.from_xml_path(str(model.path)).opt.timestep
    scene = gs.Scene(sim_options=gs.options.SimOptions(dt=dt))
    robot = scene.add_entity(gs.morphs.MJCF(file=str(model.path)))
    scene.build(n_envs=2)
    mj = scene.rigid_solver.mj_model
    data = mujoco.MjData(mj)
    touching = 0
    for _ in range(LET_GO[file]):
        scene.step()
        mujoco.mj_step(mj, data)
        touching += int(data.ncon > 0)
        assert np.abs(robot.get_qpos()[1].numpy() - data.qpos).max() < 1e-5
    assert touching > LET_GO[file] / 4
    gs.destroy()
