"""Where two manifests differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

# How a file was written says nothing of what it holds, and a conversion changes it.
NOT_COMPARED = ("format", "library")


def differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The innermost keys whose values differ, in the order of `a`, then of `b`.

    1 and 1.0 differ, and so do True and 1; NaN is NaN.

    Returns:
        For each key {"key": its path with dots, "a": value, "b": value}; a side that lacks it is
        left out.
    """
    left, right = (
        {key: value for key, value in side.items() if key not in NOT_COMPARED} for side in (a, b)
    )
    return list(_differences("", left, right))


def _differences(path: str, a: Any, b: Any) -> Iterator[dict[str, Any]]:
    if _text(a) == _text(b):
        return
    left, right = _by_name(a), _by_name(b)
    if left is None or right is None:
        yield {"key": path, "a": a, "b": b}
        return
    for name in [*left, *(name for name in right if name not in left)]:
        inner = f"{path}.{name}" if path else name
        if name not in right:
            yield {"key": inner, "a": left[name]}
        elif name not in left:
            yield {"key": inner, "b": right[name]}
        else:
            yield from _differences(inner, left[name], right[name])
    if isinstance(a, list) and left.keys() == right.keys() and list(left) != list(right):
        yield {"key": f"order of {path}", "a": list(left), "b": list(right)}


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _by_name(value: Any) -> dict[str, Any] | None:
    """A dict, or the items of a list that have a name each; None for what has none.

    A layout lists its parts with their names first or under "name". Compared by name, one that was
    added does not make all that follow it differ.
    """
    if isinstance(value, Mapping):
        return dict(value)
    if not isinstance(value, list):
        return None
    named = []
    for item in value:
        if isinstance(item, Mapping) and isinstance(item.get("name"), str):
            named.append((item["name"], item))
        elif isinstance(item, list) and len(item) > 1 and isinstance(item[0], str):
            named.append((item[0], item[1] if len(item) == 2 else item[1:]))
    found = dict(named)
    return found if len(found) == len(value) else None
