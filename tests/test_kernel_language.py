"""What `genesis_state.kernels.lang` puts in the place of Taichi's own means just the same."""

# pyright: reportInvalidTypeForm=false

import importlib
import inspect
import pkgutil

import numpy as np
import pytest

import genesis_state as gs
import genesis_state.kernels
from genesis_state.kernels.lang import reading, ti

SHAPES = ((3, 3), (2, 3), (3,), (3,), (2,))  # of the arguments of `products`


def kernel_functions():
    """Every function of the package that Taichi reads."""
    for module in pkgutil.iter_modules(genesis_state.kernels.__path__, "genesis_state.kernels."):
        for value in vars(importlib.import_module(module.name)).values():
            read = getattr(value, "func", None) or getattr(value, "_primal", None)
            while read is not None and not inspect.isfunction(read):
                read = getattr(read, "func", None)
            if read is not None and read.__module__ == module.name:
                yield read


def test_functions_end_where_their_indentation_does() -> None:
    functions = set(kernel_functions())
    assert len(functions) > 500
    for function in functions:
        lines, first = inspect.getsourcelines(function)
        assert reading._source_lines(function) == (lines, first), function


@ti.kernel
def products(
    out: ti.types.ndarray(),
    a: ti.types.matrix(3, 3, ti.f64),
    w: ti.types.matrix(2, 3, ti.f64),
    u: ti.types.vector(3, ti.f64),
    v: ti.types.vector(3, ti.f64),
    p: ti.types.vector(2, ti.f64),
):
    for i, j in ti.static(ti.ndrange(3, 3)):
        out[0, i, j] = (a @ a)[i, j]
        out[1, i, j] = (w.transpose() @ w)[i, j]
    for i in ti.static(range(3)):
        out[2, 0, i] = (a @ u)[i]
        out[2, 1, i] = (u @ a)[i]
        out[2, 2, i] = u.cross(v)[i]
        out[3, 0, i] = (p @ w)[i]
    out[3, 1, 0] = u.dot(v)
    out[3, 1, 1] = u @ v
    out[3, 1, 2] = p.cross(w @ u)
    out[3, 2, 0] = a.sum()
    out[3, 2, 1] = a.max()
    out[3, 2, 2] = u.norm()


def test_products_in_kernels_are_those_of_numpy() -> None:
    gs.init()
    random = np.random.default_rng(1)
    a, w, u, v, p = (random.normal(size=shape) for shape in SHAPES)
    out = np.zeros((4, 3, 3))
    products(out, a, w, u, v, p)
    q = w @ u
    want = np.array(
        [
            a @ a,
            w.T @ w,
            [a @ u, u @ a, np.cross(u, v)],
            [
                p @ w,
                [u @ v, u @ v, p[0] * q[1] - p[1] * q[0]],
                [a.sum(), a.max(), np.linalg.norm(u)],
            ],
        ]
    )
    np.testing.assert_allclose(out, want, rtol=0, atol=1e-14)


def test_products_that_do_not_fit_are_refused() -> None:
    gs.init()

    @ti.kernel
    def product(u: ti.types.vector(3, ti.f32), p: ti.types.vector(2, ti.f32)):
        _w = u.outer_product(u) @ p

    with pytest.raises(ti.TaichiCompilationError, match="dimension mismatch"):
        product([1.0, 2.0, 3.0], [1.0, 2.0])
