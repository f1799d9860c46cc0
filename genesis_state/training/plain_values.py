"""Values that a file may hold: tensors, numbers, text, and lists, tuples and dicts of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch


def plain(value: Any, where: str) -> Any:
    """The value as tensors and plain values, which `torch.load(weights_only=True)` opens.

    Tensors are detached, and share no memory with anything that is not saved. NumPy's scalars
    become Python's numbers, and mappings dicts.

    Args:
        value: Any value.
        where: Its name for the message.

    Raises:
        TypeError: Something in it is neither.
    """
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
        # Subclasses, such as enumerations and NumPy's float64, would need their own code to load.
        return _base(value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, torch.Tensor):
        return _own(value.detach())
    if isinstance(value, Mapping):
        return {_key(key, where): plain(item, f"{where}.{key}") for key, item in value.items()}
    if type(value) in (list, tuple, torch.Size):
        items = [plain(item, f"{where}[{index}]") for index, item in enumerate(value)]
        return items if type(value) is list else tuple(items)
    raise TypeError(
        f"{where}: {type(value).__module__}.{type(value).__name__} cannot be saved; training "
        "checkpoints hold tensors, numbers, text, lists, tuples and dicts, so convert it to those."
    )


def _base(value: Any) -> Any:
    if isinstance(value, str):
        return str.__str__(value)  # an enumeration's own gives its name
    bases: tuple[Any, ...] = (bool, int, float, complex, bytes)
    for base in bases:
        if isinstance(value, base):
            return value if type(value) is base else base(value)
    return value


def _key(key: Any, where: str) -> Any:
    if isinstance(key, (str, int, float, bool, tuple, np.integer)):
        return plain(key, f"{where}: key {key!r}")
    raise TypeError(f"{where}: the key {key!r} cannot be saved; use text or a number.")


def _own(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor, without the rest of the memory that it is a view into: torch.save writes all."""
    if tensor.is_sparse or tensor.layout != torch.strided:
        return tensor
    whole = tensor.untyped_storage().nbytes() == tensor.numel() * tensor.element_size()
    return tensor if whole and tensor.is_contiguous() else tensor.clone().contiguous()


def on_device(value: Any, device: Any) -> Any:
    """Copies of all tensors in a value, on a device."""
    if isinstance(value, torch.Tensor):
        return value.to(device).clone()
    if isinstance(value, dict):
        return {key: on_device(item, device) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(on_device(item, device) for item in value)
    return value
