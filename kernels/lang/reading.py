"""How Taichi reads the text of kernels, without what only its error messages need."""

import ast
import functools
import linecache
import sys
import textwrap
import types
from collections.abc import Callable

from genesis_state.kernels.lang.importing import (
    ASTTransformerContext,
    Builder,
    impl,
    kernel_impl,
    snode,
)

_build_noting = Builder.__call__
_source_lines_by_tokens = kernel_impl.getsourcelines


def install() -> None:
    """Makes Taichi read kernels so."""
    ASTTransformerContext.get_pos_info = _place
    Builder.__call__ = _build
    impl.get_traceback = snode.get_traceback = _declared
    kernel_impl._inside_class = _inside_class
    # Taichi asks for the source of a function again at every call that it inlines, and parses it.
    # What it notes in the tree of such a function it notes anew each time, as in the body of a
    # static loop.
    kernel_impl.getsourcelines = functools.cache(_source_lines)
    kernel_impl.getsourcefile = functools.cache(kernel_impl.getsourcefile)
    parse_inlined = functools.cache(ast.parse)
    kernel_impl.ast = types.SimpleNamespace(
        parse=lambda text: (parse_inlined if text.startswith("@ti.func") else ast.parse)(text)
    )
    kernel_impl.textwrap = types.SimpleNamespace(
        fill=_line, dedent=functools.cache(textwrap.dedent)
    )


def _place(context: ASTTransformerContext, node) -> str:
    """Where a piece of a kernel stands, for error messages.

    Taichi makes this text for every expression it reads, error or not, and by default lays it out
    with a hint below the line, which takes half of the time in which it reads a kernel.
    """
    line = context.src[node.lineno - 1].rstrip()
    where = f'File "{context.file}", line {node.lineno + context.lineno_offset}'
    return f"{where}, in {context.func.func.__name__}:\n{line}\n"


def _build(builder: Builder, context: ASTTransformerContext, node):
    """Reads a piece of a kernel; an expression without noting where it stands.

    Its statement's place is noted, and named if an error comes of it.
    """
    if isinstance(node, ast.expr):
        method = getattr(builder, "build_" + node.__class__.__name__, None)
        if method is not None:
            return method(context, node)
    return _build_noting(builder, context, node)


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


def _line(text: str, tabsize: int, width: int) -> str:
    """`textwrap.fill` of a line that is narrower than `width`: nothing to fill."""
    return text.expandtabs(tabsize).rstrip()


def _source_lines(function: Callable) -> tuple[list[str], int]:
    """`inspect.getsourcelines`, which goes through the tokens of a function to find its end.

    Here that is the line where the indentation ends, which holds for the text of this package.
    """
    if not function.__module__.startswith("genesis_state."):
        return _source_lines_by_tokens(function)
    first = function.__code__.co_firstlineno
    lines = linecache.getlines(function.__code__.co_filename, function.__globals__)[first - 1 :]
    margin = len(lines[0]) - len(lines[0].lstrip())
    end, inside = 0, False
    for number, line in enumerate(lines, 1):
        text = line.lstrip()
        if not text or text.startswith("#"):
            continue
        if len(line) - len(text) > margin:
            inside = True
        elif inside and not text.startswith((")", "]")):
            break
        end = number
    return lines[:end], first
