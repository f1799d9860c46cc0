"""ADR against figures known beforehand, and against a slow reference over random scripts."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
import torch
from adr_cases import Script, adr_of, config, finish, hand_params
from adr_reference import ReferenceADR

from genesis_state.randomization import ADR, RandomStreams
from genesis_state.randomization.adr_queues import in_order


def test_entropy_of_the_hand_table_at_start_and_at_limits() -> None:
    adr = adr_of(config(hand_params()))
    assert len(adr.names) == 27
    assert adr.npd() == pytest.approx(-2.694808, abs=5e-7)
    assert adr.npd() * 27 == pytest.approx(-72.759821, abs=5e-7)
    adr.bounds.put(adr.bounds.limits)
    assert adr.npd() == pytest.approx(1.359405, abs=5e-7)
    assert adr.npd() * 27 == pytest.approx(36.703924, abs=5e-7)


def test_one_step_of_one_side_adds_the_logarithm_of_the_growth() -> None:
    adr = adr_of(config(hand_params()))
    before = adr.npd()
    upper = 2 * adr.names.index("hand_damping") + 1
    moved = finish(adr, [upper] * 8, 30.0)
    assert moved.sum() == 1
    assert adr.range("hand_damping") == (0.5, 2.01)
    assert 27 * (adr.npd() - before) == pytest.approx(math.log(1.51 / 1.5), abs=1e-12)


def test_three_params_that_all_go_well() -> None:
    adr = adr_of(config(), num_envs=24)
    moved = finish(adr, [0, 1, 2, 3, 4, 5] * 4, 30.0)
    assert moved.tolist() == [[True, True], [False, True], [True, True]]
    assert adr.range("a") == pytest.approx((0.4, 1.1))
    assert adr.range("b") == (0.0, 0.5)
    assert adr.range("c") == pytest.approx((2 / 3, 3.0))
    expected = torch.tensor([[0.3, 1.2], [0.0, 1.0], [0.5, 4.0]], dtype=torch.float64)
    assert torch.allclose(adr.bounds.next_limits, expected, atol=1e-12)


def test_scripted_objectives_move_an_end_out_and_back_to_where_it_began() -> None:
    adr = adr_of(config(), num_envs=4)
    seen = []
    for objective in (30.0, 30.0, 12.0, 1.0, 1.0, 1.0):
        finish(adr, [1] * 4, objective)
        seen.append(round(adr.range("a")[1], 9))
    assert seen == [1.1, 1.2, 1.2, 1.1, 1.0, 1.0]
    assert adr.range("a")[0] == 0.5


def random_config(rng: random.Random) -> dict[str, Any]:
    """Some parameters of every sort, and every switch now and then."""
    params: dict[str, dict[str, Any]] = {}
    for place in range(rng.randint(1, 6)):
        sort = rng.choice(["plain", "bounded", "factor", "still", "categorical", "builtin"])
        low = rng.choice([-1.0, 0.0, 0.25, 1.0])
        spec: dict[str, Any] = {"init_range": [low, low + rng.choice([0.0, 0.5, 2.0])]}
        spec["delta"] = rng.choice([0.1, 0.25, 0.3])
        if sort == "bounded":
            spec["limits"] = [low - rng.choice([0.0, 0.35]), low + 2.6]
        elif sort == "factor":
            spec |= {"init_range": [0.5, 1.5], "delta": 1.3, "delta_style": "multiplicative"}
            spec["limits"] = [0.2, None]
        elif sort == "still":
            spec["delta"] = 0
        elif sort == "categorical":
            spec |= {"init_range": [1, 3], "limits": [-2, 5], "type": "categorical"}
        elif sort == "builtin":
            spec["range_path"] = f"actor_params.robot.dof_properties.p{place}"
        params[f"{rng.choice('pqrs')}{place}"] = spec
    return config(
        params,
        adr_queue_threshold_length=rng.choice([1, 2, 3, 7]),
        clear_other_queues=rng.random() < 0.3,
        adr_extended_boundary_sample=rng.random() < 0.4,
        worker_adr_boundary_fraction=rng.choice([0.4, 0.8, 1.0]),
        update_adr_ranges=rng.random() > 0.05,
        adr_rollout_perf_alpha=rng.choice([0.5, 0.99]),
    )


@pytest.mark.parametrize("seed", range(40))
def test_random_scripts_agree_with_the_slow_reference(seed: int) -> None:
    rng = random.Random(seed)
    given = random_config(rng)
    num_envs = rng.choice([1, 5, 17, 40])
    adr, reference = ADR(given, num_envs, RandomStreams(seed)), ReferenceADR(given)
    script = Script(seed, num_envs)
    for _ in range(50):
        done, objective = script.step()
        if rng.random() < 0.1:
            adr.discard(torch.tensor([rng.randrange(num_envs)]))
        modes, counted = adr.modes.tolist(), adr.workers.counted.tolist()
        values = {name: adr.values(name) for name in adr.names if adr.specs[name].kind != "builtin"}
        before = [list(ends) for ends in reference.ranges]
        reference.update(done.tolist(), objective.tolist(), modes, counted)
        moved = adr.update(done, objective)
        compare(adr, reference)
        assert [m != n for m, n in zip(before, reference.ranges, strict=True)] == (
            moved.any(dim=1).tolist()
        )
        going_on = [env for env in range(num_envs) if not done[env]]
        now = adr.modes.tolist()
        assert [now[env] for env in going_on] == [modes[env] for env in going_on]
        now = adr.workers.counted.tolist()
        assert [now[env] for env in going_on] == [counted[env] for env in going_on]
        assert all(now[env] for env in range(num_envs) if done[env])
        check_new_values(adr, reference, done, values)


def compare(adr: ADR, reference: ReferenceADR) -> None:
    """Ranges, limits, queues in order and the running mean, with nothing rounded."""
    assert adr.names == tuple(reference.names)
    assert adr.bounds.ranges.tolist() == reference.ranges
    assert adr.bounds.next_limits.tolist() == reference.next_limits()
    queues = adr.queues
    for results, count, head, expected in zip(
        queues.results, queues.counts.tolist(), queues.heads.tolist(), reference.queues, strict=True
    ):
        assert in_order(results, count, head).tolist() == list(expected)
    performance = adr.scalars().get("adr/objective_perf/rollouts")
    assert (performance is None) == (reference.performance is None)
    assert performance is None or math.isclose(performance, reference.performance or 0.0)
    assert adr.npd() == pytest.approx(reference.npd(), rel=1e-12, abs=1e-12)


def check_new_values(
    adr: ADR, reference: ReferenceADR, done: torch.Tensor, before: dict[str, torch.Tensor]
) -> None:
    """Environments that begin have legal parts, and values in range or at the end they evaluate."""
    modes = adr.modes
    evaluated = reference.evaluated()
    for place, name in enumerate(adr.names):
        low, high = reference.ranges[place]
        pinned = adr.pinned(name).tolist()
        kind = adr.specs[name].kind
        for env in done.nonzero().squeeze(1).tolist():
            mode = int(modes[env])
            assert -1 <= mode < 2 * len(adr.names)
            assert mode < 0 or reference.specs[mode // 2]["delta"] > 0
            mine = mode >= 0 and mode // 2 == place
            end = evaluated[place][mode % 2]
            assert pinned[env] == ([end, end] if mine else [low, high])
            if kind == "builtin":
                continue
            value = adr.values(name)[env].item()
            if kind == "categorical":
                assert value == int(value)
                end = math.ceil(end - 1e-6) if mode % 2 == 0 else math.floor(end + 1e-6)
            if mine:
                assert value == pytest.approx(end, rel=1e-6)
            else:
                assert low - 1e-6 <= value <= high + 1e-6
        if kind != "builtin":
            assert torch.equal(adr.values(name)[~done], before[name][~done])
