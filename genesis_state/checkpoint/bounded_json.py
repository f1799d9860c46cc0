"""Parse JSON from a file that need not be believed: its size is known before anything is built."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from genesis_state.checkpoint.content import MAX_INT_BYTES

# Each value but the first follows one of these, or the colon after a key that follows one.
_MARKS = (b"[", b"{", b",")
_PIECE = 1 << 15  # bytes looked at together


def loads(data: bytes, what: str, *, max_values: int) -> Any:
    """Parses JSON that has unique keys and holds no more than it may.

    Args:
        data: The text in UTF-8.
        what: What errors call it.
        max_values: How many values there may be.

    Raises:
        ValueError: It is no JSON, or holds too much, too deep, too large or twice.
    """
    # Marks inside texts are none of values, but counting those as well is quick.
    if sum(map(data.count, _MARKS)) >= max_values:
        values = _marks_outside_texts(data) + 1
        if values > max_values:
            raise ValueError(f"{what} holds {values} values, needs at most {max_values}.")

    def integer(digits: str) -> int:
        if len(digits) > 3 * MAX_INT_BYTES:
            raise ValueError(f"{what} has an integer of {len(digits)} digits.")
        return int(digits)

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                raise ValueError(f"{what} has key {key[:80]!r} twice.")
            found[key] = value
        return found

    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=unique, parse_int=integer)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{what} is no JSON: {error}.") from error
    except RecursionError:
        raise ValueError(f"{what} is nested too deep.") from None


def _marks_outside_texts(data: bytes) -> int:
    count, inside, at = 0, False, 0
    while at < len(data):
        piece = data[at : at + _PIECE]
        # A pair of a backslash and what it escapes stays in one piece.
        odd = (len(piece) - len(piece.rstrip(b"\\"))) % 2
        if odd and len(piece) > 1:
            piece = piece[:-1]
        at += len(piece)
        bare = np.frombuffer(piece.replace(b"\\\\", b"").replace(b'\\"', b""), np.uint8)
        # Sums modulo 256 keep what matters, whether the number of quotes so far is odd.
        quotes = np.cumsum(bare == ord('"'), dtype=np.uint8) + np.uint8(inside)
        outside = bare[quotes % 2 == 0].tobytes()
        inside = bool(quotes.size and quotes[-1] % 2)
        count += sum(map(outside.count, _MARKS))
    return count
