"""What the tests of checkpoint files write, and how they compare it."""

from pathlib import Path

import numpy as np

from genesis_state.checkpoint import Checkpoint, write
from genesis_state.version import __version__

SUFFIXES = (".pkl", ".safetensors", ".npz")
MANIFEST = {
    "backend": "cpu",
    "dt": 0.01,
    "large": 2**64 - 1,
    "negative": -(2**70),
    "nothing": None,
    "flags": [True, False],
    "text": "µ ×",
    "nested": {"a": [1, [2, {"b": 3.5}]], "empty": {}},
}


def arrays() -> dict[str, np.ndarray]:
    return {
        "RigidSolver.qpos": np.arange(12, dtype=np.float32).reshape(4, 3),
        "RigidSolver.awake": np.array([True, False, True, True]),
        "Scene.envs_t": np.arange(4, dtype=np.int32),
    }


FOUND = {"format": 2, "library": __version__} | MANIFEST


def save(path: Path) -> bytes:
    write(path, arrays(), step_index=7, manifest=MANIFEST)
    return path.read_bytes()


def assert_same(found: dict[str, np.ndarray], wanted: dict[str, np.ndarray]) -> None:
    assert list(found) == list(wanted)
    for name, array in wanted.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()


def assert_same_checkpoint(found: Checkpoint, wanted: Checkpoint) -> None:
    """Everything but the path."""
    assert_same(found.arrays, wanted.arrays)
    assert found.timestamp == wanted.timestamp
    assert (found.step_index, found.manifest) == (wanted.step_index, wanted.manifest)
