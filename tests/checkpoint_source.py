"""What the tests of saving save: arrays that are a function of the step, without a scene."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from genesis_state.checkpoint import Saving, read, submit, write


def arrays_at(step: int, size: int = 1 << 16) -> dict[str, np.ndarray]:
    """Arrays of about 9 * `size` bytes in which every value depends on the step."""
    ramp = np.arange(size, dtype=np.uint32) * np.uint32(2654435761) + np.uint32(step)
    return {
        "S.pos": ramp.view(np.float32).reshape(-1, 4),
        "S.count": ramp[::-1].astype(np.int32),
        "S.awake": ramp % 3 == step % 3,
    }


def assert_exact(path: Path, size: int = 1 << 16) -> int:
    """Loads a file, compares every byte with what its step wants, and returns the step."""
    found = read(path)
    wanted = arrays_at(found.step_index, size)
    assert list(found.arrays) == list(wanted)
    for name, array in wanted.items():
        assert found.arrays[name].tobytes() == array.tobytes(), f"{path}: {name}"
    return found.step_index


class Source:
    """A stand-in for a scene."""

    def __init__(self, t: int = 0, size: int = 1 << 16) -> None:
        self.t = t
        self.size = size

    def save_checkpoint(
        self,
        path: str | Path,
        metadata: Mapping[str, Any] | None = None,
        block: bool = True,
    ) -> Saving | None:
        arrays, t, manifest = arrays_at(self.t, self.size), self.t, {"metadata": metadata or {}}

        def work() -> None:
            write(path, arrays, step_index=t, manifest=manifest)

        return work() if block else submit(path, work)
