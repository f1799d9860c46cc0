"""Convex shapes without a closed form against MuJoCo, and the patches of contacts they rest on."""

import copy
import itertools
import math

import mujoco
import numpy as np
import pytest
import torch

import genesis_state as gs
from genesis_state.kernels.convex_support import CONVEX_KINDS

N_ENVS = 100
BAND = 1e-6  # distances within which either answer to "do they touch" is right [m]
DEEPEST = 0.004  # overlap of random poses [m]

_angles = np.linspace(0, 2 * np.pi, 20, endpoint=False)
_ball = np.random.default_rng(0).normal(size=(120, 3))
CUBE = np.array(list(itertools.product((-1.0, 1.0), repeat=3)))
MESHES = {
    "cube": 0.1 * CUBE,
    "tetra": 0.1 * CUBE[[7, 4, 2, 1]],
    "ball": 0.12 * _ball / np.linalg.norm(_ball, axis=1, keepdims=True),
    "plate": CUBE * [0.2, 0.15, 0.01],
    "drum": np.array(
        [[0.1 * np.cos(a), 0.1 * np.sin(a), z] for a in _angles for z in (-0.08, 0.08)]
    ),
}
SHAPES = {
    "sphere": 'type="sphere" size="0.08"',
    "capsule": 'type="capsule" size="0.05 0.1"',
    "ellipsoid": 'type="ellipsoid" size="0.12 0.08 0.06"',
    "cylinder": 'type="cylinder" size="0.08 0.1"',
    "box": 'type="box" size="0.1 0.07 0.05"',
    **{name: f'type="mesh" mesh="{name}"' for name in MESHES},
}
PAIRS = """
sphere ellipsoid, sphere tetra, sphere ball, capsule ellipsoid, capsule cylinder, capsule cube,
ellipsoid ellipsoid, ellipsoid cylinder, ellipsoid box, ellipsoid ball, cylinder cylinder,
cylinder box, cylinder tetra, cylinder drum, box cube, box ball, cube cube, cube tetra, tetra plate,
ball ball, ball drum, plate plate, plate drum
"""
GROUPS = [tuple(pair.split()) for pair in PAIRS.split(",")]
ON_PLANE = ["ellipsoid", *MESHES]
PLANE_HEIGHT = -5.0


def assets():
    rows = (
        f'<mesh name="{name}" vertex="{" ".join(map(str, vertices.ravel()))}"/>'
        for name, vertices in MESHES.items()
    )
    return f"<asset>{''.join(rows)}</asset>"


def model():
    """Two free bodies for each pair and one for each shape on the plane; no others may touch."""
    names = [name for group in GROUPS for name in group] + ON_PLANE
    free = '<body><freejoint/><geom name="g{}" {} contype="0" conaffinity="0"/></body>'
    bodies = "".join(free.format(i, SHAPES[name]) for i, name in enumerate(names))
    pairs = [f'geom1="g{2 * i}" geom2="g{2 * i + 1}"' for i in range(len(GROUPS))]
    pairs += [f'geom1="floor" geom2="g{2 * len(GROUPS) + i}"' for i in range(len(ON_PLANE))]
    contact = "".join(f'<pair {pair} margin="0.001"/>' for pair in pairs)
    return f"""
<mujoco><size memory="50M"/>{assets()}<worldbody>
  <geom name="floor" type="plane" size="0 0 1" pos="0 0 {PLANE_HEIGHT}" euler="10 20 0"/>{bodies}
</worldbody><contact>{contact}</contact></mujoco>
"""


class Pairs:
    """Ours and MuJoCo's contacts of all pairs: rows of distance, normal, position."""

    def __init__(self, path):
        scene = gs.Scene(
            sim_options=gs.options.SimOptions(),
            rigid_options=gs.options.RigidOptions(max_contacts=400),
        )
        scene.add_entity(gs.morphs.MJCF(file=path))
        scene.build(n_envs=N_ENVS)
        self.scene, self.solver = scene, scene.rigid_solver
        self.mj = copy.copy(self.solver.mj_model)
        self.mj.opt.ccd_tolerance, self.mj.opt.ccd_iterations = 1e-12, 200
        self.mj.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_MULTICCD
        geoms = self.solver.touching.geoms[self.solver.touching.pairs]
        self.number = {tuple(map(int, row)): i for i, row in enumerate(geoms)}

    def ours(self, qpos):
        """For each environment a list of contacts for each pair."""
        with self.solver.arena.edit("qpos") as (view,):
            view.copy_(torch.from_numpy(qpos.reshape(len(qpos), -1)))
        self.solver.detect_contacts()
        read = {
            name: self.solver.arena.get(f"contact_{name}").numpy()
            for name in ("pair", "dist", "normal", "pos")
        }
        found = [[[] for _ in self.number] for _ in qpos]
        for e, count in enumerate(self.solver.arena.get("n_contacts").tolist()):
            for c in range(count):
                row = np.concatenate(
                    [[read["dist"][e, c]], read["normal"][e, c], read["pos"][e, c]]
                )
                found[e][read["pair"][e, c]].append(row)
        return found

    def theirs(self, qpos, mj=None):
        mj = mj or self.mj
        data = mujoco.MjData(mj)
        found = []
        for row in qpos:
            data.qpos[:] = row.ravel()
            mujoco.mj_kinematics(mj, data)
            mujoco.mj_comPos(mj, data)
            mujoco.mj_collision(mj, data)
            contact = data.contact
            lists = [[] for _ in self.number]
            for c in range(data.ncon):
                values = [[contact.dist[c]], contact.frame[c, :3], contact.pos[c]]
                pair = self.number[tuple(map(int, contact.geom[c]))]
                lists[pair].append(np.concatenate(values))
            found.append(lists)
        return found

    def pair(self, group):
        return self.number[2 * group + 1, 2 * group + 2]

    def poses(self, seed):
        """Random poses in which every pair overlaps by up to DEEPEST or is about as far apart."""
        rng = np.random.default_rng(seed)
        qpos = np.zeros((N_ENVS, 2 * len(GROUPS) + len(ON_PLANE), 7))
        quat = rng.normal(size=(*qpos.shape[:2], 4))
        qpos[..., 3:] = quat / np.linalg.norm(quat, axis=-1, keepdims=True)
        qpos[..., :3] = [0.3, 0.2, 0.4]
        first, second = (qpos[:, i : 2 * len(GROUPS) : 2] for i in (0, 1))
        towards = rng.normal(size=second[..., :3].shape)
        towards /= np.linalg.norm(towards, axis=-1, keepdims=True)
        second[..., :3] = first[..., :3] + 0.03 * towards
        for _ in range(3):
            for e, lists in enumerate(self.ours(qpos)):
                for group in range(len(GROUPS)):
                    contacts = lists[self.pair(group)]
                    if contacts:
                        deepest = min(contacts, key=lambda row: row[0])
                        wanted = rng.uniform(-DEEPEST, 0.25 * DEEPEST)
                        second[e, group, :3] += (wanted - deepest[0]) * deepest[1:4]
        plane = mujoco.MjData(self.mj)
        mujoco.mj_kinematics(self.mj, plane)
        up = plane.geom_xmat[0].reshape(3, 3)[:, 2]
        above = qpos[:, 2 * len(GROUPS) :, :3]
        above[...] = rng.normal(size=above.shape)
        height = (above - [0, 0, PLANE_HEIGHT]) @ up - rng.uniform(0, 0.12, above.shape[:2])
        above -= height[..., None] * up
        return qpos


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    gs.destroy()
    gs.init(precision="64")
    path = tmp_path_factory.mktemp("convex") / "pairs.xml"
    path.write_text(model())
    pairs = Pairs(path)
    yield pairs
    pairs.scene.close()


@pytest.fixture(scope="module")
def found(pairs):
    """Poses, and the contacts of both sides in them."""
    qpos = pairs.poses(seed=1)
    return pairs.ours(qpos), pairs.theirs(qpos)


def test_every_kind_is_among_the_pairs(pairs):
    kinds = set(pairs.solver.touching.kinds.tolist())
    assert set(CONVEX_KINDS) <= kinds


@pytest.mark.parametrize("group", range(len(GROUPS)), ids=["-".join(group) for group in GROUPS])
def test_touching_depth_and_normal(pairs, found, group):
    pair = pairs.pair(group)
    reach = 0.001
    touching = ties = 0
    for ours, theirs in zip(*found, strict=True):
        ours, theirs = ours[pair], theirs[pair]
        if not ours or not theirs:
            # Only what is just within reach may be found by one side alone.
            assert all(row[0] > reach - BAND for row in ours + theirs)
            continue
        touching += 1
        deepest = min(ours, key=lambda row: row[0])
        assert abs(deepest[0] - theirs[0][0]) < 1e-4
        assert all(np.array_equal(row[1:4], deepest[1:4]) for row in ours)
        # Where two directions out are equally short, either is right.
        ties += np.linalg.norm(deepest[1:4] - theirs[0][1:4]) > 1e-4
        if len(ours) == 1:
            assert ties or np.linalg.norm(deepest[4:] - theirs[0][4:]) < 5e-4
    assert touching > 0.6 * N_ENVS
    assert ties <= 0.02 * touching


@pytest.mark.parametrize("shape", range(len(ON_PLANE)), ids=ON_PLANE)
def test_contacts_with_a_plane(pairs, found, shape):
    pair = pairs.number[0, 1 + 2 * len(GROUPS) + shape]
    seen = 0
    for ours, theirs in zip(*found, strict=True):
        ours, theirs = ours[pair], theirs[pair]
        assert len(ours) == len(theirs)
        if ours:
            np.testing.assert_allclose(ours, theirs, atol=1e-9)
            seen += 1
    assert seen > 0.3 * N_ENVS


UP, ON_SIDE, ACROSS, TURNED = (
    [1, 0, 0, 0],
    [math.sqrt(0.5), math.sqrt(0.5), 0, 0],
    [math.sqrt(0.5), 0, math.sqrt(0.5), 0],
    [math.cos(math.pi / 8), 0, 0, math.sin(math.pi / 8)],
)
# Pair, heights of the two shapes, orientation of both, offset of the second, contacts; one more is
# the lowest point of a rim if a cylinder leans.
RESTING = {
    "cube on a box": ("box", "cube", 0.05, 0.1, UP, UP, (0, 0), 4),
    "cube hanging over a box": ("box", "cube", 0.05, 0.1, UP, UP, (0.05, 0.07), 4),
    "cube on a cube": ("cube", "cube", 0.1, 0.1, UP, UP, (0, 0), 4),
    "cube turned on a cube": ("cube", "cube", 0.1, 0.1, UP, TURNED, (0, 0), 8),
    "plate on a plate": ("plate", "plate", 0.01, 0.01, UP, UP, (0.1, 0.1), 4),
    "drum on a plate": ("plate", "drum", 0.01, 0.08, UP, UP, (0, 0), 8),
    "box under a cylinder": ("cylinder", "box", 0.1, 0.05, UP, UP, (0, 0), 6),
    "box under a lying cylinder": ("cylinder", "box", 0.08, 0.05, ON_SIDE, UP, (0, 0), 2),
    "cube under a lying capsule": ("capsule", "cube", 0.05, 0.1, ON_SIDE, UP, (0, 0), 2),
    "cube under a standing capsule": ("capsule", "cube", 0.15, 0.1, UP, UP, (0, 0), 1),
    "cylinder under a cylinder": ("cylinder", "cylinder", 0.1, 0.1, UP, UP, (0.03, 0), 6),
    "cylinder beside a cylinder": ("cylinder", "cylinder", 0.08, 0.08, ON_SIDE, ON_SIDE, (0, 0), 2),
    "cylinder across a cylinder": ("cylinder", "cylinder", 0.08, 0.08, ON_SIDE, ACROSS, (0, 0), 1),
}


@pytest.mark.parametrize("case", RESTING)
def test_patches_that_things_rest_on(pairs, case):
    first, second, low, high, quat1, quat2, offset, expected = RESTING[case]
    group = GROUPS.index((first, second))
    qpos = np.zeros((N_ENVS, 2 * len(GROUPS) + len(ON_PLANE), 7))
    qpos[..., 3] = 1
    depth = 0.0005
    up = 1.0 if case.split()[1] in ("on", "hanging", "turned") else -1.0
    tilts = np.random.default_rng(2).normal(scale=1e-4, size=(N_ENVS, 2))
    tilts[0] = 0
    for e, (x, y) in enumerate(tilts):
        qpos[e, 2 * group, 3:] = quat1
        qpos[e, 2 * group + 1, :3] = [*offset, up * (low + high - depth)]
        tilt = np.array([1.0, x, y, 0.0])
        product = np.zeros(4)
        mujoco.mju_mulQuat(product, tilt / np.linalg.norm(tilt), np.array(quat2, dtype=float))
        qpos[e, 2 * group + 1, 3:] = product
    for lists in pairs.ours(qpos):
        contacts = np.array(lists[pairs.pair(group)])
        assert expected <= len(contacts) <= expected + ("cylinder" in case)
        np.testing.assert_allclose(contacts[:, 0], -depth, atol=2e-4)
        np.testing.assert_allclose(contacts[:, 3], up, atol=1e-6)
        np.testing.assert_allclose(contacts[:, 6], up * (low - 0.5 * depth), atol=1e-4)


def test_lost_poses_end(pairs):
    qpos = pairs.poses(seed=3)
    want = pairs.ours(qpos)
    lost = qpos.copy()
    lost[1, 0::2], lost[3, 1::2, 0], lost[5, :, 3:] = np.nan, np.inf, np.nan
    got = pairs.ours(lost)
    for e in set(range(N_ENVS)) - {1, 3, 5}:
        for a, b in zip(got[e], want[e], strict=True):
            np.testing.assert_array_equal(a, b)


STANDING = {
    "cube": (0.0, 0.1, UP),
    "cube ": (0.0, 0.3, TURNED),
    "cylinder": (0.5, 0.1, UP),
    "cylinder ": (0.5, 0.3, UP),
    "cylinder  ": (1.0, 0.08, ON_SIDE),
    "drum": (1.5, 0.08, UP),
    "ellipsoid": (2.0, 0.06, UP),
    "capsule": (2.5, 0.05, ON_SIDE),
    "plate": (2.5, 0.11, UP),
}


def test_things_stand_still(tmp_path_factory):
    gs.destroy()
    gs.init(precision="32")
    bodies = "".join(
        f'<body pos="{x} 0 {z}" quat="{" ".join(map(str, quat))}"><freejoint/>'
        f"<geom {SHAPES[name.strip()]}/></body>"
        for name, (x, z, quat) in STANDING.items()
    )
    path = tmp_path_factory.mktemp("convex") / "standing.xml"
    path.write_text(
        f"<mujoco>{assets()}<worldbody><geom {SHAPES['plate']} pos='0 0 -5'/>"
        f'<geom type="box" size="5 1 0.1" pos="2 0 -0.1"/>{bodies}</worldbody></mujoco>'
    )
    scene = gs.Scene(sim_options=gs.options.SimOptions(dt=0.002))
    things = scene.add_entity(gs.morphs.MJCF(file=path))
    scene.build(n_envs=1)
    before = things.get_links_pos().clone()
    for _ in range(500):
        scene.step()
    moved = (things.get_links_pos() - before).norm(dim=-1).flatten()
    speed = things.get_links_vel().norm(dim=-1).flatten()
    named = dict(zip(STANDING, zip(moved.tolist(), speed.tolist(), strict=True), strict=True))
    assert moved.max() < 1e-3, named
    assert speed.max() < 0.01, named
    scene.close()
