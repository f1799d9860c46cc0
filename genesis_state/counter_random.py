"""Random numbers that are a function of a key and a counter: the same bits on every device.

Number i of a stream is mix(key + (i + 1) * golden ratio): the generator SplitMix64 of Steele, Lea
and Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014), with the constants of
Sebastiano Vigna. Whoever keeps the counter can go on where it stopped, or ask for any number again.
"""

from __future__ import annotations

import hashlib

import numpy as np
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


def mix_array(words: np.ndarray, spare: np.ndarray) -> None:
    """The same of a uint64 array, in place and by one thread; `spare` is as large."""
    for shift, factor in ((30, _MIX_1), (27, _MIX_2), (31, 1)):
        np.right_shift(words, np.uint64(shift), out=spare)
        np.bitwise_xor(words, spare, out=words)
        if factor != 1:
            np.multiply(words, np.uint64(factor % 2**64), out=words)


def stream_key(seed: int, name: str) -> int:
    """The key of a named stream of a seed, a signed 64-bit number."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "little", signed=True)


def random_fractions(key: int, start: int, n: int, device: torch.device | str) -> torch.Tensor:
    """Numbers `start` to `start + n - 1` of a stream.

    Returns:
        float64 of shape (n,), multiples of 2^-53 from 0 to less than 1.
    """
    if torch.device(device).type == "cpu":
        array = np.arange(start + 1, start + 1 + n, dtype=np.uint64)
        array *= np.uint64(GOLDEN % 2**64)
        array += np.uint64(key % 2**64)
        mix_array(array, np.empty_like(array))
        array >>= np.uint64(11)
        return torch.from_numpy(array * 2.0**-53)
    words = mix(torch.arange(start + 1, start + 1 + n, device=device).mul_(GOLDEN).add_(key))
    return ((words >> 11) & (1 << 53) - 1).double() * 2.0**-53
