"""Every accepted form of envs_idx names the environments it should; every other is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from genesis_state.selection import select

N = 7
EVEN = [i % 2 == 0 for i in range(N)]

NUMPY_INTS = ["int8", "int16", "int32", "int64", "uint16", "uint32", "uint64"]
TORCH_INTS = [torch.int8, torch.int16, torch.int32, torch.int64]


def chosen(envs_idx: Any, n_envs: int = N) -> list[int]:
    """What the selection names, read in all three ways, which must agree."""
    selection = select(envs_idx, n_envs, "cpu")
    index = selection.indices()
    assert index.dtype == torch.int64
    assert selection.count == len(index)
    assert selection.marks().nonzero()[:, 0].tolist() == sorted(set(index.tolist()))
    rows = torch.arange(n_envs) * 10
    taken = selection.take(rows)
    assert (taken == index * 10).all()
    if len(taken):
        assert taken.untyped_storage().data_ptr() != rows.untyped_storage().data_ptr()
    if selection.slice is not None:
        assert selection.kind in ("all", "slice") and selection.slice.step > 0
        assert list(range(n_envs))[selection.slice] == index.tolist()
    return index.tolist()


INDICES = {
    "none": (None, [0, 1, 2, 3, 4, 5, 6]),
    "int": (3, [3]),
    "int from the end": (-1, [6]),
    "numpy int": (np.int32(3), [3]),
    "numpy 0-d": (np.array(-2), [5]),
    "torch 0-d": (torch.tensor(-7), [0]),
    "slice": (slice(1, 5, 2), [1, 3]),
    "slice beyond the end": (slice(4, 99), [4, 5, 6]),
    "slice from the end": (slice(-2, None), [5, 6]),
    "slice backwards": (slice(None, None, -3), [6, 3, 0]),
    "slice of all": (slice(None), [0, 1, 2, 3, 4, 5, 6]),
    "slice of none": (slice(5, 2), []),
    "range": (range(2, 7, 2), [2, 4, 6]),
    "range from the end": (range(-3, 0), [4, 5, 6]),
    "range across zero": (range(-2, 2), [5, 6, 0, 1]),
    "range backwards": (range(3, 0, -1), [3, 2, 1]),
    "range of none": (range(0), []),
    "list": ([5, 0, -1, 5], [5, 0, 6, 5]),
    "list of zero and one": ([0, 1, 0, 1, 1, 1, 1], [0, 1, 0, 1, 1, 1, 1]),
    "tuple": ((2, 1), [2, 1]),
    "list of numpy ints": ([np.int64(4), 2], [4, 2]),
    "list of 0-d tensors": ([torch.tensor(4), torch.tensor(-1)], [4, 6]),
    "empty list": ([], []),
    "empty numpy": (np.array([]), []),
    "empty torch": (torch.tensor([]), []),
    "numpy reversed": (np.arange(3)[::-1], [2, 1, 0]),
    "numpy strided": (np.arange(N)[::3], [0, 3, 6]),
    "numpy big-endian": (np.array([1, -1], dtype=">i4"), [1, 6]),
    "torch strided": (torch.arange(N)[::3], [0, 3, 6]),
    "bool list": (EVEN, [0, 2, 4, 6]),
    "bool tuple": (tuple(EVEN), [0, 2, 4, 6]),
    "bool numpy": (np.array(EVEN), [0, 2, 4, 6]),
    "bool torch": (torch.tensor(EVEN), [0, 2, 4, 6]),
    "bool list of numpy": ([np.bool_(x) for x in EVEN], [0, 2, 4, 6]),
    "bool all": (torch.ones(N, dtype=torch.bool), [0, 1, 2, 3, 4, 5, 6]),
    "bool none": (torch.zeros(N, dtype=torch.bool), []),
}
INDICES |= {f"numpy {d}": (np.array([5, 0, 2], dtype=d), [5, 0, 2]) for d in NUMPY_INTS}
INDICES |= {f"{d}": (torch.tensor([5, 0, -2], dtype=d), [5, 0, 5]) for d in TORCH_INTS}


@pytest.mark.parametrize("case", INDICES, ids=str)
def test_each_form_names_its_environments(case: str) -> None:
    envs_idx, expected = INDICES[case]
    assert chosen(envs_idx) == expected


OUT_OF_RANGE = {
    "int": (7, "envs_idx: 7 is out of range for n_envs=7; use -7 to 6."),
    "list": ([0, 3, 8, 9], "envs_idx: 8 at position 2 is out of range for n_envs=7"),
    "negative": ([0, -8], "envs_idx: -8 at position 1"),
    "range": (range(5, 9), "envs_idx: 8 at position 3"),
    "torch": (torch.tensor([1, 7]), "envs_idx: 7 at position 1"),
    "uint64": (np.array([1, 2**64 - 1], dtype=np.uint64), f"{2**64 - 1} at position 1"),
    "huge": ([2**70], "beyond 64 bits"),
}


@pytest.mark.parametrize("case", OUT_OF_RANGE, ids=str)
def test_an_index_out_of_range_is_named(case: str) -> None:
    envs_idx, text = OUT_OF_RANGE[case]
    with pytest.raises(IndexError) as caught:
        select(envs_idx, N, "cpu")
    assert text in str(caught.value)


REFUSED = {
    "mask too short": (EVEN[:-1], ValueError, "a mask of length 6, needs one bool for each of 7"),
    "mask of two": (torch.tensor([False, True]), ValueError, "a mask of length 2"),
    "mask empty": (np.zeros(0, dtype=bool), ValueError, "a mask of length 0"),
    "two axes": (torch.zeros(N, 1, dtype=torch.bool), ValueError, "shape (7, 1), needs one axis"),
    "two axes numpy": (np.zeros((1, 2), dtype=int), ValueError, "shape (1, 2), needs one axis"),
    "nested list": ([[0, 1]], ValueError, "a list of lists"),
    "uint8 numpy": (np.ones(N, dtype=np.uint8), TypeError, "dtype uint8 could be a mask"),
    "uint8 torch": (torch.ones(N, dtype=torch.uint8), TypeError, "dtype uint8 could be a mask"),
    "uint8 empty": (torch.ones(0, dtype=torch.uint8), TypeError, "dtype uint8 could be a mask"),
    "uint8 in list": ([np.uint8(1)], TypeError, "dtype uint8 could be a mask"),
    "uint8 0-d": (torch.tensor(1, dtype=torch.uint8), TypeError, "dtype uint8 could be a mask"),
    "float mask": (torch.ones(N), TypeError, "dtype float32, needs ints or bools"),
    "bfloat16": (torch.ones(N, dtype=torch.bfloat16), TypeError, "dtype bfloat16"),
    "float numpy": (np.array([1.0]), TypeError, "dtype float64, needs ints or bools"),
    "float 0-d": (np.float32(1), TypeError, "dtype float32, needs ints or bools"),
    "float in list": ([0, 1.5], TypeError, "a list with 1.5 in it"),
    "text in list": (["a"], TypeError, "a list with 'a' in it"),
    "bool and int": ([True, 2], TypeError, "a list of both bools and ints"),
    "numpy bool and int": ([np.bool_(True), 2], TypeError, "a list of both bools and ints"),
    "bool": (True, TypeError, "a single bool"),
    "numpy bool": (np.bool_(False), TypeError, "a single bool"),
    "torch bool": (torch.tensor(True), TypeError, "a single bool"),
    "set": ({1, 2}, TypeError, "got a set"),
    "text": ("0", TypeError, "got a str"),
    "float": (1.0, TypeError, "got a float"),
}


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_other_forms_are_refused_in_one_sentence(case: str) -> None:
    envs_idx, error, text = REFUSED[case]
    with pytest.raises(error) as caught:
        select(envs_idx, N, "cpu")
    assert text in str(caught.value)
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


@pytest.mark.parametrize("envs_idx", [range(3), slice(0, 5), 4, [], [0, 1], torch.tensor(EVEN)])
def test_without_environments_there_is_nothing_to_select(envs_idx: Any) -> None:
    if isinstance(envs_idx, slice) or envs_idx == []:
        assert chosen(envs_idx, n_envs=0) == []
    else:
        with pytest.raises((IndexError, ValueError)):
            select(envs_idx, 0, "cpu")


@pytest.mark.parametrize(
    ("envs_idx", "expected"),
    [(None, False), (range(3), False), ([0, 6, 2], False), ([0, -7], True), ([1] * 9, True)],
)
def test_duplicates(envs_idx: Any, expected: bool) -> None:
    assert select(envs_idx, N, "cpu").duplicates() is expected


def test_contiguous_forms_need_no_index() -> None:
    for envs_idx in (3, slice(1, 6), range(-3, 0)):
        assert select(envs_idx, N, "cpu").kind == "slice"
    for envs_idx in (None, slice(None), range(N), [True] * N):
        assert select(envs_idx, N, "cpu").kind == "all"


def test_device_mask_is_not_looked_at() -> None:
    # A meta tensor has no values: whatever would wait for a device fails on it.
    mask = torch.zeros(N, dtype=torch.bool, device="meta")
    selection = select(mask, N, "meta")
    assert selection.kind == "mask" and selection.count is None and selection.mask is not None
    assert not selection.duplicates()
    with pytest.raises(ValueError, match="a mask of length 7, needs one bool for each of 8"):
        select(mask, N + 1, "meta")
    with pytest.raises(TypeError, match="uint8"):
        select(mask.to(torch.uint8), N, "meta")
