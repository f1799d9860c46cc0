"""Calls on the box, the robot and the wall of test_rigid_entity.py that must be refused."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

BAD: list[tuple[type[Exception], str, Callable[[SimpleNamespace], Any]]] = [
    (
        ValueError,
        "robot.set_qpos: shape (3,), needs (6,) or (3, 6).",
        lambda s: s.robot.set_qpos([1, 2, 3]),
    ),
    (
        ValueError,
        "shape (3, 6), needs (6,) or (2, 6).",
        lambda s: s.robot.set_qpos(np.ones((3, 6)), envs_idx=[0, 1]),
    ),
    (
        ValueError,
        "shape (1, 1, 6), needs (6,) or (3, 6).",
        lambda s: s.robot.set_qpos(np.ones((1, 1, 6))),
    ),
    (
        ValueError,
        "robot.set_qpos is nan at [1, 2]",
        lambda s: s.robot.set_qpos(np.where(np.arange(18).reshape(3, 6) == 8, np.nan, 1)),
    ),
    (ValueError, "is inf at [0]", lambda s: s.robot.control_dofs_position([1e39, 0], [0, 4])),
    (ValueError, "robot.set_qpos is ragged", lambda s: s.robot.set_qpos([[1, 2], [3]])),
    (
        TypeError,
        "robot.set_qpos is of bools, needs numbers",
        lambda s: s.robot.set_qpos([True] * 6),
    ),
    (
        TypeError,
        "is of bool, needs numbers",
        lambda s: s.robot.set_qpos(torch.ones(6, dtype=torch.bool)),
    ),
    (
        TypeError,
        "is of complex64, needs numbers",
        lambda s: s.robot.set_qpos(torch.ones(6, dtype=torch.complex64)),
    ),
    (TypeError, "is of str, needs numbers", lambda s: s.robot.control_dofs_force("much")),
    (
        TypeError,
        "is of NoneType, needs numbers",
        lambda s: s.robot.control_dofs_position(None, [0]),
    ),
    (ValueError, "box.set_pos: a single number, needs (3,).", lambda s: s.box.set_pos(1.0)),
    (ValueError, "box.set_pos: shape (2,), needs (3,) or (3, 3).", lambda s: s.box.set_pos([1, 2])),
    (
        ValueError,
        "a quaternion of length 0",
        lambda s: s.box.set_quat([[1, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0]]),
    ),
    (
        ValueError,
        "robot.set_pos: its base is not free to move",
        lambda s: s.robot.set_pos([1, 2, 3]),
    ),
    (
        ValueError,
        "wall.set_quat: its base is not free to move",
        lambda s: s.wall.set_quat([1, 0, 0, 0]),
    ),
    (
        ValueError,
        "dofs [1, 2, 3] are of ball joint 'ball', needs hinges or slides",
        lambda s: s.robot.control_dofs_position(0.0),
    ),
    (
        ValueError,
        "dofs [2] are of free joint 'box_baselink_joint'",
        lambda s: s.box.control_dofs_velocity([0], [2]),
    ),
    (
        ValueError,
        "control_dofs_position_velocity velocity is nan",
        lambda s: s.robot.control_dofs_position_velocity([1], [np.nan], [0]),
    ),
    (
        ValueError,
        "control_dofs_position_velocity velocity: shape (2,), needs (1,) or (3, 1)",
        lambda s: s.robot.control_dofs_position_velocity([1], [1, 2], [0]),
    ),
    (
        ValueError,
        "set_dofs_force_range: lower is above upper; swap them",
        lambda s: s.robot.set_dofs_force_range(1, -1),
    ),
    (
        ValueError,
        "set_dofs_force_range upper: has NaN",
        lambda s: s.robot.set_dofs_force_range(1, np.nan),
    ),
    (
        IndexError,
        "robot: dofs_idx_local has 5, out of range for n_dofs=5",
        lambda s: s.robot.set_dofs_velocity(0, [1, 5]),
    ),
    (
        IndexError,
        "robot: qs_idx_local has -7, out of range for n_qs=6",
        lambda s: s.robot.set_qpos(0, -7),
    ),
    (IndexError, "robot: actuators_idx_local has 2", lambda s: s.robot.control_actuators(0, [2])),
    (
        ValueError,
        "robot: dofs_idx_local names 1 more than once",
        lambda s: s.robot.set_dofs_kp([1, 2], [1, -4]),
    ),
    (
        ValueError,
        "links_idx_local is a mask of length 2, needs 3 bools",
        lambda s: s.robot.apply_links_external_force([1, 2, 3], [True, False]),
    ),
    (
        TypeError,
        "dofs_idx_local mixes bools and ints",
        lambda s: s.robot.set_dofs_kp([1, 2], [True, 2]),
    ),
    (
        TypeError,
        "dofs_idx_local is of float64, needs ints or a mask of bools",
        lambda s: s.robot.set_dofs_kp([1], [1.0]),
    ),
    (TypeError, "dofs_idx_local is of str", lambda s: s.robot.set_dofs_kp([1], "rail")),
    (ValueError, "dofs_idx_local is a list of lists", lambda s: s.robot.set_dofs_kp([1], [[1]])),
    (
        ValueError,
        "dofs_idx_local has shape (1, 1), needs one axis",
        lambda s: s.robot.set_dofs_kp([1], np.array([[1]])),
    ),
    (
        IndexError,
        "envs_idx: 3 at position 1 is out of range",
        lambda s: s.robot.set_qpos(0, envs_idx=[0, 3]),
    ),
    (
        ValueError,
        "set_qpos: envs_idx names an environment more than once",
        lambda s: s.robot.set_qpos(np.ones((2, 6)), envs_idx=[1, 1]),
    ),
    (
        ValueError,
        "envs_idx names an environment more than once",
        lambda s: s.robot.apply_links_external_force([1, 2, 3], envs_idx=[1, 1]),
    ),
    (
        ValueError,
        "ref is 'root_com', needs 'link_origin' or 'link_com'",
        lambda s: s.robot.apply_links_external_torque([1, 2, 3], ref="root_com"),
    ),
    (ValueError, "ref is 'here', needs", lambda s: s.robot.get_links_pos(ref="here")),
]
