"""How kernels are launched: from the second time on, without asking what their arguments are."""

import weakref
from typing import Any, NamedTuple

from genesis_state.collecting import collecting_later
from genesis_state.kernels.lang.importing import impl, kernel_impl, ti


def install() -> None:
    """Makes Taichi launch kernels so."""
    kernel_impl.Kernel.__call__ = _call


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


@collecting_later()
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


# The text of a kernel becomes many objects, all in use. And a scene that is found to be garbage
# while one is compiled takes its fields along, upon which Taichi forgets what it has compiled, also
# what it is about to launch.
_call_anew = collecting_later()(kernel_impl.Kernel.__call__)
