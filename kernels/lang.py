"""The one module that imports Taichi, so that a maintained fork can take its place."""

import functools
import os
import sys

# Read by Taichi while it is imported: no banner, no call home, and in a notebook nothing about it.
os.environ.setdefault("ENABLE_TAICHI_HEADER_PRINT", "False")
os.environ.setdefault("TI_SKIP_VERSION_CHECK", "ON")
os.environ.setdefault("TI_LOG_LEVEL", "error")

import taichi as ti
from taichi.lang import impl, kernel_impl, snode
from taichi.lang.ast.ast_transformer_utils import ASTTransformerContext

if os.environ["TI_LOG_LEVEL"] == "error":
    del os.environ["TI_LOG_LEVEL"]  # it would outdo what is given to ti.init

__all__ = ["ti"]


def _place(context: ASTTransformerContext, node) -> str:
    """Where a piece of a kernel stands, for error messages.

    Taichi makes this text for every expression it reads, error or not, and by default lays it out
    with a hint below the line, which takes half of the time in which it reads a kernel.
    """
    line = context.src[node.lineno - 1].rstrip()
    where = f'File "{context.file}", line {node.lineno + context.lineno_offset}'
    return f"{where}, in {context.func.func.__name__}:\n{line}\n"


def _inside_class(level_of_class_stackframe: int) -> bool:
    """Whether a decorator stands in the body of a class, whose statement is so many frames up.

    Taichi asks this for every function, by looking up the text of that statement, which takes half
    of the time in which a module of kernels is imported.
    """
    return "__qualname__" in sys._getframe(level_of_class_stackframe - 1).f_locals


def _declared(stacklevel: int = 1) -> str:
    """Where a field was declared, for error messages.

    Taichi makes a whole traceback for each field. Ours are all declared in one place, by name.
    """
    return ""


ASTTransformerContext.get_pos_info = _place
impl.get_traceback = snode.get_traceback = _declared
kernel_impl._inside_class = _inside_class
# Taichi asks for the source of a function again at every call that it inlines.
kernel_impl.getsourcelines = functools.cache(kernel_impl.getsourcelines)
kernel_impl.getsourcefile = functools.cache(kernel_impl.getsourcefile)
