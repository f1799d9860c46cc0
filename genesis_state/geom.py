"""Rotations and rigid transforms for numpy arrays and torch tensors, named as in Genesis.

A quaternion is (w, x, y, z), a rotation matrix R turns column vectors, T is a 4x4 transform. Every
function takes any number of leading axes, which broadcast, and answers in the kind, float type and
device it was given; sequences of numbers become numpy arrays.
"""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

import numpy as np
import torch


def _arrays(*values: Any) -> tuple[Any, ...]:
    """Returns torch or numpy, and the values as its arrays of one floating-point type."""
    if tensors := [v for v in values if isinstance(v, torch.Tensor)]:
        dtype = reduce(torch.promote_types, (t.dtype for t in tensors))
        dtype = dtype if dtype.is_floating_point else torch.get_default_dtype()
        device = tensors[0].device
        return torch, *(torch.as_tensor(v, dtype=dtype, device=device) for v in values)
    arrays = [v for v in values if isinstance(v, np.ndarray)]
    dtype = np.result_type(*arrays) if arrays else np.dtype(float)
    dtype = dtype if dtype.kind == "f" else np.dtype(float)
    return np, *(np.asarray(v, dtype=dtype) for v in values)


def _norm(xp: Any, x: Any) -> Any:
    return xp.sqrt((x * x).sum(-1))[..., None]


def _stack(xp: Any, *parts: Any) -> Any:
    return xp.stack(parts, -1)


def _join(xp: Any, *parts: Any) -> Any:
    """Joins parts on the last axis after broadcasting their leading axes."""
    lead = np.broadcast_shapes(*(tuple(p.shape[:-1]) for p in parts))
    return xp.concatenate([xp.broadcast_to(p, (*lead, p.shape[-1])) for p in parts], -1)


def _quat_mul(xp: Any, u: Any, v: Any) -> Any:
    (a, b, c, d), (w, x, y, z) = (tuple(q[..., i] for i in range(4)) for q in (u, v))
    return _stack(
        xp,
        a * w - b * x - c * y - d * z,
        a * x + b * w + c * z - d * y,
        a * y - b * z + c * w + d * x,
        a * z + b * y - c * x + d * w,
    )


def zero_pos() -> np.ndarray:
    """The origin, shape (3,)."""
    return np.zeros(3)


def identity_quat() -> np.ndarray:
    """No rotation, shape (4,)."""
    return np.array([1.0, 0.0, 0.0, 0.0])


def normalize(x, eps: float = 1e-12):
    """Scales vectors to length 1; one shorter than `eps` is divided by `eps`."""
    xp, x = _arrays(x)
    return x / xp.clip(_norm(xp, x), eps, None)


def inv_quat(quat):
    """The inverse of unit quaternions."""
    xp, quat = _arrays(quat)
    return _join(xp, quat[..., :1], -quat[..., 1:])


def transform_quat_by_quat(v, u):
    """Turns the orientation `v` by `u`: the normalized product u v."""
    xp, v, u = _arrays(v, u)
    return normalize(_quat_mul(xp, u, v))


def transform_by_quat(v, quat):
    """Turns vectors `v`, shape (..., 3), by `quat`."""
    _, v, quat = _arrays(v, quat)
    return (quat_to_R(quat) * v[..., None, :]).sum(-1)


def inv_transform_by_quat(v, quat):
    """Turns vectors `v`, shape (..., 3), by the inverse of `quat`."""
    return transform_by_quat(v, inv_quat(quat))


def transform_by_trans_quat(pos, trans, quat):
    """Takes points from the frame at (trans, quat) to the frame it is given in."""
    _, pos, trans, quat = _arrays(pos, trans, quat)
    return transform_by_quat(pos, quat) + trans


def inv_transform_by_trans_quat(pos, trans, quat):
    """Takes points into the frame at (trans, quat)."""
    _, pos, trans, quat = _arrays(pos, trans, quat)
    return inv_transform_by_quat(pos - trans, quat)


def transform_pos_quat_by_trans_quat(pos, quat, t_trans, t_quat):
    """Takes poses from the frame at (t_trans, t_quat) to the frame it is given in."""
    return transform_by_trans_quat(pos, t_trans, t_quat), transform_quat_by_quat(quat, t_quat)


def inv_transform_pos_quat_by_trans_quat(pos, quat, t_trans, t_quat):
    """Takes poses into the frame at (t_trans, t_quat)."""
    pos = inv_transform_by_trans_quat(pos, t_trans, t_quat)
    return pos, transform_quat_by_quat(quat, inv_quat(t_quat))


def quat_to_R(quat):
    """Rotation matrices, shape (..., 3, 3); quaternions need not be of length 1."""
    xp, quat = _arrays(quat)
    w, x, y, z = (quat[..., i] for i in range(4))
    s = 2.0 / (quat * quat).sum(-1)
    rows = (
        _stack(xp, 1 - s * (y * y + z * z), s * (x * y - w * z), s * (x * z + w * y)),
        _stack(xp, s * (x * y + w * z), 1 - s * (x * x + z * z), s * (y * z - w * x)),
        _stack(xp, s * (x * z - w * y), s * (y * z + w * x), 1 - s * (x * x + y * y)),
    )
    return xp.stack(rows, -2)


def R_to_quat(R):
    """Quaternions of rotation matrices, shape (..., 3, 3), the largest component positive."""
    xp, R = _arrays(R)
    (a, b, c), (d, e, f), (g, h, i) = ([R[..., j, k] for k in range(3)] for j in range(3))
    # Each row is the quaternion times four times one component; the largest divides best.
    rows = xp.stack(
        (
            _stack(xp, 1 + a + e + i, h - f, c - g, d - b),
            _stack(xp, h - f, 1 + a - e - i, b + d, c + g),
            _stack(xp, c - g, b + d, 1 - a + e - i, f + h),
            _stack(xp, d - b, c + g, f + h, 1 - a - e + i),
        ),
        -2,
    )
    diagonal = _stack(xp, *(rows[..., j, j] for j in range(4)))
    best = diagonal.argmax(-1)[..., None]
    quat = rows[..., 0, :]
    for j in range(1, 4):
        quat = xp.where(best == j, rows[..., j, :], quat)
    return normalize(quat)


def xyz_to_quat(xyz, rpy: bool = False, degrees: bool = False):
    """Quaternions of angles about x, y and z, shape (..., 3).

    Args:
        xyz: Angles [rad].
        rpy: True turns about the fixed axes in the order x, y, z (roll, pitch, yaw). False turns
            about the axes as they move, in the same order.
        degrees: Whether the angles are in degrees.
    """
    xp, xyz = _arrays(xyz)
    if not rpy:
        return inv_quat(xyz_to_quat(-xyz, rpy=True, degrees=degrees))
    half = xyz * (math.pi / 360 if degrees else 0.5)
    zero = xp.zeros_like(half[..., 0])
    cos, sin = xp.cos(half), xp.sin(half)
    quat = _stack(xp, cos[..., 0], sin[..., 0], zero, zero)
    quat = _quat_mul(xp, _stack(xp, cos[..., 1], zero, sin[..., 1], zero), quat)
    return _quat_mul(xp, _stack(xp, cos[..., 2], zero, zero, sin[..., 2]), quat)


def quat_to_xyz(quat, rpy: bool = False, degrees: bool = False):
    """The inverse of `xyz_to_quat`; the second angle is within a quarter turn of zero."""
    if not rpy:
        return -quat_to_xyz(inv_quat(quat), rpy=True, degrees=degrees)
    R = quat_to_R(quat)
    xp, R = _arrays(R)
    cos_y = xp.sqrt(R[..., 0, 0] ** 2 + R[..., 1, 0] ** 2)
    # Where x and z turn about one axis, all of the turn is given to z.
    locked = cos_y < 8 * xp.finfo(R.dtype).eps
    x = xp.where(locked, xp.zeros_like(cos_y), xp.arctan2(R[..., 2, 1], R[..., 2, 2]))
    y = xp.arctan2(-R[..., 2, 0], cos_y)
    z = xp.where(
        locked,
        xp.arctan2(-R[..., 0, 1], R[..., 1, 1]),
        xp.arctan2(R[..., 1, 0], R[..., 0, 0]),
    )
    return _stack(xp, x, y, z) * (180 / math.pi if degrees else 1.0)


def euler_to_quat(euler_xyz):
    """Quaternions of angles about the fixed axes x, y, z in that order [degrees]."""
    return xyz_to_quat(euler_xyz, rpy=True, degrees=True)


def R_to_xyz(R, rpy: bool = False, degrees: bool = False):
    """Angles of rotation matrices, see `quat_to_xyz`."""
    return quat_to_xyz(R_to_quat(R), rpy=rpy, degrees=degrees)


def axis_angle_to_quat(angle, axis):
    """Quaternions that turn by `angle` [rad], shape (...), about `axis`, shape (..., 3)."""
    xp, angle, axis = _arrays(angle, axis)
    half = 0.5 * angle[..., None]
    return normalize(_join(xp, xp.cos(half), normalize(axis) * xp.sin(half)))


def rotvec_to_quat(rotvec):
    """Quaternions that turn about `rotvec`, shape (..., 3), by its length [rad]."""
    xp, rotvec = _arrays(rotvec)
    angle = _norm(xp, rotvec)
    # sinc needs no case for small angles: numpy and torch both define it as sin(pi x) / (pi x).
    return _join(xp, xp.cos(0.5 * angle), 0.5 * xp.sinc(angle / (2 * math.pi)) * rotvec)


def quat_to_rotvec(quat):
    """Axis times angle [rad], shape (..., 3), of length at most pi."""
    xp, quat = _arrays(quat)
    quat = xp.where(quat[..., :1] < 0, -quat, quat)
    w, vector = quat[..., :1], quat[..., 1:]
    s = _norm(xp, vector)
    tiny = s < 1e-12
    one = xp.ones_like(s)
    scale = xp.where(tiny, 2 * one, 2 * xp.arctan2(s, w) / xp.where(tiny, one, s))
    return scale * vector


def z_to_quat(z):
    """Quaternions of the shortest turn that takes the z axis to `z`, shape (..., 3)."""
    xp, z = _arrays(z)
    z = normalize(z)
    zero = xp.zeros_like(z[..., 0])
    half = _stack(xp, 1 + z[..., 2], -z[..., 1], z[..., 0], zero)
    # Straight down has no shortest turn: take the one about x.
    flip = _stack(xp, zero, zero + 1, zero, zero)
    return normalize(xp.where(_norm(xp, half) < 1e-6, flip, half))


def slerp(q0, q1, t):
    """Turns from `q0` (t = 0) to `q1` (t = 1) the short way, at constant speed.

    Args:
        q0: Start, shape (..., 4).
        q1: End, shape (..., 4).
        t: Fraction, a number or shape (...) or (..., 1).
    """
    xp, q0, q1, t = _arrays(q0, q1, t)
    q0, q1 = normalize(q0), normalize(q1)
    if t.ndim and t.ndim == max(q0.ndim, q1.ndim) - 1:
        t = t[..., None]
    step = quat_to_rotvec(_quat_mul(xp, inv_quat(q0), q1))
    return _quat_mul(xp, *_same_lead(xp, q0, rotvec_to_quat(t * step)))


def _same_lead(xp: Any, u: Any, v: Any) -> tuple[Any, Any]:
    lead = np.broadcast_shapes(tuple(u.shape[:-1]), tuple(v.shape[:-1]))
    return tuple(xp.broadcast_to(q, (*lead, q.shape[-1])) for q in (u, v))


def trans_quat_to_T(trans, quat):
    """Transforms, shape (..., 4, 4), of the frames at (trans, quat)."""
    xp, trans, quat = _arrays(trans, quat)
    R = quat_to_R(quat)
    lead = np.broadcast_shapes(tuple(trans.shape[:-1]), tuple(quat.shape[:-1]))
    T = xp.zeros_like(xp.broadcast_to(quat[..., None] * 0, (*lead, 4, 4)))
    T[..., :3, :3], T[..., :3, 3], T[..., 3, 3] = R, trans, 1.0
    return T


def T_to_trans_quat(T):
    """Positions and quaternions of transforms, shape (..., 4, 4)."""
    _, T = _arrays(T)
    return T[..., :3, 3], R_to_quat(T[..., :3, :3])
