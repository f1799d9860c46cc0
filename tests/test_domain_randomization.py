"""Domain randomization: distributions, schedules, what is drawn when, ADR's ranges, and noise."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from adr_cases import config as adr_config
from adr_cases import same, set_modes, through_file

from genesis_state.randomization import ADR, DomainRandomization, RandomStreams
from genesis_state.randomization.distributions import (
    bucketed,
    gaussian_of_spread,
    sample,
    standard_draw,
    stochastic_round,
)
from genesis_state.randomization.schedules import Schedule

N = 12
DAMPING = "actor_params.hand.dof_properties.damping"
MASS = "actor_params.cube.rigid_body_properties.mass"
SCALE = "actor_params.cube.scale"
GRAVITY = "sim_params.gravity"


class Property:
    """A property in memory that remembers who wrote to it."""

    def __init__(self, original: list[float], dtype: torch.dtype = torch.float32) -> None:
        self.original = torch.tensor([original] * N, dtype=dtype)
        self.values = self.original.clone()
        self.written: list[list[int]] = []

    def write(self, values: torch.Tensor, envs: torch.Tensor) -> None:
        assert values.dtype == self.original.dtype
        assert values.shape == (len(envs), self.original.shape[1])
        self.values[envs] = values
        self.written.append(envs.tolist())


def targets() -> dict[str, Property]:
    return {
        DAMPING: Property([1.0, 2.0, 3.0]),
        MASS: Property([0.5], torch.float64),
        SCALE: Property([1.0]),
        GRAVITY: Property([0.0, 0.0, -9.81]),
        "actor_params.cube.color": Property([0.1, 0.1, 0.1]),
    }


def entry(first: float, second: float, **keys: Any) -> dict[str, Any]:
    given = {"range": [first, second], "distribution": "uniform", "operation": "scaling"}
    return {**given, **keys}


def params(**keys: Any) -> dict[str, Any]:
    return {
        "frequency": 10,
        "sim_params": {"gravity": entry(0, 0.6, distribution="gaussian", operation="additive")},
        "actor_params": {
            "hand": {"dof_properties": {"damping": entry(0.5, 2.0, distribution="loguniform")}},
            "cube": {
                "color": False,
                "scale": entry(0.95, 1.05, setup_only=True),
                "rigid_body_properties": {"mass": entry(0.3, 1.7)},
            },
        },
        **keys,
    }


def build(
    given: dict[str, Any] | None = None, seed: int = 0
) -> tuple[DomainRandomization, dict[str, Property]]:
    found = targets()
    given = params() if given is None else given
    return DomainRandomization(given, found, RandomStreams(seed), N), found


def one(**keys: Any) -> dict[str, Any]:
    """A config of the cube's mass alone."""
    mass = entry(0.3, 1.7) | keys
    return {"actor_params": {"cube": {"rigid_body_properties": {"mass": mass}}}}


def drawn(distribution: str, operation: str, first: float, second: float, factor: float) -> Any:
    standard = standard_draw(distribution, (100_000,), RandomStreams(0)["x"], torch.float64)
    ends = torch.tensor([first, second], dtype=torch.float64)
    return sample(distribution, operation, standard, ends[0], ends[1], factor)


@pytest.mark.parametrize("operation", ["additive", "scaling"])
@pytest.mark.parametrize("factor", [1.0, 0.25, 0.0])
def test_samples_have_the_moments_of_their_distribution(operation: str, factor: float) -> None:
    rest = 0.0 if operation == "additive" else 1 - factor
    uniform = drawn("uniform", operation, 1.0, 3.0, factor)
    assert uniform.mean().item() == pytest.approx(2 * factor + rest, abs=0.01)
    assert uniform.std().item() == pytest.approx(2 / math.sqrt(12) * factor, abs=0.01)
    gaussian = drawn("gaussian", operation, 1.0, 3.0, factor)
    assert gaussian.mean().item() == pytest.approx(factor + rest, abs=0.04)
    assert gaussian.std().item() == pytest.approx(3 * factor, abs=0.04), "a deviation, no variance"
    log = drawn("loguniform", operation, 0.5, 8.0, factor)
    if operation == "scaling":
        low, high = 0.5 * factor + rest, 8 * factor + rest
        if factor:
            middle = math.log(low * high) / 2
            assert log.log().mean().item() == pytest.approx(middle, abs=0.01)
    else:
        low, high = 0.5 * factor, 8 * factor
    assert low - 1e-12 <= log.min() and log.max() <= high + 1e-12
    assert log.max() - log.min() >= 0.99 * (high - low)


def test_a_range_of_one_value_is_drawn_exactly() -> None:
    standard = torch.rand(1000, 1)
    for distribution in ("uniform", "loguniform"):
        for value in (0.1, 0.7, 1.37, 20.0):
            ends = torch.full((1000, 1), value)
            assert torch.equal(sample(distribution, "scaling", standard, ends, ends), ends)


def test_stochastic_rounding_keeps_the_mean() -> None:
    values = torch.tensor([2.3, -1.75, 4.0], dtype=torch.float64).expand(100_000, 3)
    rounded = stochastic_round(values, RandomStreams(0)["x"])
    assert rounded.dtype == torch.int64
    assert [column.unique().tolist() for column in rounded.T] == [[2, 3], [-2, -1], [4]]
    assert torch.allclose(rounded.double().mean(dim=0), values[0], atol=0.01)


def test_the_deviation_of_a_spread() -> None:
    spread = torch.tensor([0.04, 1.0, 0.0, -1.0], dtype=torch.float64)
    drawn = gaussian_of_spread(spread, 200_000, RandomStreams(0)["x"])
    deviation = drawn.std(dim=1).tolist()
    assert deviation == pytest.approx([0.0016013, 1.7182818, 0.0, 0.0], rel=0.01)


def test_schedules() -> None:
    counters = (0, 5, 10, 20)
    assert [Schedule("linear", 10).factor(at) for at in counters] == [0.0, 0.5, 1.0, 1.0]
    assert [Schedule("constant", 10).factor(at) for at in counters] == [0.0, 0.0, 1.0, 1.0]
    assert [Schedule().factor(at) for at in counters] == [1.0] * 4


def test_buckets_go_to_the_edge_below_and_cut_nothing_off() -> None:
    samples = torch.tensor([0.0, 0.09, 0.1, 0.3, 0.99, 1.2, -0.05])
    expected = torch.tensor([0.0, 0.0, 0.1, 0.3, 0.9, 1.2, -0.1])
    assert torch.allclose(bucketed(samples, 0.0, 0.1), expected, atol=1e-6)


def test_buckets_are_of_the_sample() -> None:
    randomization, found = build(one(num_buckets=7, distribution="gaussian", range=[1.0, 0.35]))
    randomization.apply(None, 0)
    step = (found[MASS].values / 0.5 - 0.3) / 0.2  # edges lie 4 · 0.35 / 7 apart from 1 − 2 · 0.35
    assert torch.allclose(step, step.round(), atol=1e-5) and len(step.round().unique()) > 3


def test_the_first_draw_is_of_everything() -> None:
    randomization, found = build()
    assert randomization.apply(None, 0).tolist() == list(range(N))
    for path in (DAMPING, MASS, SCALE, GRAVITY):
        assert found[path].written == [list(range(N))]
    ratio = found[DAMPING].values / found[DAMPING].original
    assert (ratio >= 0.5).all() and (ratio <= 2).all() and len(ratio.unique()) == 3 * N
    assert len(found[GRAVITY].values.unique(dim=0)) == 1, "one gravity for all"
    assert not torch.equal(found[GRAVITY].values, found[GRAVITY].original)
    assert not found["actor_params.cube.color"].written


def test_later_draws_wait_for_the_frequency_and_leave_setup_alone() -> None:
    randomization, found = build()
    randomization.apply(None, 0)
    before = {path: target.values.clone() for path, target in found.items()}
    assert randomization.apply([1, 2], 9).tolist() == []
    assert randomization.apply([2, 1], 10).tolist() == [1, 2]
    assert randomization.apply([1, 3], 12).tolist() == [3]
    assert randomization.apply([1, 3], 21).tolist() == [1]
    assert found[MASS].written[1:] == [[1, 2], [3], [1]]
    assert found[GRAVITY].written[1:] == [list(range(N))] * 2
    assert found[SCALE].written == [list(range(N))]
    rest = [0, *range(4, N)]
    assert torch.equal(found[MASS].values[rest], before[MASS][rest])
    assert (found[MASS].values[[1, 2, 3]] != before[MASS][[1, 2, 3]]).all()


def test_scaling_never_compounds() -> None:
    randomization, found = build(one())
    for counter in range(200):
        found[MASS].original.copy_(found[MASS].values)  # a target that forgets
        randomization.apply(None, counter)
        ratio = found[MASS].values / 0.5
        assert (ratio >= 0.3).all() and (ratio <= 1.7).all()


def test_schedules_follow_the_counter_that_is_passed() -> None:
    randomization, found = build(one(schedule="linear", schedule_steps=100))
    randomization.apply(None, 0)
    assert torch.equal(found[MASS].values, found[MASS].original)
    randomization.apply(None, 10)
    assert (found[MASS].values / 0.5 - 1).abs().max() <= 0.0701
    randomization.apply(None, 1000)
    assert (found[MASS].values / 0.5 - 1).abs().max() > 0.3


def test_color_is_any_when_asked_for() -> None:
    randomization, found = build({"actor_params": {"cube": {"color": True}}})
    randomization.apply([0, 1], 0)
    values = found["actor_params.cube.color"].values
    assert len(values[:2].unique()) == 6 and (values[2:] == 0.1).all()


def test_a_property_more_shifts_no_other() -> None:
    _, alone = (pair := build(one()))
    pair[0].apply(None, 0)
    randomization, among = build(params(frequency=1))
    randomization.apply(None, 0)
    assert torch.equal(alone[MASS].values, among[MASS].values)


def adr_of(streams: RandomStreams, path: str = f"{MASS}.range") -> ADR:
    mass = {"init_range": [0.9, 1.1], "limits": [0.1, 5], "delta": 0.05, "range_path": path}
    return ADR(
        adr_config({"cube_mass": mass, "delay": {"init_range": [0, 1], "delta": 0.1}}), N, streams
    )


def test_adr_replaces_ranges_and_pins_boundary_workers() -> None:
    streams, found = RandomStreams(0), targets()
    adr = adr_of(streams)
    randomization = DomainRandomization(params(), found, streams, N)
    set_modes(adr, [0, 1, 2, 3, *[-1] * (N - 4)])
    randomization.apply(None, 0, adr)
    ratio = found[MASS].values / found[MASS].original
    assert ratio[0].item() == 0.9 and ratio[1].item() == 1.1
    assert (ratio >= 0.9).all() and (ratio <= 1.1).all() and len(ratio.unique()) == N
    assert randomization.apply([3, 4], 1, adr).tolist() == [3, 4], "whatever the frequency"
    damping = found[DAMPING].values / found[DAMPING].original
    assert (damping >= 0.5).all() and damping.max() > 1.2, "what ADR does not drive is as it was"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({}, "actor_params.cube.rigid_body_properties.friction"),
        ({}, GRAVITY),
        ({"distribution": "gaussian"}, MASS),
        ({"setup_only": True}, MASS),
        ({"schedule": "linear", "schedule_steps": 5}, MASS),
    ],
)
def test_adr_drives_only_what_can_be_pinned(change: dict[str, Any], path: str) -> None:
    streams = RandomStreams(0)
    given = params(**one(**change))
    randomization = DomainRandomization(given, targets(), streams, N)
    with pytest.raises(ValueError, match=rf"adr\.params\.cube_mass\.range_path: {path} is no prop"):
        randomization.apply(None, 0, adr_of(streams, path))


def noisy(**keys: Any) -> dict[str, Any]:
    spec = {"range": [0, 0.1], "distribution": "gaussian", "operation": "additive"}
    return {"frequency": 5, "observations": spec | keys}


def test_white_noise_is_new_in_every_step_and_correlated_noise_stays() -> None:
    clean = torch.zeros(N, 1000)
    randomization, _ = build(noisy(range_correlated=[0.5, 2.0]))
    seen = [randomization.noise("observations", clean, at) for at in range(6)]
    assert seen[0].std().item() == pytest.approx(math.hypot(2.0, 0.1), rel=0.05)
    assert seen[0].mean().item() == pytest.approx(0.5, abs=0.1)
    assert (seen[1] - seen[0]).std().item() == pytest.approx(0.1 * math.sqrt(2), rel=0.05)
    assert (seen[4] - seen[0]).std().item() == pytest.approx(0.1 * math.sqrt(2), rel=0.05)
    assert (seen[5] - seen[0]).std() > 2, "drawn anew after the frequency"
    assert randomization.noise("actions", clean, 5) is clean
    assert (clean == 0).all()


def test_uniform_and_scaling_noise() -> None:
    clean = torch.full((N, 500), 2.0)
    given = noisy(
        distribution="uniform", range=[-1, 1], range_correlated=[3, 4], operation="additive"
    )
    noise = build(given)[0].noise("observations", clean, 0) - clean
    assert noise.min() >= 2 and noise.max() <= 5 and noise.max() - noise.min() > 2.5
    scaling = noisy(distribution="uniform", range=[0.5, 1.5], operation="scaling")
    ratio = build(scaling)[0].noise("observations", clean, 0) / clean
    assert ratio.min() >= 0.5 and ratio.max() <= 1.5 and ratio.std() > 0.25
    later = noisy(
        distribution="uniform", range=[0.5, 1.5], operation="scaling", schedule="constant"
    )
    later["observations"]["schedule_steps"] = 5
    randomization, _ = build(later)
    assert torch.equal(randomization.noise("observations", clean, 4), clean)
    assert not torch.equal(randomization.noise("observations", clean, 5), clean)


@pytest.mark.parametrize(("operation", "mean"), [("additive", 0.0), ("scaling", 1.0)])
def test_some_environments_may_have_no_white_noise(operation: str, mean: float) -> None:
    given = noisy(apply_white_noise=0.5, operation=operation, range=[mean, 0.1])
    clean = torch.ones(N, 3)
    randomization, _ = build(given)
    silent = (randomization.noise("observations", clean, 0) == clean).all(dim=1)
    assert 0 < silent.sum() < N
    again = (randomization.noise("observations", clean, 1) == clean).all(dim=1)
    assert torch.equal(silent, again)


def test_a_resumed_run_goes_on_bit_for_bit() -> None:
    def run(randomization: DomainRandomization, begin: int, end: int) -> list[torch.Tensor]:
        seen = []
        for counter in range(begin, end):
            randomization.apply([counter % N, (3 * counter) % N], counter)
            seen.append(randomization.noise("observations", torch.ones(N, 4), counter))
        return seen

    correlated = {"range_correlated": [0, 1], "schedule": "linear", "schedule_steps": 50}
    given = params(observations=noisy(**correlated)["observations"], frequency=7)
    streams, found = RandomStreams(1), targets()
    randomization = DomainRandomization(given, found, streams, N)
    randomization.apply(None, 0)
    run(randomization, 1, 24)
    state = through_file({"dr": randomization.state_dict(), "streams": streams.state_dict()})
    values = {path: target.values.clone() for path, target in found.items()}

    other_streams, other_found = RandomStreams(2), targets()
    resumed = DomainRandomization(given, other_found, other_streams, N)
    resumed.apply(None, 0)
    resumed.noise("observations", torch.ones(N, 4), 0)
    for path, target in other_found.items():
        target.values.copy_(values[path])  # the simulation's own checkpoint
    other_streams.load_state_dict(state["streams"])
    report = resumed.load_state_dict(state["dr"])
    assert str(report) == "domain randomization: restored"
    expected, seen = run(randomization, 24, 60), run(resumed, 24, 60)
    assert all(same(a, b) for a, b in zip(expected, seen, strict=True))
    assert all(same(found[path].values, other_found[path].values) for path in found)
    assert same(randomization.state_dict(), resumed.state_dict())
    assert same(streams.state_dict(), other_streams.state_dict())


def test_another_number_of_environments_or_another_noise_begins_anew() -> None:
    randomization, _ = build(noisy())
    randomization.apply(None, 3)
    randomization.noise("observations", torch.ones(N, 4), 3)
    state = through_file(randomization.state_dict())
    fewer = DomainRandomization(noisy(), {}, RandomStreams(0), 4)
    report = fewer.load_state_dict(state)
    assert "another number of environments" in str(report) and fewer.counter == 3
    assert fewer.apply(None, 4).tolist() == [0, 1, 2, 3]
    more, _ = build(noisy() | {"actions": noisy()["observations"]})
    report = more.load_state_dict(state)
    assert report.fresh == ("actions",) and "but for noise on actions" in str(report)
    assert more.apply(None, 7).tolist() == [] and more.apply(None, 8).tolist() == list(range(N))


def test_forget_draws_everything_again_where_the_simulation_was_not_restored() -> None:
    randomization, _ = build()
    randomization.apply(None, 3)
    resumed, found = build(seed=1)
    resumed.load_state_dict(randomization.state_dict())
    resumed.forget()
    assert resumed.apply([1, 2], 4).tolist() == [1, 2]
    assert found[SCALE].written == found[MASS].written == [[1, 2]]
    assert found[GRAVITY].written == [list(range(N))] and resumed.counter == 4


@pytest.mark.parametrize("key", ["version", "counter", "drawn_at", "noises", "num_envs"])
def test_a_damaged_state_is_refused_and_changes_nothing(key: str) -> None:
    randomization, _ = build(noisy())
    randomization.noise("observations", torch.ones(N, 4), 3)
    state = randomization.state_dict()
    state[key] = {"observations": {"drawn_at": 3}} if key == "noises" else "x"
    before = randomization.state_dict()
    with pytest.raises(ValueError, match=r"domain randomization: the state .*is damaged"):
        randomization.load_state_dict(state)
    assert same(randomization.state_dict(), before)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"actors": {}}, r"params\.actors: there is no such key; known are actions, actor_params, fr"),
    ({"frequency": 0}, r"frequency: got 0, needs 1 or more"),
    ({"sim_params": {"dt": {}}}, r"sim_params\.dt: there is no such key; known are gravity"),
    ({"actor_params": {"cube": {"color": 1}}}, r"cube\.color: got 1, needs a bool"),
    ({"actor_params": {"cube": {"dofs": {"x": entry(0, 1)}}}}, r"cube\.dofs\.x: there is nothing"),
    (one(range=[1, 0]), r"mass\.range: got \[1\.0, 0\.0\], needs the lower end first"),
    (one(range=[0, 1], distribution="loguniform"), r"mass\.range: .*above 0 .* loguniform"),
    (one(range=[0, -1], distribution="gaussian"), r"mass\.range\[1\]: got -1.*standard deviation"),
    (one(distribution="normal"), r"mass\.distribution: .*one of uniform, loguniform, gaussian"),
    (one(operation="add"), r"mass\.operation: .*one of additive, scaling"),
    (one(schedule="cosine"), r"mass\.schedule: .*one of none, linear, constant"),
    (one(schedule="linear"), r"mass: lacks schedule_steps"),
    (one(schedule_steps=5), r"mass\.schedule_steps: there is no schedule"),
    (one(schedule="linear", schedule_steps=0), r"schedule_steps: got 0, needs 1 or more"),
    (one(num_buckets=0), r"num_buckets: got 0, needs 1 or more"),
    (one(num_buckets=3, range=[1, 1]), r"num_buckets: got 3 for a range of no width"),
    (one(setup_only=1), r"setup_only: got 1, needs a bool"),
    (one(spread=1), r"mass\.spread: there is no such key; known are distribution, num_b"),
    (noisy(distribution="loguniform"), r"observations\.distribution: .*one of uniform, gaussian"),
    (noisy(apply_white_noise=2), r"apply_white_noise: got 2, needs a finite number from 0 to 1"),
    (noisy(num_buckets=2), r"observations\.num_buckets: there is no such key"),
]


@pytest.mark.parametrize(("given", "sentence"), REFUSED)
def test_a_wrong_config_is_refused_with_its_path(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises((ValueError, TypeError), match=sentence):
        build(given)


def test_wrong_calls_are_refused() -> None:
    randomization, found = build(params() | noisy())
    with pytest.raises(ValueError, match="counter: got -1, needs an int of 0 or more"):
        randomization.apply(None, -1)
    with pytest.raises(ValueError, match=r"observations: shape \(3,\) of torch.float32, needs"):
        randomization.noise("observations", torch.zeros(3), 0)
    randomization.noise("observations", torch.zeros(N, 3), 0)
    with pytest.raises(ValueError, match=r"the noise in force is for \(12, 3\)"):
        randomization.noise("observations", torch.zeros(N, 4), 0)
    found[MASS].original = torch.zeros(3, 1)
    with pytest.raises(ValueError, match=r"mass: original has shape \(3, 1\), needs \(12, k\)"):
        DomainRandomization(params(), found, RandomStreams(0), N)
    found[MASS].original = torch.zeros(N, 1, dtype=torch.int64)
    with pytest.raises(ValueError, match=r"mass: original is of torch.int64"):
        DomainRandomization(params(), found, RandomStreams(0), N)
