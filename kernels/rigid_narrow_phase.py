"""Where two near geoms touch: each kind of pair has its own function."""

from genesis_state.kernels.contact_box import round_box
from genesis_state.kernels.contact_box_box import box_box
from genesis_state.kernels.contact_plane import plane_box, plane_cylinder, plane_round
from genesis_state.kernels.contact_plane_convex import plane_ellipsoid, plane_mesh
from genesis_state.kernels.contact_round import round_round, sphere_cylinder
from genesis_state.kernels.convex_distance import convex_contacts
from genesis_state.kernels.convex_support import CONVEX_KINDS
from genesis_state.kernels.geom_kinds import (
    BOX,
    CAPSULE,
    CYLINDER,
    ELLIPSOID,
    MESH,
    PLANE,
    SPHERE,
    kind,
)
from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_broad_phase import find_near_pairs
from genesis_state.kernels.rigid_contact_list import clear_contacts
from genesis_state.kernels.rigid_geoms import place_geoms
from genesis_state.kernels.subroutine import subroutine

# Kinds of pairs and the function they share; a sphere is a capsule without length.
CLOSED_FORMS = (
    ((kind(PLANE, SPHERE), kind(PLANE, CAPSULE)), plane_round),
    ((kind(PLANE, CYLINDER),), plane_cylinder),
    ((kind(PLANE, BOX),), plane_box),
    ((kind(PLANE, ELLIPSOID),), plane_ellipsoid),
    ((kind(SPHERE, SPHERE), kind(SPHERE, CAPSULE), kind(CAPSULE, CAPSULE)), round_round),
    ((kind(SPHERE, CYLINDER),), sphere_cylinder),
    ((kind(SPHERE, BOX), kind(CAPSULE, BOX)), round_box),
    ((kind(BOX, BOX),), box_box),
)
PLANE_MESH = kind(PLANE, MESH)


@ti.func
def is_one_of(pair_kind, kinds: ti.template()):
    """Whether a kind of pair is among some."""
    found = False
    for k in ti.static(kinds):
        found = found or pair_kind == k
    return found


@subroutine
def find_contacts(e: ti.i32, m: ti.template(), n: ti.template(), d: ti.template()):
    """Body frames → the list of contacts."""
    before = d.n_contacts[e]
    d.n_contacts[e] = 0
    place_geoms(e, m, n, d)
    find_near_pairs(e, m, n, d)
    for k in range(d.n_near[e]):
        pair = d.near_pair[e, k]
        pair_kind = m.pair_kind[pair]
        c = m.pair_class[pair]
        reach = m.class_margin[c] + m.class_gap[c]
        g1 = m.pair_geom1[pair]
        g2 = m.pair_geom2[pair]
        p1 = d.geom_pos[e, g1]
        R1 = d.geom_rot[e, g1]
        s1 = m.geom_size[g1]
        p2 = d.geom_pos[e, g2]
        R2 = d.geom_rot[e, g2]
        s2 = m.geom_size[g2]
        for form in ti.static(CLOSED_FORMS):
            if ti.static(not n.kinds.isdisjoint(form[0])):
                if is_one_of(pair_kind, form[0]):
                    form[1](e, n, d, pair, reach, p1, R1, s1, p2, R2, s2)
        if ti.static(PLANE_MESH in n.kinds):
            if pair_kind == PLANE_MESH:
                plane_mesh(e, m, n, d, pair, reach, p1, R1, s1, p2, R2, s2)
        if ti.static(not n.kinds.isdisjoint(CONVEX_KINDS)):
            if is_one_of(pair_kind, CONVEX_KINDS):
                convex_contacts(e, m, n, d, pair)
    clear_contacts(e, d, before)
