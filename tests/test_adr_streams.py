"""Named random streams."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from adr_cases import same, through_file

from genesis_state.randomization import RandomStreams


def draws(streams: RandomStreams, name: str, count: int = 4) -> list[float]:
    return torch.rand(count, generator=streams[name]).tolist()


def test_a_stream_depends_on_seed_and_name_alone() -> None:
    one, other = RandomStreams(3), RandomStreams(3)
    first = draws(one, "adr")
    draws(other, "noise")
    assert draws(other, "adr") == first
    assert draws(other, "noise") != draws(RandomStreams(4), "noise")
    assert draws(RandomStreams(3), "physics") != first
    assert draws(RandomStreams(4), "adr") != first
    assert draws(RandomStreams(-(2**80)), "adr") != first, "any int is a seed"


def test_numbers_of_a_stream_are_the_same_in_every_version() -> None:
    numbers = torch.randint(1000, (6,), generator=RandomStreams(0)["adr"]).tolist()
    assert numbers == [210, 392, 45, 651, 588, 320]


def test_a_resumed_stream_goes_on() -> None:
    streams = RandomStreams(7)
    draws(streams, "adr", 5)
    torch.randn(3, generator=streams["noise"])  # leaves half of a pair behind
    state = through_file(streams.state_dict())
    expected = draws(streams, "adr"), torch.randn(5, generator=streams["noise"]).tolist()
    later = draws(streams, "later")

    resumed = RandomStreams(99)
    held = resumed["adr"]
    draws(resumed, "later")
    resumed.load_state_dict(state)
    assert resumed["adr"] is held
    assert (draws(resumed, "adr"), torch.randn(5, generator=resumed["noise"]).tolist()) == expected
    assert draws(resumed, "later") == later, "what the saved run had not begun begins anew"


def damaged(**keys: Any) -> dict[str, Any]:
    streams = RandomStreams(7)
    draws(streams, "adr")
    return {**streams.state_dict(), **keys}


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({}, "needs the keys device, seed, states, version"),
        (damaged(version=2), "has version 2, this code reads 1"),
        (damaged(seed="7"), "saved seed is a str"),
        (damaged(device="cuda"), "saved on cuda, these are on cpu.*leave the streams out"),
        (damaged(states=3), "states is no mapping"),
        (damaged(states={"adr": torch.zeros(5056)}), "'adr' needs 5056 bytes as a uint8"),
        (damaged(states={"adr": torch.zeros(7, dtype=torch.uint8)}), "'adr' needs 5056 bytes"),
        (damaged(states={"adr": torch.zeros(5056, dtype=torch.uint8)}), "torch refuses"),
    ],
)
def test_a_damaged_state_is_refused_and_changes_nothing(
    state: dict[str, Any], sentence: str
) -> None:
    streams = RandomStreams(1)
    draws(streams, "adr")
    before = streams.state_dict()
    with pytest.raises((ValueError, TypeError), match=sentence):
        streams.load_state_dict(state)
    assert same(streams.state_dict(), before)


def test_wrong_seeds_and_names_are_refused() -> None:
    with pytest.raises(TypeError, match="seed: got a float, needs an int"):
        RandomStreams(1.5)  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match="stream name: got a int"):
        RandomStreams(1)[3]  # pyright: ignore[reportArgumentType]
