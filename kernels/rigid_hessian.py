"""The Hessian H = M + J^T C J of the constrained acceleration, and its factors L^T D L.

Rows of the lower triangle, with lists of the columns that are not zero: those of M, those that a
contact or an equality couples, and what elimination from the last dof up fills in. Things that do
not touch cost one another nothing. The model knows the lists without contacts (solvers/rigid/
pattern.py), and most contacts change nothing in them: a foot on the floor couples what its leg
couples. Where contacts of a step do, its lists are made anew, and hold for all iterations.
"""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_cone import cone_hessian, cone_stretch
from genesis_state.kernels.rigid_contact import read_cone
from genesis_state.kernels.rigid_row import row_derivatives

MIN_PIVOT = 1e-15


@ti.func
def below(i, w):
    """Word `w` of the mask of all dofs below `i`."""
    mask = 0
    if i >= 32 * (w + 1):
        mask = -1
    elif i > 32 * w:
        mask = (1 << (i - 32 * w)) - 1
    return mask


@ti.func
def n_columns(e, i, m: ti.template(), n: ti.template(), d: ti.template()):
    """Entries left of the diagonal in row `i` of `H`."""
    return m.H_model_size[i] if ti.static(n.fixed_pattern) else d.H_size[e, i]


@ti.func
def column(e, i, s, m: ti.template(), n: ti.template(), d: ti.template()):
    """Column of entry `s` of row `i`."""
    return m.H_model_column[i, s] if ti.static(n.fixed_pattern) else d.H_column[e, i, s]


@ti.func
def find_pattern(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """Contacts of this step → `H_size`, `H_column`, columns in rising order."""
    inside = True
    for c in range(d.n_contacts[e]):
        if d.contact_dim[e, c] > 0 and m.pair_inside[d.contact_pair[e, c]] == 0:
            inside = False
    if inside:
        for i in range(n.dofs):
            d.H_size[e, i] = m.H_model_size[i]
            for s in range(m.H_model_size[i]):
                d.H_column[e, i, s] = m.H_model_column[i, s]
    else:
        add_contacts_to_pattern(e, m, n, d)


@ti.func
def add_contacts_to_pattern(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """`find_pattern` where contacts couple what is not coupled without them."""
    words = ti.static((n.dofs + 31) // 32)
    for i in range(n.dofs):
        for w in range(words):
            d.H_mask[e, i, w] = m.H_model_mask[i, w]
    for c in range(d.n_contacts[e]):
        if d.contact_dim[e, c] > 0 and m.pair_inside[d.contact_pair[e, c]] == 0:
            size = d.contact_n_dofs[e, c]
            for s in range(size):
                i = d.contact_dof[e, c, s]
                for t in range(s + 1, size):
                    k = d.contact_dof[e, c, t]
                    d.H_mask[e, i, k // 32] = d.H_mask[e, i, k // 32] | (1 << (k % 32))
    for r in range(n.dofs):
        k = n.dofs - 1 - r
        size = 0
        for w in range(words):
            rest = d.H_mask[e, k, w]
            while rest != 0:
                i = 32 * w + ti.math.popcnt((rest & -rest) - 1)
                rest = rest & (rest - 1)
                d.H_column[e, k, size] = i
                size += 1
        d.H_size[e, k] = size
        # Eliminating dof k couples all others in its row.
        for s in range(size):
            i = d.H_column[e, k, s]
            for w in range(words):
                d.H_mask[e, i, w] = d.H_mask[e, i, w] | (d.H_mask[e, k, w] & below(i, w))


@ti.func
def assemble(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """`H` at the current accelerations."""
    for i in range(n.dofs):
        for s in range(n_columns(e, i, m, n, d)):
            d.H[e, i, column(e, i, s, m, n, d)] = 0.0
        start = m.M_row_start[i]
        for s in range(m.M_row_size[i]):
            d.H[e, i, m.M_column[start + s]] = d.M[e, start + s]
    for r in range(d.n_rows[e]):
        _cost, _slope, curvature = row_derivatives(e, r, d, d.row_x[e, r])
        if curvature > 0.0:
            first = d.row_first[e, r]
            for i in range(first, d.row_end[e, r]):
                Ji = d.row_J[e, r, i]
                if Ji != 0.0:
                    for k in range(first, i + 1):
                        d.H[e, i, k] = d.H[e, i, k] + curvature * Ji * d.row_J[e, r, k]
    if ti.static(n.contacts > 0):
        for c in range(d.n_contacts[e]):
            dim = d.contact_dim[e, c]
            if dim > 0:
                mu = read_cone(d.contact_mu, e, c, n)
                C = cone_hessian(n, d.contact_D[e, c], mu, dim, read_cone(d.contact_x, e, c, n))
                if C[0, 0] > 0.0:
                    size = d.contact_n_dofs[e, c]
                    for s in range(size):
                        i = d.contact_dof[e, c, s]
                        w = cone_stretch(n, C, read_cone(d.contact_J, e, c * n.span + s, n))
                        for t in range(s, size):
                            k = d.contact_dof[e, c, t]
                            J = read_cone(d.contact_J, e, c * n.span + t, n)
                            d.H[e, i, k] = d.H[e, i, k] + w.dot(J)


@ti.func
def solve_hessian(e, m: ti.template(), n: ti.template(), d: ti.template(), x: ti.template()):
    """`x` → H^-1 x in place; `H` → its factors, whose diagonal holds 1 / D."""
    for r in range(n.dofs):
        k = n.dofs - 1 - r
        size = n_columns(e, k, m, n, d)
        inverse = 1.0 / ti.max(d.H[e, k, k], MIN_PIVOT)
        d.H[e, k, k] = inverse
        xk = x[e, k]
        for t in range(size):
            u = size - 1 - t
            i = column(e, k, u, m, n, d)
            scale = d.H[e, k, i] * inverse
            for s in range(u + 1):
                c = column(e, k, s, m, n, d)
                d.H[e, i, c] = d.H[e, i, c] - d.H[e, k, c] * scale
            d.H[e, k, i] = scale
            x[e, i] = x[e, i] - scale * xk
        x[e, k] = xk * inverse
    for i in range(n.dofs):
        xi = x[e, i]
        for s in range(n_columns(e, i, m, n, d)):
            c = column(e, i, s, m, n, d)
            xi -= d.H[e, i, c] * x[e, c]
        x[e, i] = xi
