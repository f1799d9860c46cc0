"""What each contact asks of the accelerations: its frame, Jacobian, stiffness and reference.

Formulas are those of the MuJoCo documentation, chapter Computation, section Constraint model. A
contact is kept whole, with its Jacobian in its own frame, whatever its friction cone.
"""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_constraint import MIN_VALUE, impedance, make_rows, reference
from genesis_state.kernels.rigid_narrow_phase import find_contacts
from genesis_state.kernels.rigid_parameters import body_invweight, pair_friction
from genesis_state.kernels.spatial import angular, frame_around, linear
from genesis_state.kernels.subroutine import subroutine


@ti.func
def read_cone(a: ti.template(), e, c, n: ti.template()):
    """Row `c` of environment `e`, which has an entry for each dimension of the cone."""
    return ti.Vector([a[e, c, k] for k in ti.static(range(n.cone_dim))])


@ti.func
def contact_jacobian(e, m: ti.template(), n: ti.template(), d: ti.template(), c, b1, b2):
    """Rows of `contact_J` with their dofs, in falling order; returns J times the velocity.

    A dof that moves both bodies moves them alike at the point of contact and is left out.
    """
    frame = d.contact_frame[e, c]
    offset1 = d.contact_pos[e, c] - d.tree_com[e, m.body_root[b1]]
    offset2 = d.contact_pos[e, c] - d.tree_com[e, m.body_root[b2]]
    velocity = ti.Vector.zero(float, n.cone_dim)
    i1 = m.body_last_dof[b1]
    i2 = m.body_last_dof[b2]
    size = 0
    while i1 != i2:
        i = i2
        sign = 1.0
        offset = offset2
        if i1 > i2:
            i = i1
            sign = -1.0
            offset = offset1
            i1 = m.dof_parent[i1]
        else:
            i2 = m.dof_parent[i2]
        turn = sign * angular(d.cdof[e, i])
        move = sign * linear(d.cdof[e, i]) + turn.cross(offset)
        move = frame @ move
        turn = frame @ turn
        for k in ti.static(range(n.cone_dim)):
            J = 0.0
            if ti.static(k < 3):
                J = move[k]
            else:
                J = turn[k - 3]
            d.contact_J[e, c * n.span + size, k] = J
            velocity[k] += J * d.dofs_vel[e, i]
        d.contact_dof[e, c, size] = i
        size += 1
    d.contact_n_dofs[e, c] = size
    return velocity


@ti.func
def make_contacts(e, m: ti.template(), n: ti.template(), d: ti.template(), h):
    """The list of contacts → what the solver needs of each."""
    for c in range(d.n_contacts[e]):
        pair = d.contact_pair[e, c]
        s = m.pair_class[pair]
        violation = d.contact_dist[e, c] - m.class_margin[s]
        d.contact_dim[e, c] = 0
        d.contact_force[e, c] = ti.Vector([0.0, 0.0, 0.0])
        if violation < 0.0:
            b1 = m.geom_body[m.pair_geom1[pair]]
            b2 = m.geom_body[m.pair_geom2[pair]]
            d.contact_frame[e, c] = frame_around(d.contact_normal[e, c], d.contact_tangent[e, c])
            velocity = contact_jacobian(e, m, n, d, c, b1, b2)
            dim = m.class_condim[s]
            friction = pair_friction(e, pair, m, n, d)
            imp = m.class_solimp[s]
            i = impedance(imp, violation)
            stiffness, damping = reference(m.class_solref[s], imp, h)
            weight = body_invweight(e, b1, m, n, d)[0] + body_invweight(e, b2, m, n, d)[0]
            mu = friction[0] / ti.sqrt(ti.max(MIN_VALUE, m.impratio[0]))
            if ti.static(not n.elliptic):
                if dim > 1:
                    # The edges of a pyramid are as soft together as an elliptic cone.
                    weight *= (1.0 + friction[0] * friction[0]) * 2.0 * mu * mu
                else:
                    weight *= 2.0
                    dim = 2
            d.contact_dim[e, c] = dim
            d.contact_D[e, c] = 1.0 / ti.max(MIN_VALUE, (1.0 - i) / i * weight)
            d.contact_mu[e, c, 0] = mu
            d.contact_aref[e, c, 0] = -damping * velocity[0] - stiffness * i * violation
            if ti.static(n.elliptic):
                sliding = m.class_solreffriction[s]
                if sliding[0] != 0.0 or sliding[1] != 0.0:
                    _stiffness, damping = reference(sliding, imp, h)
            for k in ti.static(range(1, n.cone_dim)):
                mu_k = 0.0
                if k < m.class_condim[s]:
                    mu_k = friction[k - 1]
                d.contact_mu[e, c, k] = mu_k
                d.contact_aref[e, c, k] = -damping * velocity[k]


@ti.func
def write_contact_forces(e, n: ti.template(), d: ti.template()):
    """Forces in the contact frames → `contact_force` in the world."""
    for c in range(d.n_contacts[e]):
        if d.contact_dim[e, c] > 0:
            f = ti.Vector([0.0, 0.0, 0.0])
            for k in ti.static(range(min(3, n.cone_dim))):
                f[k] = d.contact_f[e, c, k]
            d.contact_force[e, c] = d.contact_frame[e, c].transpose() @ f


@subroutine
def make_constraints(e: ti.i32, m: ti.template(), n: ti.template(), d: ti.template(), h: float):
    """The state → constraint rows and contacts."""
    shortest = h if ti.static(n.safe_reference) else 0.0
    make_rows(e, m, n, d, shortest)
    if ti.static(n.contacts > 0):
        find_contacts(e, m, n, d)
        make_contacts(e, m, n, d, shortest)
