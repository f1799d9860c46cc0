"""A SimState as tensors and plain values, which `torch.load(weights_only=True)` admits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genesis_state.layout import StateLayout
from genesis_state.state import SimState


def packed(state: SimState) -> dict[str, Any]:
    """A copy of a state on the CPU: its layout, its step count, and each variable."""
    own = state.serializable()
    return {
        "layout": own.layout.to_dict(),
        "t": own.t,
        "params": own.params is not None,
        "arrays": {key: own[key].clone() for key in own},
    }


def unpacked(plain: Mapping[str, Any]) -> SimState:
    """The state that `packed` described.

    Raises:
        KeyError, TypeError, ValueError: It is none.
    """
    arrays = {key: tensor.numpy() for key, tensor in plain["arrays"].items()}
    layout = StateLayout.from_dict(plain["layout"])
    return SimState.from_arrays(layout, arrays, plain["t"], params=plain["params"])
