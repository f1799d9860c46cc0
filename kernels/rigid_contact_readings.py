"""What users ask about contact between two steps, from the saved list of contacts alone.

Each environment is a loop iteration of its own and sums in the order of its list.
"""

from genesis_state.kernels.lang import ti


@ti.func
def acts(e, m: ti.template(), d: ti.template(), c):
    """Whether contact `c` is near enough to push."""
    return d.contact_dist[e, c] < m.class_margin[m.pair_class[d.contact_pair[e, c]]]


@ti.kernel
def contacts(
    m: ti.template(),
    n: ti.template(),
    d: ti.template(),
    own: ti.types.ndarray(dtype=ti.i32, ndim=1),
    other: ti.types.ndarray(dtype=ti.i32, ndim=1),
    skip_self: ti.i32,
    ids: ti.types.ndarray(dtype=ti.i32, ndim=3),
    numbers: ti.types.ndarray(ndim=3),
):
    """Acting contacts between bodies of two sets, marked by 1, each in its row of the list.

    `ids` are two geoms, two links and 1; `numbers` are position, normal from the second geom to
    the first, depth, and the force on the second. Other rows hold -1, then 0, and zeros. With
    `skip_self` contacts between two bodies of the first set are left out.
    """
    for e in range(n.envs):
        for c in range(n.contacts):
            taken = False
            g1 = 0
            g2 = 0
            if c < d.n_contacts[e]:
                g1 = m.pair_geom1[d.contact_pair[e, c]]
                g2 = m.pair_geom2[d.contact_pair[e, c]]
                b1 = m.geom_body[g1]
                b2 = m.geom_body[g2]
                own1 = own[b1] != 0
                own2 = own[b2] != 0
                taken = (own1 and other[b2] != 0) or (own2 and other[b1] != 0)
                if skip_self != 0 and own1 and own2:
                    taken = False
                if not acts(e, m, d, c):
                    taken = False
            if taken:
                ids[e, c, 0] = m.geom_id[g1]
                ids[e, c, 1] = m.geom_id[g2]
                ids[e, c, 2] = m.geom_body[g1] - 1
                ids[e, c, 3] = m.geom_body[g2] - 1
                ids[e, c, 4] = 1
                for k in ti.static(range(3)):
                    numbers[e, c, k] = d.contact_pos[e, c][k]
                    numbers[e, c, 3 + k] = -d.contact_normal[e, c][k]
                    numbers[e, c, 7 + k] = d.contact_force[e, c][k]
                numbers[e, c, 6] = -d.contact_dist[e, c]
            else:
                for k in range(4):
                    ids[e, c, k] = -1
                ids[e, c, 4] = 0
                for k in range(10):
                    numbers[e, c, k] = 0.0


@ti.kernel
def link_contact_forces(
    m: ti.template(),
    n: ti.template(),
    d: ti.template(),
    first: ti.i32,
    out: ti.types.ndarray(ndim=3),
):
    """Sum of the contact forces on each of the bodies from `first` on, as many as `out` has."""
    for e in range(n.envs):
        for b in range(out.shape[1]):
            for k in range(3):
                out[e, b, k] = 0.0
        for c in range(d.n_contacts[e]):
            force = d.contact_force[e, c]
            pair = d.contact_pair[e, c]
            b = m.geom_body[m.pair_geom2[pair]] - first
            other = m.geom_body[m.pair_geom1[pair]] - first
            for _ in range(2):
                if b >= 0 and b < out.shape[1]:
                    for k in ti.static(range(3)):
                        out[e, b, k] = out[e, b, k] + force[k]
                b = other
                force = -force
