"""What follows from the masses of an environment: the constants that MuJoCo sets at compile time.

After `mj_setConst`: at the positions as written, `qpos0`, the inverse inertia of each dof and of
each body, averaged over axes that are alike, that along each tendon, and the mean diagonal of M.
"""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_dynamics import factor, inverse_form, mass_matrix
from genesis_state.kernels.rigid_kinematics import (
    BALL,
    FREE,
    com_position,
    forward_kinematics,
    moves_body,
)
from genesis_state.kernels.rigid_parameters import body_mass
from genesis_state.kernels.rigid_tendon import add_tendon_armature, tendon_position
from genesis_state.kernels.spatial import angular, linear

MIN_VALUE = 1e-15


@ti.func
def weigh_trees(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """Masses of the bodies → `bodies_tree_mass`."""
    for b in range(n.bodies):
        d.bodies_tree_mass[e, b] = body_mass(e, b, m, n, d)
    for k in range(1, n.bodies):
        b = n.bodies - k
        parent = m.body_parent[b]
        d.bodies_tree_mass[e, parent] = d.bodies_tree_mass[e, parent] + d.bodies_tree_mass[e, b]


@ti.func
def weigh_dofs(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """`M_factor` → `dofs_invweight`: the diagonal of M^-1, averaged over the axes of a joint."""
    for i in range(n.dofs):
        for k in range(n.dofs):
            d.step_acc[e, k] = 0.0
        d.step_acc[e, i] = 1.0
        d.dofs_invweight[e, i] = inverse_form(e, m, n, d.M_factor, d.step_acc)
    for j in range(n.joints):
        i = m.joint_dof_start[j]
        kind = m.joint_type[j]
        if kind == FREE or kind == BALL:
            for part in range(2):
                if part == 0 or kind == FREE:
                    mean = 0.0
                    for k in range(3):
                        mean += d.dofs_invweight[e, i + k] / 3.0
                    for k in range(3):
                        d.dofs_invweight[e, i + k] = mean
                    i += 3


@ti.func
def weigh_bodies(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """`M_factor` → `bodies_invweight`: of J M^-1 J^T at each centre of mass, the mean diagonal."""
    d.bodies_invweight[e, 0] = ti.Vector([0.0, 0.0])
    for b in range(1, n.bodies):
        mean = ti.Vector([0.0, 0.0])
        for axis in range(6):
            for i in range(n.dofs):
                entry = 0.0
                if moves_body(m, i, b):
                    arm = d.xipos[e, b] - d.tree_com[e, m.body_root[b]]
                    spin = angular(d.cdof[e, i])
                    move = linear(d.cdof[e, i]) + spin.cross(arm)
                    for k in ti.static(range(3)):
                        if axis == k:
                            entry = move[k]
                        elif axis == 3 + k:
                            entry = spin[k]
                d.step_acc[e, i] = entry
            mean[axis // 3] += inverse_form(e, m, n, d.M_factor, d.step_acc) / 3.0
        # A body that cannot move, or cannot turn, has the other of the two.
        if mean[0] < MIN_VALUE and mean[1] > MIN_VALUE:
            mean[0] = mean[1]
        elif mean[1] < MIN_VALUE and mean[0] > MIN_VALUE:
            mean[1] = mean[0]
        d.bodies_invweight[e, b] = mean


@ti.func
def weigh_tendons(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """`M_factor`, `tendon_J` → `tendons_invweight`: J M^-1 J^T of each tendon."""
    for t in range(n.tendons):
        for i in range(n.dofs):
            d.step_acc[e, i] = 0.0
        start = m.tendon_J_start[t]
        for k in range(start, start + m.tendon_J_size[t]):
            d.step_acc[e, m.tendon_J_column[k]] = d.tendon_J[e, k]
        d.tendons_invweight[e, t] = inverse_form(e, m, n, d.M_factor, d.step_acc)


@ti.kernel
def refresh_constants(
    m: ti.template(), n: ti.template(), d: ti.template(), chosen: ti.types.ndarray(ndim=1)
):
    """Sets what follows from masses and armature in the environments where `chosen` is not 0."""
    for e in range(n.envs):
        if chosen[e] != 0:
            if ti.static(n.own_links):
                weigh_trees(e, m, n, d)
            for q in range(n.qs):
                d.trial_qpos[e, q] = m.qpos0[q]
            forward_kinematics(e, m, n, d, d.trial_qpos)
            com_position(e, m, n, d)
            mass_matrix(e, m, n, d)
            if ti.static(n.tendons > 0):
                tendon_position(e, m, n, d, d.trial_qpos)
                if ti.static(n.armature_tendons > 0):
                    add_tendon_armature(e, m, n, d)
            scale = 0.0
            for i in range(n.dofs):
                scale += d.M[e, m.M_row_start[i] + m.M_row_size[i] - 1] / n.dofs
            d.inertia_scale[e, 0] = ti.max(scale, MIN_VALUE)
            for k in range(n.M_entries):
                d.M_factor[e, k] = d.M[e, k]
            factor(e, m, n, d.M_factor)
            weigh_dofs(e, m, n, d)
            weigh_bodies(e, m, n, d)
            if ti.static(n.tendons > 0):
                weigh_tendons(e, m, n, d)
