"""One file with all that a run needs to go on: written whole or not at all, opened without code.

The top of the file is what rl_games' own checkpoints have (`model`, `optimizer`, `epoch`, `frame`,
`last_mean_rewards`, `env_state`, ...), so its players open it; what rl_games forgets stands beside:
`loop`, `random`, `observers`, `run`, and `format` with `format_version`.
"""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from genesis_state.checkpoint.atomic import replacing
from genesis_state.training.plain_values import plain

FORMAT = "genesis_state training"
FORMAT_VERSION = 1

# What makes a file one of rl_games, of its agents for continuous and discrete actions.
_OF_RL_GAMES = ("model", "optimizer", "epoch", "frame")
# NumPy's scalars, one of which rl_games puts into its files: last_mean_rewards. The function that
# makes them has another module in NumPy 2 than in NumPy 1; files have either.
_scalar: Any = np.float32(0).__reduce__()[0]
_SCALARS: list[Any] = [
    (_scalar, "numpy._core.multiarray.scalar"),
    (_scalar, "numpy.core.multiarray.scalar"),
    np.dtype,
    *(type(np.dtype(code)) for code in ("f4", "f8", "i4", "i8")),
]


def write(path: str | os.PathLike[str], content: Mapping[str, Any]) -> None:
    """Writes a checkpoint: all of it, or nothing if anything fails on the way.

    Args:
        path: The file, replaced if there is one.
        content: Tensors, plain values, and lists, tuples and dicts of them.

    Raises:
        TypeError: It holds something else; the message says where.
        OSError: The disk refuses; what stood there is as it was.
    """
    saved = plain(content, "checkpoint")
    saved["format"] = FORMAT
    saved["format_version"] = FORMAT_VERSION
    with replacing(path) as stream:
        torch.save(saved, stream)


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Reads a checkpoint, one of ours or one of rl_games, with all tensors on the CPU.

    No code of the file is run, and every byte of it is compared with its checksum.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is broken, of another kind, or of a later version; the message says which.
    """
    content = _load(os.fspath(path))
    if not isinstance(content, dict):
        raise ValueError(
            f"{path}: holds a {type(content).__name__}, and a training checkpoint is a dict; "
            "name a file that a training run wrote."
        )
    if is_complete(content):
        version = content.get("format_version")
        if version != FORMAT_VERSION:
            raise ValueError(
                f"{path}: format version {version}, this genesis_state reads {FORMAT_VERSION}; "
                "use the release of genesis_state that wrote it, or a later one."
            )
        return content
    lacking = [key for key in _OF_RL_GAMES if key not in content]
    if lacking:
        names = ", ".join(sorted(map(str, content))[:6])
        raise ValueError(
            f"{path}: no training checkpoint: it has {names or 'nothing'} and lacks "
            f"{', '.join(lacking)}; name a file that a training run wrote."
        )
    # torch.compile puts a prefix before each level that was compiled; rl_games 1.6.5 takes it
    # from the policy only, and then finds no weights for its central value network.
    for key in ("model", "assymetric_vf_nets"):
        if key in content:
            content[key] = without_compiled_prefix(content[key])
    return content


def is_complete(content: Mapping[str, Any]) -> bool:
    """Whether content is one of ours, which holds all that a run needs to go on exactly."""
    return content.get("format") == FORMAT


def without_compiled_prefix(weights: Mapping[str, Any]) -> dict[str, Any]:
    """Weights under the names that they have in a network that was not compiled."""
    return {key.replace("_orig_mod.", ""): value for key, value in weights.items()}


def _load(path: str) -> Any:
    if not os.path.exists(path):
        raise FileNotFoundError(2, "there is no such checkpoint; check the name", path)
    if os.path.isdir(path):
        raise ValueError(f"{path}: is a folder; name a checkpoint in it.")
    try:
        with zipfile.ZipFile(path) as archive:
            # torch reads over damage: it is built without miniz's comparison of checksums.
            broken = archive.testzip()
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise _broken(path, f"no whole file of torch.save ({error})") from error
    if broken is not None:
        raise _broken(path, f"the checksum of {broken} is not that of its bytes")
    try:
        with torch.serialization.safe_globals(_SCALARS):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"{path}: holds objects that are no tensors and no plain values, and is not opened "
            f"because that could run code ({_first_line(error)}); convert it where it was written."
        ) from error
    except (RuntimeError, EOFError, KeyError, ValueError) as error:
        raise _broken(path, _first_line(error)) from error


def _broken(path: str, reason: str) -> ValueError:
    return ValueError(f"{path}: is broken: {reason}; use another checkpoint of the run.")


def _first_line(error: Exception) -> str:
    for sentence in str(error).replace("\n", " ").split(". "):
        if "Unsupported" in sentence or "GLOBAL" in sentence:
            return sentence.strip()[:200]
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
