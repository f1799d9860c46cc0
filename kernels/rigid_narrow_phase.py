"""Where two near geoms touch: each kind of pair has its own function."""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_broad_phase import find_near_pairs
from genesis_state.kernels.rigid_contact_list import clear_contacts
from genesis_state.kernels.rigid_geoms import place_geoms
from genesis_state.kernels.subroutine import subroutine


@subroutine
def find_contacts(e: ti.i32, m: ti.template(), n: ti.template(), d: ti.template()):
    """Body frames → the list of contacts."""
    before = d.n_contacts[e]
    d.n_contacts[e] = 0
    place_geoms(e, m, n, d)
    find_near_pairs(e, m, n, d)
    for k in range(d.n_near[e]):
        pair = d.near_pair[e, k]
        kind = m.pair_kind[pair]
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
    clear_contacts(e, d, before)
