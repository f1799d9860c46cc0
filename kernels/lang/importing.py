"""Taichi, imported without its banner and without its search for classes."""

import inspect
import linecache
import os
import types

# Read by Taichi while it is imported: no banner, no call home, and in a notebook nothing about it.
os.environ.setdefault("ENABLE_TAICHI_HEADER_PRINT", "False")
os.environ.setdefault("TI_SKIP_VERSION_CHECK", "ON")
os.environ.setdefault("TI_LOG_LEVEL", "error")


def _statement_of(frame: types.FrameType, context: int = 1) -> tuple:
    """`inspect.getframeinfo` of a file that is being imported, without a search for its module.

    Taichi asks for the statement around each of its functions, to see whether that is a class; the
    search goes through all that was imported before.
    """
    code = frame.f_code
    line = linecache.getline(code.co_filename, frame.f_lineno)
    return code.co_filename, frame.f_lineno, code.co_name, [line], 0


_getframeinfo = inspect.getframeinfo
inspect.getframeinfo = _statement_of
try:
    import taichi as ti
    from taichi._lib.core import taichi_python
    from taichi.lang import impl, kernel_impl, matrix, matrix_ops, snode
    from taichi.lang.ast.ast_transformer_utils import ASTTransformerContext, Builder
finally:
    inspect.getframeinfo = _getframeinfo

if os.environ["TI_LOG_LEVEL"] == "error":
    del os.environ["TI_LOG_LEVEL"]  # it would outdo what is given to ti.init

__all__ = [
    "LIBRARY",
    "ASTTransformerContext",
    "Builder",
    "impl",
    "kernel_impl",
    "matrix",
    "matrix_ops",
    "snode",
    "ti",
]

LIBRARY: str = taichi_python.__file__  # where Taichi and its compiler are
