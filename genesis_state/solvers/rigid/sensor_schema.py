"""Variables of sensors: what each read in the last step, and where it sits.

They have room only for the sensors that the scene declares.
"""

from genesis_state.schema import Schema, StateVar


class SensorState(Schema):
    """Readings that come from the step, in the axes of each sensor."""

    imu_lin_acc = StateVar(
        "Acceleration less that of free fall [m/s^2]", ("imu",), (3,), role="memory"
    )
    imu_ang_vel = StateVar("Angular velocity [rad/s]", ("imu",), (3,), role="memory")
    joint_wrench_force = StateVar(
        "Force of the parent on the link [N]", ("joint_wrench",), (3,), role="memory"
    )
    joint_wrench_torque = StateVar(
        "Its torque about the sensor [N m]", ("joint_wrench",), (3,), role="memory"
    )

    imu_body = StateVar("Body", ("imu",), dtype="int", role="model")
    imu_pos = StateVar("Position in the body's frame [m]", ("imu",), (3,), role="model")
    imu_quat = StateVar("Orientation in the body's frame", ("imu",), (4,), role="model")
    joint_wrench_body = StateVar("Body", ("joint_wrench",), dtype="int", role="model")
    joint_wrench_pos = StateVar(
        "Position in the body's frame [m]", ("joint_wrench",), (3,), role="model"
    )
    joint_wrench_quat = StateVar(
        "Orientation in the body's frame", ("joint_wrench",), (4,), role="model"
    )
