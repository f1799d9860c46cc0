"""Products of vectors and matrices in kernels, put together without reading any text.

Taichi has them as functions of its own language: for each `a @ b` of a kernel it reads their text
again, entry by entry, and every sum begins with a zero that is computed. That was two fifths of
what was read for a rigid step.
"""

import functools
import itertools
import operator
from collections.abc import Callable
from typing import Any

from genesis_state.kernels.lang.importing import impl, matrix, matrix_ops


def install() -> None:
    """Makes kernels use these. What Taichi asks of their arguments it goes on asking."""
    for name, written in {
        "_reduce": _reduced,
        "cross": _cross,
        "dot": _dot,
        "matmul": matrix_ops.preconditions(matrix_ops.check_matmul)(_matmul),
        "transpose": _transposed,
    }.items():
        func = getattr(matrix_ops, name).func
        func.__call__ = functools.partial(_inside_kernels, written, func.__call__)


def _inside_kernels(written: Callable, read: Callable, *args: Any) -> Any:
    """The entries' expression in a kernel, computed before what follows; outside, Taichi's own."""
    if not impl.inside_kernel():
        return read(*args)
    return impl.expr_init(written(*args))


def _entry(of: Any, *index: int) -> Any:
    return impl.subscript(None, of, *index)


def _sum(terms: Any) -> Any:
    return functools.reduce(operator.add, terms)


def _matmul(a: Any, b: Any) -> Any:
    a, b = impl.expr_init(a), impl.expr_init(b)
    dims = len(a.get_shape()), len(b.get_shape())
    if dims == (1, 1):
        return _dot(a, b)
    if dims == (1, 2):
        return _matmul(_transposed(b), a)
    rows, inner = map(range, a.get_shape())
    if dims == (2, 1):
        lines = [_sum(_entry(a, i, k) * _entry(b, k) for k in inner) for i in rows]
        return matrix.make_matrix(lines)
    columns = range(b.get_shape()[1])
    return matrix.make_matrix(
        [[_sum(_entry(a, i, k) * _entry(b, k, j) for k in inner) for j in columns] for i in rows]
    )


def _dot(a: Any, b: Any) -> Any:
    a, b = impl.expr_init(a), impl.expr_init(b)
    return _sum(_entry(a, i) * _entry(b, i) for i in range(*a.get_shape()))


def _cross(a: Any, b: Any) -> Any:
    a, b = impl.expr_init(a), impl.expr_init(b)

    def minor(i: int, j: int) -> Any:
        return _entry(a, i) * _entry(b, j) - _entry(a, j) * _entry(b, i)

    if a.get_shape() == (2,):
        return minor(0, 1)
    return matrix.make_matrix([minor(1, 2), minor(2, 0), minor(0, 1)])


def _transposed(a: Any) -> Any:
    a = impl.expr_init(a)
    rows, columns = a.get_shape()
    return matrix.make_matrix([[_entry(a, i, j) for i in range(rows)] for j in range(columns)])


def _reduced(a: Any, combined: Callable) -> Any:
    a = impl.expr_init(a)
    places = itertools.product(*map(range, a.get_shape()))
    return functools.reduce(combined, (_entry(a, *place) for place in places))
