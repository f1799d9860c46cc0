"""Types of geoms, and kinds of pairs of them: one number for two types, the lower type first."""

PLANE, SPHERE, CAPSULE, ELLIPSOID, CYLINDER, BOX, MESH = 0, 2, 3, 4, 5, 6, 7  # as mujoco.mjtGeom
TYPES = 8  # more than there are: a kind is TYPES * type1 + type2
MOST = 8  # contacts of any pair


def kind(type1: int, type2: int) -> int:
    """Number of a kind of pair, the lower geom type first."""
    return TYPES * int(type1) + int(type2)


_FEW = {
    **{kind(other, SPHERE): 1 for other in (PLANE, SPHERE)},
    **{kind(SPHERE, other): 1 for other in (CAPSULE, ELLIPSOID, CYLINDER, BOX, MESH)},
    **{kind(CAPSULE, other): 2 for other in (CAPSULE, BOX)},
    **{kind(PLANE, other): 4 for other in (CYLINDER, BOX, MESH)},
    kind(PLANE, CAPSULE): 2,
    kind(PLANE, ELLIPSOID): 1,
}


def most_contacts(pair_kind: int) -> int:
    """How many contacts the function for a kind of pair finds at most."""
    return _FEW.get(pair_kind, MOST)
