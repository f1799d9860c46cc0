"""Small MJCF models that touch: round ones with one possible set of contacts, and flat ones."""

import numpy as np

FLOOR = '<geom name="floor" type="plane" size="0 0 1"/>'

# Two slopes that lead things to one another.
TROUGH = """
<geom name="left" type="plane" size="0 0 1" pos="0 0 0" euler="0 25 0"/>
<geom name="right" type="plane" size="0 0 1" pos="0 0 0" euler="0 -25 0" condim="1"/>
"""


def mjcf(body: str, rest: str = "", *, option: str = "") -> str:
    """A model from its worldbody and whatever follows."""
    return f"<mujoco><option {option}/><worldbody>{body}</worldbody>{rest}</mujoco>"


def free(pos: str, geom: str) -> str:
    """A free body of one geom."""
    return f'<body pos="{pos}"><freejoint/><geom {geom}/></body>'


SPHERE = 'type="sphere" size="0.05" mass="0.4"'
CAPSULE = 'type="capsule" size="0.04 0.06" mass="0.5"'

# Every dimension of a contact, with friction of several widths, for all pairs of round geoms.
_DIMS = (
    'condim="1"',
    'condim="3" friction="0.4 0.01 0.001"',
    'condim="4" friction="0.8 0.02 0.001"',
    'condim="6" friction="1 0.01 0.02"',
)
ROUND = mjcf(
    TROUGH
    + "".join(free(f"{0.06 * i - 0.1} {0.11 * i} 0.12", f"{SPHERE} {_DIMS[i]}") for i in range(4))
    + "".join(
        f'<body pos="{0.05 * i - 0.08} {0.1 * i} 0.25" euler="{90 - 20 * i} {40 * i} 0">'
        f"<freejoint/><geom {CAPSULE} {_DIMS[i]}/></body>"
        for i in range(4)
    )
)

# Who has a say in a contact: priority, mixed solref and solimp, stiffness instead of times,
# margins and gaps.
_SAYS = (
    'priority="1" friction="0.3" solref="0.01 1.2" condim="4"',
    'priority="1" solref="-3000 -60" solimp="0.8 0.97 0.004 0.3 3"',
    'solmix="0.2" solref="0.03 0.7" solimp="0.7 0.9 0.01"',
    'solmix="3" solref="0.015 1" friction="0.9"',
    'margin="0.02" gap="0.005" condim="3"',
    'margin="0.01" solref="-2000 -30" condim="6" friction="0.7 0.02 0.01"',
)
MIXED = mjcf(
    TROUGH
    + "".join(
        free(f"{0.05 * (i % 3) - 0.05} {0.09 * i} {0.12 + 0.08 * (i % 2)}", f"{geom} {says}")
        for i, (geom, says) in enumerate(zip((SPHERE, CAPSULE) * 3, _SAYS, strict=True))
    )
)

# A limp chain that falls on itself, two of its links excluded, and pairs with a say of their own.
LISTED = mjcf(
    FLOOR
    + """
<body name="a" pos="0 0 0.3"><freejoint/><geom name="a" type="capsule" size="0.04 0.08"/>
  <body name="b" pos="0 0 0.1">
    <joint type="ball" damping="0.05"/>
    <geom name="b" type="capsule" size="0.03" fromto="0 0 0.02 0.15 0 0.1"/>
    <body name="c" pos="0.15 0 0.1">
      <joint axis="0 1 0" range="-150 150" damping="0.02"/>
      <geom name="c" type="capsule" size="0.03" fromto="0 0 0.02 0.15 0 0.05"/>
      <body name="d" pos="0.15 0 0.05">
        <joint axis="0 1 0" range="-150 150" damping="0.02" frictionloss="0.02"/>
        <geom name="d" type="sphere" size="0.05" pos="0.05 0 0"/>
      </body>
    </body>
  </body>
</body>
<body name="e" pos="0.1 0.02 0.6"><freejoint/><geom name="e" type="sphere" size="0.06"/></body>
<body name="f" pos="0.05 -0.1 0.5">
  <freejoint/><geom name="f" type="capsule" size="0.04 0.05" contype="0" conaffinity="0"/>
</body>
""",
    """
<contact>
  <exclude body1="a" body2="c"/>
  <pair geom1="d" geom2="a" condim="6" friction="0.5 0.8 0.01 0.003 0.006"/>
  <pair geom1="f" geom2="floor" condim="4" friction="0.2 0.9 0.02 0 0" solref="0.03 1"
    solreffriction="0.05 1" margin="0.02" gap="0.01"/>
  <pair geom1="f" geom2="e" condim="1"/>
  <pair geom1="floor" geom2="b" condim="3" friction="0.7 0.3 0 0 0" solimp="0.5 0.9 0.02"/>
</contact>
""",
)

ROUND_MODELS = {"round": ROUND, "mixed": MIXED, "listed": LISTED}


def rock(radius: float, seed: int, n: int = 20) -> str:
    """Vertices of a convex stone, as an MJCF mesh has them."""
    random = np.random.default_rng(seed)
    points = random.normal(size=(n, 3))
    points *= radius / np.linalg.norm(points, axis=1, keepdims=True) * [1.2, 1.0, 0.8]
    return " ".join(f"{x:.4f}" for x in points.ravel())


ROCKS = "".join(f'<mesh name="rock{i}" vertex="{rock(0.06, i)}"/>' for i in range(2))
SLAB = 'type="box" size="0.06 0.05 0.04" mass="0.7"'
DRUM = 'type="cylinder" size="0.05 0.04" mass="0.6"'
STONE = 'type="mesh" mesh="rock{}" mass="0.6"'

# Every shape on a floor and on the next one.
_SHAPES = (SLAB, DRUM, STONE.format(0), CAPSULE, SPHERE, SLAB, STONE.format(1), DRUM)
FLAT = mjcf(
    FLOOR
    + "".join(
        free(f"{0.03 * (i % 3)} {0.13 * (i // 2)} {0.08 + 0.13 * (i % 2)}", shape)
        for i, shape in enumerate(_SHAPES)
    ),
    f"<asset>{ROCKS}</asset>",
)


def resting(i: int, shapes: tuple[str, ...], tilt: str = "0 0 0") -> str:
    """Shapes on top of each other, dropped a little."""
    return "".join(
        f'<body pos="{0.5 * (i % 4)} {0.5 * (i // 4)} {0.07 + 0.125 * k}" euler="{tilt}">'
        f"<freejoint/><geom {shape}/></body>"
        for k, shape in enumerate(shapes)
    )


# Far apart, each comes to rest on the floor or on one another.
_RESTING = (
    ((SLAB,), "12 7 30"),
    ((DRUM,), "8 -6 0"),
    ((DRUM,), "80 3 20"),
    ((STONE.format(0),), "5 9 0"),
    ((CAPSULE,), "70 0 40"),
    ((SPHERE,), "0 0 0"),
    ((SLAB, SLAB, SLAB), "2 -1 0"),
    ((SLAB, DRUM), "0 0 10"),
    ((DRUM, STONE.format(1)), "3 0 0"),
    ((SLAB, CAPSULE), "4 0 0"),
)
# Rolling is braked, or things that are round would not come to rest.
RESTING = mjcf(
    FLOOR
    + "".join(
        resting(i, tuple(f'{s} condim="6" friction="0.8 0.02 0.01"' for s in shapes), tilt)
        for i, (shapes, tilt) in enumerate(_RESTING)
    ),
    f"<asset>{ROCKS}</asset>",
)
