"""Whether the weights of a checkpoint fit the networks that a config describes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def check_weights(path: str, networks: Mapping[str, Any], content: Mapping[str, Any]) -> None:
    """Compares names and shapes, before anything is changed.

    Args:
        path: The file, for the message.
        networks: By their keys in the checkpoint.
        content: Of the checkpoint.

    Raises:
        ValueError: They differ; the message names what does.
    """
    for key, network in networks.items():
        if key not in content:
            raise ValueError(
                f"{path}: has no {key}, and this config has a central value network; take "
                "central_value_config out, or name another checkpoint."
            )
        wanted = {name: tuple(value.shape) for name, value in network.state_dict().items()}
        wanted = {name.replace("_orig_mod.", ""): shape for name, shape in wanted.items()}
        found = {name: tuple(value.shape) for name, value in content[key].items()}
        wrong = [
            f"{name}: {_said(found.get(name))}, this config needs {_said(wanted.get(name))}"
            for name in sorted(wanted.keys() | found.keys())
            if wanted.get(name) != found.get(name)
        ]
        if wrong:
            more = f" (and {len(wrong) - 3} more)" if len(wrong) > 3 else ""
            raise ValueError(
                f"{path}: the networks differ: {'; '.join(wrong[:3])}{more}; use the config that "
                "the run was started with."
            )


def _said(shape: tuple[int, ...] | None) -> str:
    return "nothing" if shape is None else f"shape {shape}"
