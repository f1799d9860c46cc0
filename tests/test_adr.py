"""ADR: what its config may say, who evaluates what, and the cases in which a range moves or not."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch
from adr_cases import Script, adr_of, config, finish, hand_params, same, set_modes, three_params

from genesis_state.randomization import ADR, RandomStreams


def spec(**keys: Any) -> dict[str, Any]:
    """A config of one parameter p."""
    return config({"p": {"init_range": [0, 1], "delta": 0.1} | keys})


# What is wrong, and the sentence about it.
REFUSED: list[tuple[dict[str, Any], str]] = [
    (spec(init_range=[1, 0]), r"adr\.params\.p\.init_range: got \[1\.0, 0\.0\].*lower end first"),
    (spec(init_range=[0, 1, 2]), r"p\.init_range: got 3 values, needs two"),
    (spec(init_range=0.5), r"p\.init_range: got 0\.5, needs two values"),
    (spec(init_range=["0", 1]), r"p\.init_range: got '0', needs a number"),
    (spec(init_range=[0, float("nan")]), r"p\.init_range: got nan, needs a finite number"),
    (spec(limits=[0.5, 2]), r"p\.init_range: .*within the limits \[0\.5, 2\]; widen"),
    (spec(limits=[2, -1]), r"p\.limits: .*lower end first"),
    (spec(delta=-0.1), r"p\.delta: got -0\.1, needs a finite number of 0 or more; use 0 for"),
    (spec(delta="1e-3"), r"p\.delta: got '1e-3', needs a number; write it like 0\.01"),
    (spec(delta=True), r"p\.delta: got True, needs a number"),
    (spec(delta_style="log"), r"p\.delta_style: .*one of additive, multiplicative"),
    (spec(delta_style="multiplicative", delta=0.9), r"p\.delta: got 0\.9, needs a factor above 1"),
    (
        spec(delta_style="multiplicative", delta=1.1, init_range=[-2, -1]),
        r"p\.init_range: got \[-2, -1\], needs to be above 0.*use delta_style additive",
    ),
    (spec(delta_style="multiplicative", delta=1.1), r"p\.init_range: got \[0, 1\], needs to be ab"),
    (spec(type="normal"), r"p\.type: got 'normal', needs one of uniform, categorical"),
    (spec(type="categorical", init_range=[0, 1.5]), r"p\.init_range: .*whole numbers"),
    (spec(type="categorical", limits=[-0.5, None]), r"p\.limits: .*whole numbers"),
    (spec(type="categorical", range_path="actor_params.a.b.c"), r"p\.type: .*leave type out"),
    (spec(range_path=3), r"p\.range_path: got 3, needs a dotted path"),
    (spec(range=[0, 1]), r"p\.range: there is no such key; known are delta, delta_style, init_"),
    (config({"p": {"delta": 0}}), r"adr\.params\.p: lacks init_range"),
    (config({"p": {"init_range": [0, 1]}}), r"adr\.params\.p: lacks delta"),
    (config({"p": 3}), r"adr\.params\.p: got 3, needs a mapping"),
    (config({}), r"adr\.params: is empty"),
    (config(use_adr=False), r"adr\.use_adr: is off"),
    (config(use_adr=1), r"adr\.use_adr: got 1, needs a bool"),
    (config(adr_first_pass=True), r"adr\.adr_first_pass: there is no such key; known are adr_"),
    (config(worker_adr_boundary_fraction=1.5), r"boundary_fraction: got 1\.5, needs .*from 0 to 1"),
    (config(adr_queue_threshold_length=0), r"threshold_length: got 0, needs 1 or more"),
    (config(adr_queue_threshold_length=2.5), r"threshold_length: got 2\.5, needs an int"),
    (config(adr_objective_threshold_low=30), r"threshold_low: got 30, needs at most .*, 20; swap"),
]


@pytest.mark.parametrize(("given", "sentence"), REFUSED)
def test_a_wrong_config_is_refused_with_its_path(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises((ValueError, TypeError), match=sentence):
        adr_of(given)


def test_a_missing_threshold_and_a_shared_path_are_refused() -> None:
    given = config()
    del given["adr_objective_threshold_high"]
    with pytest.raises(ValueError, match=r"adr: lacks adr_objective_threshold_high, .*; add adr\."):
        adr_of(given)
    params = {"a": {"init_range": [0, 1], "delta": 0, "range_path": "actor_params.x.y.z"}}
    params["b"] = dict(params["a"], range_path="actor_params.x.y.z.range")
    with pytest.raises(ValueError, match=r"b\.range_path: actor_params\.x\.y\.z belongs to a"):
        adr_of(config(params))
    with pytest.raises(ValueError, match=r"task\.adr\.params: is empty"):
        ADR(config({}), 4, RandomStreams(0), path="task.adr")


def test_the_boundary_fraction_is_the_share_of_boundary_workers() -> None:
    adr = adr_of(config(hand_params()), num_envs=20_000)
    assert adr.worker_types.float().mean().item() == pytest.approx(0.4, abs=0.015)
    counts = torch.bincount(adr.modes[adr.modes >= 0], minlength=54).view(27, 2)
    still = torch.tensor([adr.specs[name].delta == 0 for name in adr.names])
    assert still.sum() == 3
    assert (counts[still] == 0).all(), "a parameter that cannot move has boundary workers"
    assert counts[~still].min() > 100 and counts[~still].max() < 240  # about 167 each


def test_only_environments_whose_episode_ended_get_new_parts() -> None:
    adr = adr_of(config(), num_envs=200)
    before = adr.state_dict()
    done = torch.zeros(200, dtype=torch.bool)
    done[::4] = True
    adr.update(done, torch.full((200,), 12.0))
    after = adr.state_dict()
    assert torch.equal(after["modes"][~done], before["modes"][~done])
    assert not torch.equal(after["modes"][done], before["modes"][done])
    for name in adr.names:
        assert torch.equal(after["values"][name][~done], before["values"][name][~done])


def test_nothing_is_recorded_at_the_start_or_by_recycle() -> None:
    adr = adr_of(config(), num_envs=64)
    adr.recycle()
    adr.recycle([1, 2, 3])
    assert adr.queues.counts.sum() == 0
    assert "adr/objective_perf/rollouts" not in adr.scalars()


def test_an_update_without_an_end_only_counts() -> None:
    adr = adr_of(config(), num_envs=16)
    before = adr.state_dict()
    assert not adr.update(torch.zeros(16, dtype=torch.bool), torch.full((16,), torch.nan)).any()
    after = adr.state_dict()
    assert after.pop("updates") == before.pop("updates") + 1
    assert same(before, after)


def test_between_the_thresholds_a_full_queue_slides() -> None:
    adr = adr_of(config(), num_envs=4)
    for objective in (12.0, 13.0):
        assert not finish(adr, [1] * 4, objective).any()
    assert not finish(adr, [1, 1, -1, -1], 14.0).any()
    assert adr.queues.counts[1] == 4 and adr.queues.means()[1] == 13.5


def test_the_thresholds_themselves_move_nothing() -> None:
    adr = adr_of(config(), num_envs=4)
    for objective in (5.0, 20.0):
        assert not finish(adr, [1] * 4, objective).any()


def test_a_range_never_shrinks_inside_where_it_began() -> None:
    adr = adr_of(config(), num_envs=4)
    for mode in range(6):
        assert not finish(adr, [mode] * 4, 0.0).any()
        assert adr.queues.counts[mode] == 4, "a move that cannot be made clears nothing"


def test_a_wanted_move_that_a_limit_blocks_leaves_the_queue_sliding() -> None:
    adr = adr_of(spec(limits=[0, 1.05]), num_envs=4)
    assert finish(adr, [1] * 4, 30.0).tolist() == [[False, True]]
    assert adr.range("p") == (0.0, 1.05)
    for _ in range(3):
        assert not finish(adr, [1] * 4, 30.0).any()
    assert adr.queues.counts.tolist() == [0, 4]
    assert finish(adr, [1] * 4, 0.0).tolist() == [[False, True]]
    assert adr.range("p") == (0.0, pytest.approx(1.0))


def test_a_move_retires_those_who_still_evaluate_the_old_end() -> None:
    adr = adr_of(config(), num_envs=8)
    set_modes(adr, [1, 1, 1, 1, 1, 0, 3, -1])
    adr.update([0, 1, 2, 3], torch.full((8,), 30.0))
    assert adr.range("a") == (0.5, 1.1)
    assert adr.modes[4:].tolist() == [-1, 0, 3, -1]
    assert adr.workers.counted[4:].tolist() == [False, True, True, True]
    performance = adr.scalars().get("adr/objective_perf/rollouts")
    adr.update([4], torch.full((8,), 1.0))  # neither a result of the end nor of a rollout
    assert adr.queues.counts[1] == 0
    assert adr.scalars().get("adr/objective_perf/rollouts") == performance
    assert adr.workers.counted[4], "its next episode counts again"


def test_clear_other_queues_empties_all_and_retires_all() -> None:
    adr = adr_of(config(clear_other_queues=True), num_envs=8)
    finish(adr, [3, 3, 3, -1, -1, -1, -1, -1], 12.0)
    assert adr.queues.counts[3] == 3
    set_modes(adr, [1, 1, 1, 1, 0, 3, 5, -1])
    adr.update([0, 1, 2, 3], torch.full((8,), 30.0))
    assert adr.queues.counts.sum() == 0
    assert adr.modes[4:].tolist() == [-1] * 4
    assert adr.workers.counted[4:].tolist() == [False, False, False, True]


def test_discarded_episodes_do_not_count() -> None:
    adr = adr_of(config(), num_envs=4)
    set_modes(adr, [1, 1, -1, -1])
    adr.discard([0, 2])
    adr.update(None, torch.tensor([1.0, 2.0, 3.0, 4.0]))
    assert adr.queues.counts[1] == 1 and adr.queues.means()[1] == 2.0
    assert adr.scalars()["adr/objective_perf/rollouts"] == 4.0


def test_more_results_than_a_queue_holds_keep_the_newest_in_order_of_environments() -> None:
    adr = adr_of(config(adr_queue_threshold_length=3), num_envs=8)
    finish(adr, [1, -1, 1, 1, -1, 1, 1, 0], [10.0, 0, 11.0, 12.0, 0, 13.0, 14.0, 15.0])
    assert sorted(adr.queues.results[1].tolist()) == [12.0, 13.0, 14.0]
    finish(adr, [1, -1, -1, -1, -1, -1, -1, -1], 9.0)
    assert sorted(adr.queues.results[1].tolist()) == [9.0, 13.0, 14.0], "the oldest goes first"


def test_extended_sampling_evaluates_one_step_outside() -> None:
    adr = adr_of(config(adr_extended_boundary_sample=True), num_envs=4)
    finish(adr, [-1] * 4, 12.0)
    set_modes(adr, [0, 1, 4, -1])
    assert adr.pinned("a").tolist() == [[0.4, 0.4], [1.1, 1.1], [0.5, 1.0], [0.5, 1.0]]
    assert adr.pinned("c", [2]).tolist() == [[2 / 3, 2 / 3]]


def test_frozen_ranges_have_rollout_workers_only_extended_or_not() -> None:
    given = config(update_adr_ranges=False, adr_extended_boundary_sample=True)
    adr = adr_of(given, num_envs=64)
    for _ in range(4):
        assert not adr.update(None, torch.full((64,), 30.0)).any()
    assert adr.worker_types.sum() == 0
    assert adr.ranges()["a"] == (0.5, 1.0)
    assert adr.scalars()["adr/objective_perf/rollouts"] == 30.0


@pytest.mark.parametrize("fraction", [0.0, 1.0])
def test_categorical_values_are_the_whole_numbers_in_the_range(fraction: float) -> None:
    given = spec(type="categorical", init_range=[1, 2], limits=[-2, 4], delta=0.2)
    adr = adr_of(given | {"worker_adr_boundary_fraction": fraction}, 2000)
    seen = []
    for _ in range(40):
        finish(adr, [0, 1] * 1000, 30.0)
        assert adr.values("p").dtype == torch.int64
        seen = adr.values("p").unique().tolist()
        low, high = adr.range("p")
        inside = [n for n in range(-3, 6) if low - 1e-6 <= n <= high + 1e-6]
        assert seen == (inside if fraction == 0 else [inside[0], inside[-1]])
    assert seen == ([-2, -1, 0, 1, 2, 3, 4] if fraction == 0 else [-2, 4])


def test_the_rollout_mean_leaves_out_updates_without_rollout_workers() -> None:
    adr = adr_of(config(adr_rollout_perf_alpha=0.5), num_envs=2)
    finish(adr, [1, 3], 12.0)
    assert "adr/objective_perf/rollouts" not in adr.scalars()
    finish(adr, [-1, -1], [10.0, 20.0])
    finish(adr, [1, 3], 12.0)
    assert adr.scalars()["adr/objective_perf/rollouts"] == 15.0
    finish(adr, [-1, 1], 5.0)
    assert adr.scalars()["adr/objective_perf/rollouts"] == 10.0


def test_scalars_have_a_curve_for_every_end() -> None:
    adr = adr_of(config(), num_envs=4)
    finish(adr, [1, 1, 1, 0], 30.0)
    finish(adr, [1, -1, -1, -1], 26.0)
    scalars = adr.scalars()
    queue = "adr/objective_perf/boundary/a"
    assert scalars["adr/params/a/lower"] == 0.5
    assert scalars["adr/params/a/upper"] == 1.1
    assert scalars[f"{queue}/upper/value"] == 29.0, "the mean that made it move"
    assert scalars[f"{queue}/upper/queue_len"] == 0
    assert scalars[f"{queue}/lower/queue_len"] == 1
    assert "adr/objective_perf/boundary/b/lower/value" not in scalars
    assert scalars["adr/npd"] == adr.npd()
    assert all(type(value) is float for value in scalars.values())


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_parameters_changes_nothing(seed: int) -> None:
    extra = {"clear_other_queues": bool(seed % 2), "adr_extended_boundary_sample": seed > 2}
    params = three_params() | hand_params()
    shuffled = list(params.items())
    random.Random(seed).shuffle(shuffled)
    one, other = adr_of(config(params, **extra), 30), adr_of(config(dict(shuffled), **extra), 30)
    Script(seed, 30).run(one, 60)
    Script(seed, 30).run(other, 60)
    assert same(one.state_dict(), other.state_dict())
    assert one.scalars() == other.scalars()


def test_any_form_of_the_same_environments_does_the_same() -> None:
    objective = torch.arange(8.0)
    states = []
    mask = torch.tensor([True, False, False, True, True, False, True, False])
    for done in (mask, [6, 0, 4, 3], torch.tensor([3, 4, 0, 6, 0]), mask.numpy(), [-2, -8, 4, 3]):
        adr = adr_of(config(), seed=5)
        adr.update(done, objective)
        states.append(adr.state_dict())
    assert all(same(states[0], other) for other in states)


@pytest.mark.parametrize("seed", range(4))
def test_ranges_stay_within_limits_over_long_runs(seed: int) -> None:
    adr = adr_of(config(hand_params(), adr_queue_threshold_length=3), 64, seed)
    for spec_ in adr.specs.values():
        assert spec_.limits[0] <= spec_.init_range[0] <= spec_.init_range[1] <= spec_.limits[1]
    script = Script(seed, 64)
    for _ in range(150):
        adr.update(*script.step())
        bounds = adr.bounds
        assert (bounds.ranges[:, 0] >= bounds.limits[:, 0]).all()
        assert (bounds.ranges[:, 1] <= bounds.limits[:, 1]).all()
        assert (bounds.ranges[:, 0] <= bounds.init[:, 0]).all()
        assert (bounds.ranges[:, 1] >= bounds.init[:, 1]).all()
        assert (adr.queues.counts <= 3).all()
        empty = torch.arange(3)[None, :] >= adr.queues.counts[:, None]
        assert (adr.queues.results[empty & (adr.queues.counts == 0)[:, None]] == 0).all()


def test_what_is_returned_is_a_copy() -> None:
    adr = adr_of(config())
    before = adr.state_dict()
    adr.values("a").fill_(9)
    adr.modes.fill_(3)
    adr.pinned("a").fill_(9)
    adr.state_dict()["ranges"].fill_(9)
    assert same(adr.state_dict(), before)


def test_wrong_calls_are_refused() -> None:
    adr = adr_of(config(hand_params()))
    with pytest.raises(ValueError, match=r"objective: shape \(4,\), needs \(8,\)"):
        adr.update(None, torch.zeros(4))
    with pytest.raises(TypeError, match="objective: got a list, needs a tensor"):
        adr.update(None, [1.0] * 8)  # pyright: ignore[reportArgumentType]
    objective = torch.zeros(8)
    objective[3] = torch.nan
    before = adr.state_dict()
    with pytest.raises(ValueError, match="objective: not finite in environment 3"):
        adr.update(None, objective)
    assert same(adr.state_dict(), before)
    adr.update([0, 1], objective)
    with pytest.raises(KeyError, match="hand_dampin: no such parameter; known are action_d"):
        adr.range("hand_dampin")
    with pytest.raises(KeyError, match="hand_damping: has a range_path"):
        adr.values("hand_damping")
    with pytest.raises(IndexError, match="out of range"):
        adr.update([8], torch.zeros(8))


def test_global_generators_are_left_alone() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    Script(0, 16).run(adr_of(config(), num_envs=16), 5)
    assert torch.equal(torch.rand(3), expected)
