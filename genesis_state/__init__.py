"""Batched physics in the style of Genesis whose state can be taken, put back and continued exactly.

    import genesis_state as gs

    scene = gs.Scene()
    robot = scene.add_entity(gs.morphs.MJCF(file="franka.xml"))
    scene.build(n_envs=16)
    scene.step()
    state = scene.get_state()
    scene.reset(state=state)

Names load when they are first used; importing the package starts nothing.
"""

import gc
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from genesis_state.collecting import collecting_later
from genesis_state.version import __version__

if TYPE_CHECKING:
    import torch

    from genesis_state import (
        checkpoint,
        geom,
        materials,
        morphs,
        options,
        sensors,
        surfaces,
        testing,
    )
    from genesis_state.bank import StateBank
    from genesis_state.layout import StateLayout
    from genesis_state.options import cone, constraint_solver, integrator
    from genesis_state.plotting import plot
    from genesis_state.recording.capsule import replay
    from genesis_state.recording.compare import compare
    from genesis_state.runtime import Backend, destroy, init, logger
    from genesis_state.scene import Scene
    from genesis_state.schema import Schema, StateVar
    from genesis_state.solvers.base import Solver
    from genesis_state.state import SimState
    from genesis_state.state_file import load_state
    from genesis_state.viewing.camera import Camera

    cpu, gpu, cuda, vulkan = Backend.cpu, Backend.gpu, Backend.cuda, Backend.vulkan
    device: torch.device
    tc_float: torch.dtype
    tc_int: torch.dtype
    tc_bool: torch.dtype

_MODULES = (
    "checkpoint",
    "geom",
    "materials",
    "morphs",
    "options",
    "sensors",
    "surfaces",
    "testing",
)
_NAMES = {
    "Camera": "viewing.camera",
    "Scene": "scene",
    "Schema": "schema",
    "SimState": "state",
    "Solver": "solvers.base",
    "StateBank": "bank",
    "StateLayout": "layout",
    "StateVar": "schema",
    "compare": "recording.compare",
    "cone": "options",
    "constraint_solver": "options",
    "destroy": "runtime",
    "init": "runtime",
    "load_state": "state_file",
    "integrator": "options",
    "logger": "runtime",
    "plot": "plotting",
    "replay": "recording.capsule",
}
_BACKENDS = ("cpu", "gpu", "cuda", "vulkan")
_RUNTIME = ("device", "tc_bool", "tc_float", "tc_int")

__all__ = [
    "Camera",
    "Scene",
    "Schema",
    "SimState",
    "Solver",
    "StateBank",
    "StateLayout",
    "StateVar",
    "__version__",
    "checkpoint",
    "compare",
    "cone",
    "constraint_solver",
    "cpu",
    "cuda",
    "destroy",
    "device",
    "geom",
    "gpu",
    "init",
    "integrator",
    "load_state",
    "logger",
    "materials",
    "morphs",
    "options",
    "plot",
    "replay",
    "sensors",
    "surfaces",
    "tc_bool",
    "tc_float",
    "tc_int",
    "testing",
    "vulkan",
]


def _load(name: str) -> ModuleType:
    """A module of the package."""
    with collecting_later():
        try:
            return import_module(f"genesis_state.{name}")
        finally:
            if not gc.get_freeze_count():
                # Both together make old objects of all there are, which are looked at less often.
                gc.freeze()
                gc.unfreeze()


def __getattr__(name: str) -> Any:
    if name in _RUNTIME:
        # Not cached: these follow the runtime.
        return getattr(_load("runtime"), f"get_{name}")()
    if name in _MODULES:
        value = _load(name)
    elif name in _NAMES:
        value = getattr(_load(_NAMES[name]), name)
    elif name in _BACKENDS:
        value = _load("runtime").Backend(name)
    else:
        raise AttributeError(f"genesis_state has no {name!r}; it has {', '.join(__all__)}.")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
