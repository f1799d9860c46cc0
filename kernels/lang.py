"""The one module that imports Taichi, so that a maintained fork can take its place."""

import ast
import functools
import gc
import inspect
import linecache
import os
import sys
import textwrap
import types
import weakref
from typing import Any, NamedTuple

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
    from taichi.lang import impl, kernel_impl, snode
    from taichi.lang.ast.ast_transformer_utils import ASTTransformerContext, Builder
finally:
    inspect.getframeinfo = _getframeinfo

if os.environ["TI_LOG_LEVEL"] == "error":
    del os.environ["TI_LOG_LEVEL"]  # it would outdo what is given to ti.init

__all__ = ["LIBRARY", "ti"]

LIBRARY: str = taichi_python.__file__  # where Taichi and its compiler are


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


ASTTransformerContext.get_pos_info = _place
_build_noting = Builder.__call__
Builder.__call__ = _build
impl.get_traceback = snode.get_traceback = _declared
kernel_impl._inside_class = _inside_class
# Taichi asks for the source of a function again at every call that it inlines, and parses it. What
# it notes in the tree of such a function it notes anew each time, as in the body of a static loop.
kernel_impl.getsourcelines = functools.cache(kernel_impl.getsourcelines)
kernel_impl.getsourcefile = functools.cache(kernel_impl.getsourcefile)
_parse_inlined = functools.cache(ast.parse)
kernel_impl.ast = types.SimpleNamespace(
    parse=lambda text: (_parse_inlined if text.startswith("@ti.func") else ast.parse)(text)
)
kernel_impl.textwrap = types.SimpleNamespace(
    fill=functools.cache(textwrap.fill), dedent=functools.cache(textwrap.dedent)
)


class _Again(NamedTuple):
    """A kernel that was compiled for some template arguments, to be launched again."""

    owners: tuple[weakref.ref, ...]
    program: Any
    kernel: Any
    compiled: Any


def _scalar_setters(kernel) -> tuple[tuple[int, str], ...] | None:
    """For each argument that is no template its place and how it is passed.

    None for a kernel that is given more than numbers, or that is not one of ours.
    """
    setters = []
    if not kernel.func.__module__.startswith("genesis_state.") or kernel.return_type is not None:
        return None
    for i, argument in enumerate(kernel.arguments):
        kind = argument.annotation
        if isinstance(kind, ti.template) or kind is ti.template:
            continue
        if kind in (int, ti.i32):
            setters.append((i, "set_arg_int"))
        elif kind in (float, ti.f32, ti.f64):
            setters.append((i, "set_arg_float"))
        else:
            return None
    return tuple(setters)


def _collecting_later(call):
    """Keeps Python from looking for garbage during a call that may compile a kernel.

    Its text becomes many objects, all in use. And a scene that is found to be garbage takes its
    fields along, upon which Taichi forgets what it has compiled, also what it is about to launch.
    """

    @functools.wraps(call)
    def undisturbed(*args, **named):
        if not gc.isenabled():
            return call(*args, **named)
        gc.disable()
        try:
            return call(*args, **named)
        finally:
            gc.enable()

    return undisturbed


def _call(kernel, *args, **named):
    """Calls a kernel; from the second time on without asking again what its arguments are.

    That takes Taichi as long as a step of one robot.
    """
    if "setters" not in kernel.__dict__:
        kernel.setters = _scalar_setters(kernel)
        kernel.again = {}
    runtime = impl.get_runtime()
    plain = kernel.setters is not None and not named and runtime.target_tape is None
    if not plain or runtime.fwd_mode_manager is not None:
        return _call_anew(kernel, *args, **named)
    scalars = [i for i, _ in kernel.setters]
    templates = [arg for i, arg in enumerate(args) if i not in scalars]
    key = tuple(map(id, templates))
    again = kernel.again.get(key)
    if (
        again is None
        or again.program is not runtime.prog
        or any(owner() is not arg for owner, arg in zip(again.owners, templates, strict=True))
    ):
        _call_first(kernel, args, key, templates)
        return None
    context = again.kernel.make_launch_context()
    for slot, (i, setter) in enumerate(kernel.setters):
        getattr(context, setter)((slot,), args[i])
    again.program.launch_kernel(again.compiled, context)
    return None


@_collecting_later
def _call_first(kernel, args, key, templates):
    """Calls a kernel for the first time with these templates, and notes what to launch again."""
    _call_anew(kernel, *args)
    try:
        owners = tuple(map(weakref.ref, templates))
    except TypeError:  # a tuple of fields, say
        return
    program = impl.get_runtime().prog
    made = kernel.compiled_kernels[kernel.ensure_compiled(*args)]
    compiled = program.compile_kernel(program.config(), program.get_device_caps(), made)
    # Those of scenes that are gone go as well.
    kernel.again = {
        k: v
        for k, v in kernel.again.items()
        if v.program is program and all(owner() is not None for owner in v.owners)
    }
    kernel.again[key] = _Again(owners, program, made, compiled)


_call_anew = _collecting_later(kernel_impl.Kernel.__call__)
kernel_impl.Kernel.__call__ = _call
