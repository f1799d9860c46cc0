"""What the dofs of one environment would do without constraints."""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_actuation import actuation
from genesis_state.kernels.rigid_coupling import add_coupling_force
from genesis_state.kernels.rigid_dynamics import applied_force


@ti.func
def smooth_force(e, m: ti.template(), n: ti.template(), d: ti.template(), h):
    """Forces and controls → `qfrc_smooth`."""
    actuation(e, m, n, d, h)
    for i in range(n.dofs):
        d.qfrc_smooth[e, i] = d.qfrc_passive[e, i] - d.qfrc_bias[e, i] + d.qfrc_actuator[e, i]
    applied_force(e, m, n, d)
    if ti.static(n.coupled):
        add_coupling_force(e, n, d)
