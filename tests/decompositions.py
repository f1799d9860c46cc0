"""The rotations and stretches of many matrices at once, as the kernels find them."""

# pyright: reportInvalidTypeForm=false
# Taichi's annotations are calls.

import numpy as np

from genesis_state.kernels.decomposition import rotation_of, signed_svd
from genesis_state.kernels.lang import ti
from genesis_state.runtime import require
from tests.figures import Figure, most


@ti.kernel
def decompose(
    f: ti.types.ndarray(),
    u: ti.types.ndarray(),
    s: ti.types.ndarray(),
    v: ti.types.ndarray(),
    r: ti.types.ndarray(),
    eps: ti.template(),
):
    for k in range(f.shape[0]):
        F = ti.Matrix([[f[k, i, j] for j in ti.static(range(3))] for i in ti.static(range(3))])
        U, S, V = signed_svd(F, eps)
        R = rotation_of(F, eps)
        for i in ti.static(range(3)):
            s[k, i] = S[i]
            for j in ti.static(range(3)):
                u[k, i, j] = U[i, j]
                v[k, i, j] = V[i, j]
                r[k, i, j] = R[i, j]


def matrices() -> dict[str, np.ndarray]:
    """Matrices of every sort, by name, each of shape (n, 3, 3); the largest stretch is near one."""
    rng = np.random.default_rng(0)
    n = 500

    def turned(stretches):
        u, v = (np.linalg.qr(rng.normal(size=(n, 3, 3)))[0] for _ in range(2))
        for q in (u, v):
            q[:, :, 0] *= np.linalg.det(q)[:, None]
        return u @ (np.asarray(stretches)[..., None] * v.transpose(0, 2, 1))

    ones = np.ones((n, 3))
    tiny = 10.0 ** rng.uniform(-9, -3, size=(n, 1))
    return {
        "random": rng.normal(size=(n, 3, 3)),
        "nearly a rotation": turned(ones + 1e-4 * rng.normal(size=(n, 3))),
        "rotations": turned(ones),
        "repeated stretches": turned(ones * (1.0, 1.0, 0.5)),
        "inside out": turned(ones * (1.2, 0.9, -0.4)),
        "inside out by little": turned(np.concatenate((ones[:, :2], -tiny), axis=1)),
        "nearly flat": turned(np.concatenate((ones[:, :2], tiny), axis=1)),
        "nearly a line": turned(np.concatenate((ones[:, :1], tiny, 0.1 * tiny), axis=1)),
        "flat": turned(ones * (1.0, 0.5, 0.0)),
        "a line": turned(ones * (1.0, 0.0, 0.0)),
        "nothing": np.zeros((1, 3, 3)),
        "diagonal": np.array([np.diag(d) for d in ((1, 2, 3), (3, 2, 1), (2, 3, 1), (-1, 1, 1))]),
        "very small": 1e-6 * rng.normal(size=(n, 3, 3)),
        "very large": 1e6 * rng.normal(size=(n, 3, 3)),
    }


def decompositions() -> list[Figure]:
    """`signed_svd` and `rotation_of` beside numpy.linalg.svd."""
    precise = require().precision == "64"
    dtype = np.float64 if precise else np.float32
    eps = float(np.finfo(dtype).eps)
    again, orthogonal, stretches, signs, rotations = [], [], [], [], []
    for every in matrices().values():
        f = every.astype(dtype)
        u, v, r = (np.zeros_like(f) for _ in range(3))
        s = np.zeros(f.shape[:2], dtype)
        decompose(f, u, s, v, r, eps)
        F, U, S, V, R = (a.astype(float) for a in (f, u, s, v, r))
        scale = np.maximum(np.linalg.norm(F, axis=(1, 2)), 1e-300)
        back = U @ (S[..., None] * V.transpose(0, 2, 1))
        again.append(float((np.linalg.norm(back - F, axis=(1, 2)) / scale).max()))
        for q in (U, V, R):
            off = np.linalg.norm(q @ q.transpose(0, 2, 1) - np.eye(3), axis=(1, 2))
            orthogonal.append(float(off.max()))
            signs.append(float(np.abs(np.linalg.det(q) - 1).max()))
        a, b, c = np.linalg.svd(F)
        b = b.copy()
        flip = np.sign(np.linalg.det(a) * np.linalg.det(c))
        b[:, 2] *= flip
        difference = np.abs(np.sort(S, axis=1) - np.sort(b, axis=1)).max(axis=1)
        stretches.append(float((difference / scale).max()))
        # The nearest rotation is as uncertain as the two least stretches are close to opposite.
        a[:, :, 2] *= flip[:, None]
        gap = np.maximum(b[:, 1] + b[:, 2], 0.0) / np.maximum(b[:, 0], 1e-300)
        off = np.linalg.norm(R - a @ c, axis=(1, 2)) * gap
        rotations.append(float(off.max()))
    limit = 40 * eps if not precise else 200 * eps  # numpy errs too
    source = "numpy.linalg.svd, 14 sorts of matrices: singular, inside out, repeated stretches"
    return [
        most("U S V^T - F, part of F", again, limit, source),
        most("Q Q^T - 1 of U, V and R", orthogonal, limit, source),
        most("det - 1 of U, V and R", signs, limit, source),
        most("error of the stretches, part of F", stretches, limit, source),
        most("R beside U V^T, times how well it is determined", rotations, limit, source),
    ]
