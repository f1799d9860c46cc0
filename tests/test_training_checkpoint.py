"""The file: what goes in comes out, without code, or a sentence says why not."""

import collections
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from genesis_state.training import training_checkpoint

VALUES: dict[str, Any] = {
    "tensor": torch.randn(3, 2),
    "empty": torch.zeros(0),
    "flags": torch.tensor([True, False]),
    "scalar": torch.tensor(2, dtype=torch.int64),
    "nested": {"list": [1, 2.5, "x", None, True], "tuple": (1, (2,)), 3: b"bytes"},
    "inf": float("-inf"),
}


def test_what_is_written_is_read_without_code(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    training_checkpoint.write(path, VALUES)
    found = torch.load(path, weights_only=True)
    assert training_checkpoint.read(path).keys() == found.keys()
    assert found.pop("format") == "genesis_state training"
    assert found.pop("format_version") == 1
    assert found["nested"] == VALUES["nested"]
    for key in ("tensor", "empty", "flags", "scalar"):
        assert torch.equal(found[key], VALUES[key]) and found[key].dtype == VALUES[key].dtype


def test_numpy_scalars_and_views_become_plain(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    base = torch.arange(1_000_000.0)
    training_checkpoint.write(
        path,
        {"number": np.float32(0.1), "count": np.int64(3), "view": base[5:8], "leaf": _leaf()},
    )
    found = training_checkpoint.read(path)
    assert type(found["number"]) is float and found["number"] == float(np.float32(0.1))
    assert type(found["count"]) is int
    assert found["view"].tolist() == [5.0, 6.0, 7.0]
    assert not found["leaf"].requires_grad
    assert path.stat().st_size < 10_000


def _leaf() -> torch.Tensor:
    return torch.nn.Parameter(torch.ones(2))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.zeros(2), "checkpoint.env_state.x: numpy.ndarray cannot be saved"),
        (collections.deque([1]), "checkpoint.env_state.x: collections.deque cannot be saved"),
        ([{1, 2}], r"checkpoint.env_state.x[0]: builtins.set cannot be saved"),
        ({None: 1}, "checkpoint.env_state.x: the key None cannot be saved; use text or a number."),
    ],
)
def test_what_would_need_code_to_load_is_refused(value: Any, text: str, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=re.escape(text)):
        training_checkpoint.write(tmp_path / "a.pth", {"env_state": {"x": value}})
    assert list(tmp_path.iterdir()) == []


def test_a_flipped_bit_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    training_checkpoint.write(path, VALUES)
    data = bytearray(path.read_bytes())
    place = data.index(VALUES["tensor"].numpy().tobytes())
    data[place] ^= 1
    path.write_bytes(data)
    assert torch.load(path, weights_only=True)["flags"].tolist() == [True, False]  # torch does not
    with pytest.raises(ValueError, match=r"is broken: the checksum of .* use another checkpoint"):
        training_checkpoint.read(path)


@pytest.mark.parametrize("cut", [0, 1, 100, 1000, -1, -30])
def test_a_file_cut_short_is_broken(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    training_checkpoint.write(path, VALUES)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ValueError, match=f"^{re.escape(str(path))}: is broken: .*another"):
        training_checkpoint.read(path)


class Harmful:
    def __reduce__(self) -> Any:
        return (print, ("harm",))


def test_code_in_a_file_is_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.pth"
    torch.save({"model": Harmful(), "optimizer": {}, "epoch": 1, "frame": 1}, path)
    with pytest.raises(ValueError, match=r"holds objects .* is not opened because.*print"):
        training_checkpoint.read(path)
    assert "harm" not in capsys.readouterr().out


def test_other_files_are_named_for_what_they_are(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    torch.save([1], path)
    with pytest.raises(ValueError, match="holds a list, and a training checkpoint is a dict"):
        training_checkpoint.read(path)
    torch.save({"weights": {}, "epoch": 1}, path)
    with pytest.raises(ValueError, match=r"it has epoch, weights and lacks model, optimizer, fr"):
        training_checkpoint.read(path)
    torch.save({"format": "genesis_state training", "format_version": 9}, path)
    with pytest.raises(ValueError, match="format version 9, this genesis_state reads 1; use the"):
        training_checkpoint.read(path)
    with pytest.raises(FileNotFoundError, match="no such checkpoint; check the name"):
        training_checkpoint.read(tmp_path / "b.pth")
    with pytest.raises(ValueError, match="is a folder; name a checkpoint in it"):
        training_checkpoint.read(tmp_path)


def test_a_file_of_rl_games_opens_without_code(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    weights = {"_orig_mod.a._orig_mod.b": torch.ones(1)}
    torch.save(
        {
            "model": weights,
            "assymetric_vf_nets": weights,
            "optimizer": {},
            "epoch": 3,
            "frame": 9,
            "last_mean_rewards": np.float32(1.5),
            "env_state": None,
        },
        path,
    )
    found = training_checkpoint.read(path)
    assert not training_checkpoint.is_complete(found)
    assert float(found["last_mean_rewards"]) == 1.5
    assert list(found["model"]) == list(found["assymetric_vf_nets"]) == ["a.b"]
