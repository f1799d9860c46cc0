"""Which geoms may touch and how their contacts behave, against MuJoCo C; no kernel runs."""

import mujoco
import numpy as np
import pytest

from genesis_state.solvers.rigid.collision import collision

# Every geom is a ball of radius 1 near the origin, so that all pairs that may touch do.
GEOM = '<geom name="{name}" size="1" contype="{contype}" conaffinity="{conaffinity}" {more}/>'


def random_geom(random: np.random.Generator, name: str) -> str:
    """Attributes of contact, any of which may be left at its default."""
    attributes = {
        "condim": random.choice([1, 3, 4, 6]),
        "priority": random.choice([0, 0, 0, 1]),
        "solmix": random.choice([0.0, 0.3, 1.0, 2.0]),
        "solref": random.choice(["0.02 1", "0.05 0.7", "-400 -30"]),
        "solimp": random.choice(["0.9 0.95 0.001 0.5 2", "0.6 0.99 0.01 0.3 3"]),
        "friction": random.choice(["1 0.005 0.0001", "0.4 0.1 0.05", "0 0 0"]),
        "margin": random.choice([0.0, 0.1]),
        "gap": random.choice([0.0, 0.05]),
    }
    more = " ".join(f'{k}="{v}"' for k, v in attributes.items() if random.random() < 0.6)
    contype, conaffinity = random.choice([0, 1, 2, 3], size=2, p=[0.1, 0.6, 0.15, 0.15])
    return GEOM.format(name=name, contype=contype, conaffinity=conaffinity, more=more)


def random_model(seed: int) -> str:
    """Trees of bodies with and without joints, exclusions and explicit pairs."""
    random = np.random.default_rng(seed)
    count = 14
    children: dict[int, list[int]] = {b: [] for b in range(-1, count)}
    for b in range(count):
        children[int(random.integers(-1, b)) if b else -1].append(b)

    def body(b: int) -> str:
        joint = random.choice(
            ["", "<freejoint/>" if b in children[-1] else '<joint axis="0 0 1"/>']
        )
        geoms = "".join(random_geom(random, f"{b}.{k}") for k in range(random.integers(1, 3)))
        below = "".join(body(child) for child in children[b])
        return f'<body name="{b}" pos="0.01 0.02 0.03">{joint}{geoms}{below}</body>'

    bodies = random_geom(random, "world") + "".join(body(b) for b in children[-1])
    contact: str = ""
    for a, b in random.choice(count, size=(3, 2)):
        contact += f'<exclude body1="{a}" body2="{b}"/>' if a != b else ""
    named = {tuple(sorted(pair)) for pair in random.choice(count, size=(4, 2)).tolist()}
    for k, (a, b) in enumerate(sorted(named)):
        more = ['condim="4"', 'friction="0.3 0.2 0.1 0.05 0.02" margin="0.2" gap="0.1"', ""][k % 3]
        slip = 'solreffriction="0.1 1"' if k == 1 else ""
        contact += f'<pair geom1="{a}.0" geom2="{b}.0" {more} {slip}/>' if a != b else ""
    return f"<mujoco><worldbody>{bodies}</worldbody><contact>{contact}</contact></mujoco>"


def key(geoms):
    return tuple(sorted(int(g) for g in geoms))


@pytest.mark.parametrize("seed", range(30))
def test_pairs_and_parameters_are_mujocos(seed):
    mj = mujoco.MjModel.from_xml_string(random_model(seed))
    data = mujoco.MjData(mj)
    mujoco.mj_forward(mj, data)
    theirs = {
        key(c.geom): np.concatenate(
            [[c.dim, c.includemargin], c.friction, c.solref, c.solreffriction, c.solimp]
        )
        for c in data.contact
        if c.exclude != 3  # neither body can move
    }
    tables = collision(mj)
    geoms = tables.geoms[tables.pairs]
    ours = {
        key(pair): np.delete(tables.parameters[row], 2)
        for pair, row in zip(geoms, tables.classes, strict=True)
    }
    assert len(ours) == len(geoms)
    assert ours.keys() == theirs.keys()
    for pair, row in ours.items():
        np.testing.assert_allclose(row, theirs[pair], rtol=1e-12, err_msg=str(pair))
