"""What a checkpoint says besides its arrays, checked and put into words once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from genesis_state.checkpoint.content import MAX_VALUES, plain
from genesis_state.checkpoint.header import FORMAT, OWN_KEYS
from genesis_state.version import __version__


class Manifest:
    """A manifest that can be written many times at little cost.

    Args:
        given: Plain values by key. "format", "library", "checksums" and "seal" are this package's
            own and are replaced.
        also: What to add to a manifest that there is already.

    Raises:
        TypeError, ValueError: Something in it is not plain, or there is too much.
    """

    def __init__(self, given: Mapping[str, Any], also: Manifest | None = None) -> None:
        own = {key: value for key, value in given.items() if key not in OWN_KEYS}
        new = plain(own, "manifest", budget=MAX_VALUES)
        if also is None:
            new = {"format": FORMAT, "library": __version__} | new
        self.values: dict[str, Any] = (also.values if also else {}) | new
        self._texts = (also._texts if also else {}) | {k: _text(v) for k, v in new.items()}
        self._sorted = (also._sorted if also else {}) | {k: _sorted(v) for k, v in new.items()}

    def text(self, **more: Any) -> str:
        """It and some more values as compact JSON."""
        texts = self._texts | {key: _text(value) for key, value in more.items()}
        return "{" + ",".join(f"{_text(key)}:{text}" for key, text in texts.items()) + "}"

    def sorted_text(self, **more: Any) -> str:
        """As `json.dumps` with sorted keys gives it, which is what the seal covers."""
        texts = self._sorted | {key: _sorted(value) for key, value in more.items()}
        return "{" + ", ".join(f"{_text(key)}: {texts[key]}" for key in sorted(texts)) + "}"


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _sorted(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
