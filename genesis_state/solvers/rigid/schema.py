"""Every variable of the rigid solver, declared once.

Bodies are MuJoCo's, the world being body 0; links are the bodies without the world, so link l is
body l + 1. Spatial vectors are (angular, linear).
"""

from genesis_state.schema import Schema, StateVar
from genesis_state.solvers.rigid.actuator_schema import ActuatorState
from genesis_state.solvers.rigid.contact_schema import ContactState
from genesis_state.solvers.rigid.convex_schema import ConvexState
from genesis_state.solvers.rigid.coupling_schema import CouplingState
from genesis_state.solvers.rigid.equality_schema import EqualityState
from genesis_state.solvers.rigid.noslip_schema import NoslipState
from genesis_state.solvers.rigid.parameter_schema import ParameterState
from genesis_state.solvers.rigid.sensor_schema import SensorState
from genesis_state.solvers.rigid.tendon_schema import TendonState

UNLIMITED = 3.0e38  # a force that no control reaches, finite so that it survives every format


class BodyState(Schema):
    """State, memory and parameters of articulated rigid bodies."""

    qpos = StateVar("Generalized positions [m, rad, quaternions w x y z]", ("q",))
    dofs_vel = StateVar("Generalized velocities [m/s, rad/s]", ("dof",))
    links_pos = StateVar(
        "Position of each link's frame in the world [m]", ("link",), (3,), derived=True
    )
    links_quat = StateVar(
        "Orientation of each link's frame, w x y z", ("link",), (4,), derived=True
    )

    dofs_acc = StateVar(
        "Generalized accelerations of the last step, where the next solve starts",
        ("dof",),
        role="memory",
    )
    dofs_force = StateVar(
        "Net generalized force of the last step [N, N m]", ("dof",), role="memory"
    )
    act = StateVar("Actuator activations", ("activation",), role="memory")
    ctrl = StateVar("Actuator controls", ("actuator",), role="memory", command=True)
    control_mode = StateVar(
        "Who drives a dof: 0 actuators, 1 force, 2 velocity, 3 position",
        ("dof",),
        dtype="int",
        role="memory",
        command=True,
    )
    control_force = StateVar("Commanded force [N, N m]", ("dof",), role="memory", command=True)
    control_pos = StateVar("Commanded position [m, rad]", ("dof",), role="memory", command=True)
    control_vel = StateVar("Commanded velocity [m/s, rad/s]", ("dof",), role="memory", command=True)
    mocap_pos = StateVar(
        "Where each mocap body is put [m]", ("mocap",), (3,), role="memory", command=True
    )
    mocap_quat = StateVar(
        "How it is turned, w x y z", ("mocap",), (4,), role="memory", command=True
    )
    links_applied_force = StateVar(
        "Torque and force put on each link for the next step [N m, N]",
        ("link",),
        (6,),
        role="memory",
        command=True,
    )
    error = StateVar("Whether the state stopped being a state", dtype="bool", role="memory")

    dofs_kp = StateVar("Position gain of PD control [N/m, N m/rad]", ("dof",), role="param")
    dofs_kv = StateVar("Velocity gain of PD control [N s/m, N m s/rad]", ("dof",), role="param")
    dofs_force_lower = StateVar(
        "Least force of PD control [N, N m]", ("dof",), reset=-UNLIMITED, role="param"
    )
    dofs_force_upper = StateVar(
        "Largest force of PD control [N, N m]", ("dof",), reset=UNLIMITED, role="param"
    )

    xpos = StateVar("Body frame positions [m]", ("body",), (3,), role="scratch")
    xquat = StateVar("Body frame orientations", ("body",), (4,), role="scratch")
    xipos = StateVar("Body centres of mass [m]", ("body",), (3,), role="scratch")
    xanchor = StateVar("Joint anchors [m]", ("joint",), (3,), role="scratch")
    xaxis = StateVar("Joint axes", ("joint",), (3,), role="scratch")
    tree_com = StateVar(
        "Centre of mass of the tree, at its root [m]", ("body",), (3,), role="scratch"
    )
    cinert = StateVar("Spatial inertias", ("body",), (10,), role="scratch")
    crb = StateVar("Composite spatial inertias", ("body",), (10,), role="scratch")
    cvel = StateVar("Spatial velocities", ("body",), (6,), role="scratch")
    cacc = StateVar(
        "Spatial accelerations without joint accelerations", ("body",), (6,), role="scratch"
    )
    cfrc = StateVar("Spatial forces", ("body",), (6,), role="scratch")
    cdof = StateVar("Motion axes", ("dof",), (6,), role="scratch")
    cdof_dot = StateVar("Rates of the motion axes", ("dof",), (6,), role="scratch")
    M = StateVar("Joint-space inertia, sparse rows", ("M_entry",), role="scratch")
    M_factor = StateVar("Its factors, or those of M + h D", ("M_entry",), role="scratch")
    qfrc_bias = StateVar("Coriolis and gravity forces", ("dof",), role="scratch")
    qfrc_passive = StateVar("Springs and dampers", ("dof",), role="scratch")
    qfrc_gravcomp = StateVar("Gravity compensation", ("dof",), role="scratch")
    qfrc_actuator = StateVar("Actuators and PD control", ("dof",), role="scratch")
    qfrc_smooth = StateVar("All forces but constraints", ("dof",), role="scratch")
    qfrc_constraint = StateVar("Constraint forces", ("dof",), role="scratch")
    step_acc = StateVar("Accelerations the integrator applies", ("dof",), role="scratch")

    n_rows = StateVar("Constraint rows", dtype="int", role="scratch")
    n_equality_rows = StateVar("Rows of equalities, which come first", dtype="int", role="scratch")
    row_kind = StateVar(
        "0 equality, 1 friction, 2 limit, 3 to 5 those of tendons",
        ("row",),
        dtype="int",
        role="scratch",
    )
    row_source = StateVar(
        "Its equality, dof, joint or tendon", ("row",), dtype="int", role="scratch"
    )
    row_first = StateVar("First dof it acts on", ("row",), dtype="int", role="scratch")
    row_end = StateVar("One past the last", ("row",), dtype="int", role="scratch")
    row_position = StateVar("Share of the violation [m, rad]", ("row",), role="scratch")
    row_violation = StateVar("Violation of the constraint [m, rad]", ("row",), role="scratch")
    row_weight = StateVar("Mean inverse inertia", ("row",), role="scratch")
    row_J_rate = StateVar("Rate of J times the velocity", ("row",), role="scratch")
    row_J = StateVar("Constraint Jacobian", ("row", "dof"), role="scratch")
    row_D = StateVar("Constraint stiffness", ("row",), role="scratch")
    row_aref = StateVar("Reference accelerations", ("row",), role="scratch")
    row_floss = StateVar("Largest friction forces", ("row",), role="scratch")
    row_x = StateVar("J a - aref", ("row",), role="scratch")
    row_Jv = StateVar("J search", ("row",), role="scratch")
    row_cost = StateVar("Cost where a line search starts", ("row",), role="scratch")
    Ma = StateVar("M a", ("dof",), role="scratch")
    Mv = StateVar("M search", ("dof",), role="scratch")
    grad = StateVar("Gradient of the cost", ("dof",), role="scratch")
    grad_norm = StateVar("Its norm, scaled as the tolerance is", role="scratch")
    Mgrad = StateVar("M^-1 grad", ("cg_dof",), role="scratch")
    Mgrad_before = StateVar("Likewise in the last iteration", ("cg_dof",), role="scratch")
    grad_before = StateVar("grad in the last iteration", ("cg_dof",), role="scratch")
    search = StateVar("Search direction", ("dof",), role="scratch")
    H = StateVar("Hessian and its factors", ("H_dof", "H_dof"), role="scratch")
    H_mask = StateVar(
        "Which entries of its rows are not zero, 32 to a word",
        ("listed_dof", "word"),
        dtype="int",
        role="scratch",
    )
    H_size = StateVar(
        "Entries left of the diagonal in each row", ("listed_dof",), dtype="int", role="scratch"
    )
    H_column = StateVar("Their columns", ("listed_dof", "listed_dof"), dtype="int", role="scratch")
    free_A = StateVar("M + h (D + B) of a lone free body", ("six", "six"), role="scratch")

    rk_qpos = StateVar("Positions at the start of a Runge-Kutta step", ("rk_q",), role="scratch")
    rk_vel = StateVar("Velocities likewise", ("rk_dof",), role="scratch")
    rk_act = StateVar("Activations likewise", ("rk_activation",), role="scratch")
    rk_rate = StateVar("Rates of the coordinates at a stage", ("rk_dof",), role="scratch")
    rk_mean_rate = StateVar("Their weighted mean over the stages", ("rk_dof",), role="scratch")
    rk_mean_acc = StateVar("Likewise of the accelerations", ("rk_dof",), role="scratch")
    rk_mean_act_dot = StateVar(
        "Likewise of the activation rates", ("rk_activation",), role="scratch"
    )
    trial_qpos = StateVar("Positions that inverse kinematics tries", ("q",), role="scratch")

    timestep = StateVar("Duration of a substep [s]", role="model")
    gravity = StateVar("Acceleration of free fall [m/s^2]", (), (3,), role="model")
    mean_inertia = StateVar("Scale of M, for the solver's tolerance", role="model")
    tolerance = StateVar("Scaled gradient or gain at which the solver stops", role="model")
    ls_tolerance = StateVar("Likewise for its line search, relative", role="model")
    iterations = StateVar("Most Newton iterations", dtype="int", role="model")
    ls_iterations = StateVar("Most line search iterations", dtype="int", role="model")

    body_parent = StateVar("Parent body", ("body",), dtype="int", role="model")
    body_root = StateVar("Root of the body's tree", ("body",), dtype="int", role="model")
    body_last = StateVar("Last body of the subtree", ("body",), dtype="int", role="model")
    body_joint_start = StateVar("First joint", ("body",), dtype="int", role="model")
    body_n_joints = StateVar("Joints", ("body",), dtype="int", role="model")
    body_dof_start = StateVar("First dof", ("body",), dtype="int", role="model")
    body_n_dofs = StateVar("Dofs", ("body",), dtype="int", role="model")
    body_last_dof = StateVar(
        "Last dof that moves the body, or -1", ("body",), dtype="int", role="model"
    )
    body_mocap = StateVar("Mocap body, or -1", ("body",), dtype="int", role="model")
    body_pos = StateVar("Position in the parent's frame [m]", ("body",), (3,), role="model")
    body_quat = StateVar("Orientation in the parent's frame", ("body",), (4,), role="model")
    body_ipos = StateVar("Centre of mass in the body's frame [m]", ("body",), (3,), role="model")
    body_iquat = StateVar("Principal axes in the body's frame", ("body",), (4,), role="model")
    body_mass = StateVar("Mass [kg]", ("body",), role="model")
    body_subtree_mass = StateVar("Mass of the subtree [kg]", ("body",), role="model")
    body_inertia = StateVar("Principal moments [kg m^2]", ("body",), (3,), role="model")
    body_gravcomp = StateVar("Share of the weight that is compensated", ("body",), role="model")
    body_invweight = StateVar(
        "Mean inverse inertia, translation and rotation", ("body",), (2,), role="model"
    )
    lone_body = StateVar("Free bodies without children", ("lone_body",), dtype="int", role="model")

    joint_type = StateVar("0 free, 1 ball, 2 slide, 3 hinge", ("joint",), dtype="int", role="model")
    joint_body = StateVar("Body", ("joint",), dtype="int", role="model")
    joint_q_start = StateVar("First position", ("joint",), dtype="int", role="model")
    joint_dof_start = StateVar("First dof", ("joint",), dtype="int", role="model")
    joint_n_dofs = StateVar("Dofs", ("joint",), dtype="int", role="model")
    joint_pos = StateVar("Anchor in the body's frame [m]", ("joint",), (3,), role="model")
    joint_axis = StateVar("Axis in the body's frame", ("joint",), (3,), role="model")
    joint_stiffness = StateVar("Stiffness [N/m, N m/rad]", ("joint",), role="model")
    joint_stiffness_polynomial = StateVar(
        "Stiffness per stretch and per its square", ("joint",), (2,), role="model"
    )
    joint_limited = StateVar("Whether it has limits", ("joint",), dtype="int", role="model")
    joint_range = StateVar("Limits [m, rad]", ("joint",), (2,), role="model")
    joint_margin = StateVar("Distance at which limits act [m, rad]", ("joint",), role="model")
    joint_solref = StateVar("solref of the limits", ("joint",), (2,), role="model")
    joint_solimp = StateVar("solimp of the limits", ("joint",), (5,), role="model")
    joint_act_gravcomp = StateVar(
        "Whether actuators compensate gravity", ("joint",), dtype="int", role="model"
    )
    joint_act_force_limited = StateVar(
        "Whether actuator force is limited", ("joint",), dtype="int", role="model"
    )
    joint_act_force_range = StateVar("Its limits [N, N m]", ("joint",), (2,), role="model")

    dof_body = StateVar("Body", ("dof",), dtype="int", role="model")
    dof_joint = StateVar("Joint", ("dof",), dtype="int", role="model")
    dof_parent = StateVar("Next dof towards the root, or -1", ("dof",), dtype="int", role="model")
    dof_damping = StateVar("Damping [N s/m, N m s/rad]", ("dof",), role="model")
    dof_damping_polynomial = StateVar(
        "Damping per speed and per its square", ("dof",), (2,), role="model"
    )
    dof_armature = StateVar("Armature [kg, kg m^2]", ("dof",), role="model")
    dof_frictionloss = StateVar("Dry friction [N, N m]", ("dof",), role="model")
    dof_invweight = StateVar("Mean inverse inertia", ("dof",), role="model")
    dof_solref = StateVar("solref of dry friction", ("dof",), (2,), role="model")
    dof_solimp = StateVar("solimp of dry friction", ("dof",), (5,), role="model")
    qpos0 = StateVar("Positions of the model as written", ("q",), role="model")
    qpos_spring = StateVar("Positions where springs rest", ("q",), role="model")
    H_model_size = StateVar(
        "Entries left of the diagonal in each row of the Hessian, whatever touches",
        ("dof",),
        dtype="int",
        role="model",
    )
    H_model_column = StateVar("Their columns", ("dof", "dof"), dtype="int", role="model")
    H_model_mask = StateVar("The same, 32 to a word", ("dof", "word"), dtype="int", role="model")
    M_row_start = StateVar("First entry of a row of M", ("dof",), dtype="int", role="model")
    M_row_size = StateVar("Entries of a row of M", ("dof",), dtype="int", role="model")
    M_column = StateVar("Column of each entry of M", ("M_entry",), dtype="int", role="model")


class RigidState(
    BodyState,
    ActuatorState,
    EqualityState,
    TendonState,
    ParameterState,
    ContactState,
    ConvexState,
    NoslipState,
    CouplingState,
    SensorState,
):
    """Every variable of the rigid solver."""
