"""The streams of random numbers that a run draws from: Python's, NumPy's and torch's."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch


def seed_all(seed: int) -> None:
    """Starts all streams anew."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)  # those of all CUDA devices too


def random_state() -> dict[str, Any]:
    """Where all streams stand, as tensors and plain numbers."""
    version, words, gauss = random.getstate()
    name, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    state: dict[str, Any] = {
        "python": {
            "version": version,
            "words": torch.tensor(words, dtype=torch.int64),
            "gauss": gauss,
        },
        "numpy": {
            "name": str(name),
            "keys": torch.from_numpy(np.asarray(keys).astype(np.int64)),
            "position": int(position),
            "has_gauss": int(has_gauss),
            "cached_gaussian": float(cached),
        },
        "torch": torch.get_rng_state(),
    }
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state_all()
    return state


def set_random_state(state: dict[str, Any]) -> list[str]:
    """Puts all streams back to where they stood.

    Returns:
        A sentence for each that could not be.
    """
    python, numpy = state["python"], state["numpy"]
    words = tuple(int(word) for word in python["words"].tolist())
    random.setstate((python["version"], words, python["gauss"]))
    keys = numpy["keys"].numpy().astype(np.uint32)
    np.random.set_state(
        (numpy["name"], keys, numpy["position"], numpy["has_gauss"], numpy["cached_gaussian"])
    )
    torch.set_rng_state(state["torch"].cpu())
    saved = len(state.get("cuda", []))
    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if saved != found:
        return [
            f"random numbers of {saved} CUDA devices were saved and this machine has {found}, "
            "so theirs start afresh"
        ]
    if saved:
        torch.cuda.set_rng_state_all([stream.cpu() for stream in state["cuda"]])
    return []
