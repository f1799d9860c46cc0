"""The contacts of one environment: what every function that finds one writes."""

from genesis_state.kernels.lang import ti


@ti.func
def add_contact(e, n: ti.template(), d: ti.template(), pair, pos, normal, dist, tangent):
    """Appends a contact, or flags the environment if there is no room left.

    `pos` is midway between the surfaces [m], `normal` leads from the pair's first geom to its
    second, `dist` is negative where they overlap [m], `tangent` is the wanted direction of the
    first tangent, or zero.
    """
    c = d.n_contacts[e]
    if c < n.contacts:
        d.contact_pair[e, c] = pair
        d.contact_pos[e, c] = pos
        d.contact_normal[e, c] = normal
        d.contact_dist[e, c] = dist
        d.contact_tangent[e, c] = tangent
        d.n_contacts[e] = c + 1
    else:
        d.overflow[e] = True


@ti.func
def clear_contacts(e, d: ti.template(), before):
    """Zeroes what is left of a longer list of `before` contacts: stale bytes would be saved."""
    for c in range(d.n_contacts[e], before):
        zero = ti.Vector([0.0, 0.0, 0.0])
        d.contact_pair[e, c] = 0
        d.contact_pos[e, c] = zero
        d.contact_normal[e, c] = zero
        d.contact_dist[e, c] = 0.0
        d.contact_force[e, c] = zero
