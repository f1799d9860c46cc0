"""Which class a task's name stands for."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

# The tasks that come along, by `name` in their YAML file. Any other is named as module:class.
TASKS = {
    "Cartpole": "genesis_state.tasks.cartpole:Cartpole",
    "Quadruped": "genesis_state.tasks.quadruped:Quadruped",
    "FrankaReach": "genesis_state.tasks.franka_reach:FrankaReach",
    "FrankaReachADR": "genesis_state.tasks.franka_reach_adr:FrankaReachADR",
    "AllegroHandADR": "genesis_state.tasks.allegro_hand:AllegroHandADR",
}


def task_class(name: str) -> Callable[..., Any]:
    """The class of a task, made as `VecTask` is: `task_class(name)(config, num_envs, seed)`.

    Args:
        name: One of `TASKS`, or `my_package.my_module:MyTask` for a task of one's own.

    Raises:
        ValueError: There is no such task, module or class.
        ImportError: The module is there and does not import.
    """
    module_name, colon, class_name = TASKS.get(name, name).partition(":")
    if not (colon and module_name and class_name):
        raise ValueError(
            f"name: {name!r} is no task; it is one of {', '.join(TASKS)}, or names a class of "
            "your own as my_package.my_module:MyTask."
        )
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        # Of what the module itself imports, its own traceback says more.
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise ValueError(
            f"name: {name!r}: there is no module {error.name}; install it, or run where it is."
        ) from error
    found = getattr(module, class_name, None)
    if not isinstance(found, type):
        raise ValueError(f"name: {name!r}: {module_name} has no class {class_name}; check it.")
    return found
