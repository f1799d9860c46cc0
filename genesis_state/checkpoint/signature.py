"""Compare what a file says about its scene with the scene at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_SHOWN = 80


def differences(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Lists how two flat signatures differ, one sentence each, in the order of `wanted`.

    Args:
        found: What the checkpoint holds: name to plain value.
        wanted: What the scene holds.

    Returns:
        An empty list when they agree. A tuple and a list with the same items agree, and so do 1
        and 1.0; True and 1 do not.
    """
    sentences = []
    for name, value in wanted.items():
        if name not in found:
            sentences.append(f"{name}: the checkpoint lacks it, the scene has {_show(value)}.")
        elif not _same(found[name], value):
            sentences.append(
                f"{name}: the checkpoint has {_show(found[name])}, the scene has {_show(value)}."
            )
    for name, value in found.items():
        if name not in wanted:
            sentences.append(f"{name}: the checkpoint has {_show(value)}, the scene lacks it.")
    return sentences


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(_same(left[k], right[k]) for k in left)
    if _is_list(left) and _is_list(right):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    both_nan = left != left and right != right
    return bool(left == right or both_nan)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
