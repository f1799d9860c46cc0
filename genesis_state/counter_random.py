"""Random numbers that are a function of a key and a counter: the same bits on every device.

Number i of a stream is mix(key + (i + 1) * golden ratio): the generator SplitMix64 of Steele, Lea
and Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014), with the constants of
Sebastiano Vigna. Whoever keeps the counter can go on where it stopped, or ask for any number again.
"""

from __future__ import annotations

import hashlib

import torch

# The constants of splitmix64 by Sebastiano Vigna (public domain), as signed 64-bit numbers.
GOLDEN = 0x9E3779B97F4A7C15 - 2**64
_MIX_1 = 0xBF58476D1CE4E5B9 - 2**64
_MIX_2 = 0x94D049BB133111EB - 2**64


def mix(words: torch.Tensor) -> torch.Tensor:
    """The bijection of splitmix64, in place. Shifts of int64 copy the sign: it is masked off."""
    words ^= (words >> 30) & (1 << 34) - 1
    words *= _MIX_1
    words ^= (words >> 27) & (1 << 37) - 1
    words *= _MIX_2
    words ^= (words >> 31) & (1 << 33) - 1
    return words


def stream_key(seed: int, name: str) -> int:
    """The key of a named stream of a seed, a signed 64-bit number."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "little", signed=True)


def random_words(key: int, start: int, n: int, device: torch.device | str) -> torch.Tensor:
    """Numbers `start` to `start + n - 1` of a stream: int64, shape (n,), all 64 bits random."""
    places = torch.arange(start + 1, start + 1 + n, device=device)
    return mix(places.mul_(GOLDEN).add_(key))


def below(bounds: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
    """Random words as integers from 0 to bounds - 1.

    Args:
        bounds: float64, whole numbers from 1 to 2^52: one, or one for each word.
        words: What `random_words` gave.

    Returns:
        int64; each value has its probability to within 2^-53.
    """
    fractions = ((words >> 11) & (1 << 53) - 1).double() * 2.0**-53
    # A product may round up to its bound.
    return torch.minimum(fractions * bounds, bounds - 1).long()
