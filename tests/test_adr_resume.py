"""ADR that is saved, and goes on elsewhere: bit for bit, or matched by name to another config."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from adr_cases import (
    Script,
    adr_of,
    config,
    finish,
    hand_params,
    same,
    set_modes,
    three_params,
    through_file,
)

from genesis_state.randomization import ADR, RandomStreams
from genesis_state.randomization.adr_queues import in_order

VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "extended": {"adr_extended_boundary_sample": True},
    "clearing": {"clear_other_queues": True},
    "all boundary": {"worker_adr_boundary_fraction": 1.0},
    "frozen": {"update_adr_ranges": False},
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("seed", range(3))
def test_a_resumed_run_goes_on_bit_for_bit(variant: str, seed: int) -> None:
    params = three_params() | hand_params()
    params["kind"] = {"init_range": [0, 2], "limits": [0, 9], "delta": 0.5, "type": "categorical"}
    given = config(params, adr_queue_threshold_length=5, **VARIANTS[variant])
    streams, script = RandomStreams(seed), Script(seed, 48)
    adr = ADR(given, 48, streams)
    script.run(adr, 37)
    adr.discard([1, 5])
    saved = through_file({"adr": adr.state_dict(), "streams": streams.state_dict()})
    if variant != "frozen":
        counts = adr.queues.counts
        assert ((counts > 0) & (counts < 5)).any(), "no queue is part full"
        assert (adr.queues.heads > 0).any()

    other_streams = RandomStreams(seed + 100)
    resumed = ADR(given, 48, other_streams)
    Script(seed + 1, 48).run(resumed, 3)  # whatever was there has to go
    other_streams.load_state_dict(saved["streams"])
    report = resumed.load_state_dict(saved["adr"])
    assert same(resumed.state_dict(), adr.state_dict())
    assert report.workers_restored and len(report.restored) == len(params)
    assert str(report) == f"ADR: ranges and results of {len(params)} parameters restored"

    for _ in range(41):
        done, objective = script.step()
        assert torch.equal(adr.update(done, objective), resumed.update(done, objective))
    assert same(resumed.state_dict(), adr.state_dict())
    assert same(other_streams.state_dict(), streams.state_dict())
    assert resumed.scalars() == adr.scalars()
    assert all(same(adr.pinned(name), resumed.pinned(name)) for name in adr.names)


def saved_run(**keys: Any) -> tuple[ADR, dict[str, Any]]:
    """Three parameters in eight environments, a moved up once, with results in some queues."""
    adr = adr_of(config(**keys))
    finish(adr, [1, 1, 1, 1, 0, 2, 3, 3], 30.0)
    set_modes(adr, [0, 1, 2, 3, 4, 5, -1, -1])
    assert adr.ranges() == {"a": (0.5, 1.1), "b": (0.0, 0.0), "c": (1.0, 2.0)}
    return adr, through_file(adr.state_dict())


def test_a_reordered_config_changes_nothing() -> None:
    adr, state = saved_run()
    resumed = adr_of(config(dict(reversed(three_params().items()))), seed=9)
    resumed.load_state_dict(state)
    assert same(resumed.state_dict(), adr.state_dict())


def test_an_added_parameter_starts_at_its_init_range() -> None:
    adr, state = saved_run()
    params = {"aa": {"init_range": [7, 8], "delta": 1}, **three_params()}
    resumed = adr_of(config(params))
    report = resumed.load_state_dict(state)
    assert report.added == ("aa",) and report.restored == ("a", "b", "c")
    assert "fresh, at their init range: aa" in str(report)
    assert resumed.range("aa") == (7.0, 8.0) and resumed.range("a") == (0.5, 1.1)
    assert resumed.modes.tolist() == [0, 1, 4, 5, 6, 7, -1, -1], "b and c have other numbers now"
    assert (resumed.values("aa") >= 7).all() and (resumed.values("aa") <= 8).all()
    assert len(resumed.values("aa").unique()) == 8
    assert all(torch.equal(resumed.values(name), adr.values(name)) for name in adr.names)
    assert resumed.queues.counts.tolist() == [1, 0, 0, 0, 1, 2, 0, 0]


def test_a_removed_parameter_is_dropped_and_its_workers_retire() -> None:
    _, state = saved_run()
    params = three_params()
    del params["b"]
    resumed = adr_of(config(params))
    report = resumed.load_state_dict(state)
    assert report.dropped == ("b",) and report.retired == 2
    assert "in the checkpoint only, dropped: b" in str(report)
    assert "rollout workers until recycled: 2 environments" in str(report)
    assert resumed.modes.tolist() == [0, 1, -1, -1, 2, 3, -1, -1]
    assert resumed.workers.counted.tolist() == [True, True, False, False, *[True] * 4]
    resumed.update(None, torch.full((8,), 30.0))
    assert resumed.queues.counts.tolist() == [2, 1, 1, 1]
    assert resumed.workers.counted.all()


def test_a_parameter_of_another_kind_starts_fresh() -> None:
    _, state = saved_run()
    params = three_params()
    params["a"]["range_path"] = "actor_params.robot.dof_properties.damping"
    params["b"]["type"] = "categorical"
    params["b"]["delta"] = 1
    resumed = adr_of(config(params))
    report = resumed.load_state_dict(state)
    assert report.changed_kind == ("a", "b") and report.restored == ("c",)
    assert resumed.range("a") == (0.5, 1.0)
    assert resumed.modes.tolist() == [-1, -1, -1, -1, 4, 5, -1, -1]
    assert resumed.values("b").tolist() == [0] * 8


def test_a_saved_range_is_brought_within_present_limits() -> None:
    _, state = saved_run()
    params = three_params()
    params["a"]["limits"] = [None, 1.05]
    resumed = adr_of(config(params))
    report = resumed.load_state_dict(state)
    assert resumed.range("a") == (0.5, 1.05)
    assert report.clamped == ("a",) and "brought within present limits and init range: a" in str(
        report
    )
    assert resumed.modes.tolist() == [0, -1, 2, 3, 4, 5, -1, -1], "1.1 is no end any more"
    assert resumed.queues.counts.tolist() == [1, 0, 1, 2, 0, 0], "results of 0.5 still count"


def test_a_saved_range_is_never_inside_the_present_init_range() -> None:
    _, state = saved_run()
    params = three_params()
    params["a"]["init_range"] = [0.2, 1.4]
    resumed = adr_of(config(params))
    report = resumed.load_state_dict(state)
    assert resumed.range("a") == (0.2, 1.4)
    assert report.emptied == ("a/lower",) and "results dropped, as another" in str(report)
    assert resumed.modes.tolist() == [-1, -1, 2, 3, 4, 5, -1, -1]


def test_steps_come_from_the_present_config() -> None:
    _, state = saved_run()
    params = three_params()
    params["a"]["delta"] = 0.25
    resumed = adr_of(config(params))
    report = resumed.load_state_dict(state)
    assert report.emptied == () and resumed.queues.counts.tolist() == [1, 0, 1, 2, 0, 0]
    assert resumed.bounds.next_limits[0].tolist() == [0.25, 1.35]


def test_results_taken_outside_the_range_do_not_count_for_another_step() -> None:
    _, state = saved_run(adr_extended_boundary_sample=True)
    params = three_params()
    params["a"]["delta"] = 0.25
    resumed = adr_of(config(params, adr_extended_boundary_sample=True))
    assert resumed.load_state_dict(state).emptied == ("a/lower",)
    plain = adr_of(config())
    assert plain.load_state_dict(state).emptied == ("a/lower", "b/upper")  # b's limit is 0


def test_a_parameter_that_no_longer_moves_loses_its_workers() -> None:
    _, state = saved_run()
    params = three_params()
    params["a"]["delta"] = 0
    resumed = adr_of(config(params))
    report = resumed.load_state_dict(state)
    assert resumed.range("a") == (0.5, 1.1) and report.retired == 2
    assert resumed.modes.tolist() == [-1, -1, 2, 3, 4, 5, -1, -1]


@pytest.mark.parametrize("length", [2, 3, 9])
def test_queues_of_another_length_keep_the_newest_results(length: int) -> None:
    adr = adr_of(config(adr_queue_threshold_length=4), num_envs=1)
    for objective in (11.0, 12.0, 13.0, 14.0, 15.0, 16.0):
        finish(adr, [3], objective)
    resumed = adr_of(config(adr_queue_threshold_length=length), num_envs=1)
    report = resumed.load_state_dict(through_file(adr.state_dict()))
    queues = resumed.queues
    kept = in_order(queues.results[3], int(queues.counts[3]), int(queues.heads[3])).tolist()
    assert kept == [13.0, 14.0, 15.0, 16.0][-length:]
    assert report.shortened == ((f"b/upper (to {length})",) if length < 4 else ())
    finish(resumed, [3], 17.0)
    kept = in_order(queues.results[3], int(queues.counts[3]), int(queues.heads[3])).tolist()
    assert kept == [13.0, 14.0, 15.0, 16.0, 17.0][-length:]


def test_another_number_of_environments_keeps_all_but_what_is_theirs() -> None:
    adr, state = saved_run()
    streams = RandomStreams(4)
    resumed = ADR(config(), 20, streams)
    report = resumed.load_state_dict(state)
    assert not report.workers_restored
    assert "workers and values drawn anew: saved with 8 environments, now 20" in str(report)
    assert resumed.ranges() == adr.ranges()
    assert same(resumed.queues.results, adr.queues.results)
    assert (resumed.updates, resumed.episodes) == (adr.updates, adr.episodes)
    assert resumed.scalars() == adr.scalars()
    assert resumed.workers.counted.all()
    assert (resumed.values("a") <= 1.1).all() and (resumed.values("a") >= 0.5).all()

    again_streams = RandomStreams(4)
    again = ADR(config(), 20, again_streams)
    again.load_state_dict(state)
    assert same(again.state_dict(), resumed.state_dict()), "drawn from the stream"


def test_the_config_can_ask_to_leave_the_state_alone() -> None:
    _, state = saved_run()
    fresh = adr_of(config(adr_load_from_checkpoint=False))
    before = fresh.state_dict()
    report = fresh.load_state_dict(state)
    assert report.skipped and "adr_load_from_checkpoint is false" in str(report)
    assert same(fresh.state_dict(), before)


def test_ranges_frozen_for_an_evaluation_ignore_what_was_about_to_move_them() -> None:
    adr = adr_of(config(adr_queue_threshold_length=3))
    finish(adr, [1, 1, 1, 0, 0, 2, 3, 5], 18.0)
    state = through_file(adr.state_dict())
    lower: dict[str, Any] = {"adr_objective_threshold_high": 10, "adr_queue_threshold_length": 3}
    frozen = adr_of(config(update_adr_ranges=False, **lower))
    moving = adr_of(config(**lower))
    for resumed in (frozen, moving):
        resumed.load_state_dict(state)
        resumed.update([7], torch.full((8,), 15.0))
    assert frozen.ranges() == adr.ranges()
    assert moving.range("a") == (0.5, 1.1)
    assert frozen.modes[7] == -1


def with_(key: str, value: Any) -> dict[str, Any]:
    state = adr_of(config()).state_dict()
    state[key] = value
    return state


def put(key: str, place: Any, value: Any) -> dict[str, Any]:
    state = adr_of(config()).state_dict()
    state[key][place] = value
    return state


DAMAGED: list[tuple[Any, str]] = [
    (None, "got a NoneType, needs a mapping"),
    ({}, "version None, this code reads 1"),
    (with_("version", 2), "version 2, this code reads 1"),
    (with_("extra", 1), "its keys differ in extra"),
    (with_("num_envs", -1), "num_envs is -1, needs 0 or more"),
    (with_("updates", 1.0), "updates is a float, needs int"),
    (with_("extended", 1), "extended is a int, needs bool"),
    (with_("names", ["a", "b", "b"]), "names is empty or has a name twice"),
    (with_("names", ["a", "b", 3]), "names is no list of strings"),
    (with_("names", ["a", "b"]), "kinds needs 2 entries"),
    (with_("kinds", ["builtin", "uniform", "other"]), "kinds needs entries among"),
    (with_("kinds", ["builtin", "uniform", "uniform"]), "values needs one tensor for each"),
    (with_("ranges", [[0, 1]] * 3), "ranges is a list, needs a tensor"),
    (with_("ranges", torch.zeros(3, 2)), r"ranges has shape \(3, 2\) of torch.float32"),
    (with_("results", torch.zeros(6, 0, dtype=torch.float64)), r"results has shape \(6, 0\)"),
    (with_("results", torch.zeros((), dtype=torch.float64)), r"results has shape \(\)"),
    (with_("modes", torch.zeros(7, dtype=torch.int64)), r"modes has shape \(7,\)"),
    (with_("values", {"a": 1}), "values needs one tensor"),
    (put("values", "a", torch.zeros(3)), r"values\.a has shape \(3,\)"),
    (put("ranges", (0, 0), 7.0), "ranges has values that no ADR can have"),
    (put("ranges", (0, 1), torch.inf), "ranges has values"),
    (put("results", (0, 0), torch.nan), "results has values"),
    (put("counts", 0, 5), "counts has values"),
    (put("heads", 0, 4), "heads has values"),
    (put("means", 0, torch.inf), "means has values"),
    (put("modes", 0, 6), "modes has values"),
    (put("modes", 0, -2), "modes has values"),
    (with_("performance", torch.tensor(torch.nan, dtype=torch.float64)), "performance has values"),
]


@pytest.mark.parametrize(("state", "sentence"), DAMAGED)
def test_a_damaged_state_is_refused_and_changes_nothing(state: Any, sentence: str) -> None:
    streams = RandomStreams(0)
    adr = ADR(config(), 8, streams)
    Script(0, 8).run(adr, 10)
    before, stream = adr.state_dict(), streams.state_dict()
    with pytest.raises(ValueError, match=f"ADR state: {sentence}"):
        adr.load_state_dict(state)
    assert same(adr.state_dict(), before)
    assert same(streams.state_dict(), stream)


def test_a_loaded_state_is_not_shared() -> None:
    adr, state = saved_run()
    resumed = adr_of(config())
    resumed.load_state_dict(state)
    for value in state.values():
        if isinstance(value, torch.Tensor):
            value.fill_(0)
    for value in state["values"].values():
        value.fill_(0)
    assert same(resumed.state_dict(), adr.state_dict())
