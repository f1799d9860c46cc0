"""A saved ADR state made to fit the present config: what is matched by name and what is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from genesis_state.randomization.adr_bounds import SMALLEST_MOVE, Bounds
from genesis_state.randomization.adr_queues import in_order
from genesis_state.randomization.adr_spec import SIDES, ParameterSpec
from genesis_state.randomization.adr_state import ADRState
from genesis_state.randomization.adr_workers import NO_MODE


@dataclass(frozen=True)
class ADRLoadReport:
    """What `ADR.load_state_dict` did.

    Attributes:
        skipped: Whether the config asked to leave the state alone, so that nothing was taken.
        restored: Parameters whose ranges came from the state.
        added: Parameters that the state lacks: they start at their init range.
        dropped: Parameters of the state that the config lacks.
        changed_kind: Parameters of the same name but of another kind, treated as added.
        clamped: Restored parameters whose saved range did not fit limits or init range.
        emptied: Ends, "name/lower", whose results do not count as they are evaluated at another
            value than when saved.
        shortened: Ends whose oldest results were left out as queues are shorter now.
        retired: Environments that evaluated an end that is no more; rollout workers until recycled.
        workers_restored: Whether what each environment evaluates, and its values, were restored;
            if not, all of it was drawn anew and every episode has to begin anew too.
        saved_envs: Number of environments when saved.
        num_envs: Number of environments now.
    """

    skipped: bool = False
    restored: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    changed_kind: tuple[str, ...] = ()
    clamped: tuple[str, ...] = ()
    emptied: tuple[str, ...] = ()
    shortened: tuple[str, ...] = ()
    retired: int = 0
    workers_restored: bool = False
    saved_envs: int = 0
    num_envs: int = 0

    def __str__(self) -> str:
        if self.skipped:
            return "ADR: nothing restored, as adr_load_from_checkpoint is false; all starts fresh"
        lines = [f"ADR: ranges and results of {len(self.restored)} parameters restored"]
        for what, names in (
            ("fresh, at their init range", self.added),
            ("fresh, as they are of another kind now", self.changed_kind),
            ("in the checkpoint only, dropped", self.dropped),
            ("brought within present limits and init range", self.clamped),
            ("results dropped, as another value is evaluated now", self.emptied),
            ("oldest results left out, as queues are shorter now", self.shortened),
        ):
            if names:
                lines.append(f"  {what}: {', '.join(names)}")
        if not self.workers_restored:
            lines.append(
                f"  workers and values drawn anew: saved with {self.saved_envs} environments, "
                f"now {self.num_envs}; reset all of them"
            )
        elif self.retired:
            lines.append(f"  rollout workers until recycled: {self.retired} environments")
        return "\n".join(lines)


@dataclass(frozen=True)
class Matched:
    """A state in the present layout.

    Attributes:
        state: What to take over.
        report: What is in it.
        to_draw: Names whose values are in no state and have to be drawn.
    """

    state: ADRState
    report: ADRLoadReport
    to_draw: tuple[str, ...]


def match(saved: ADRState, fresh: ADRState, specs: Sequence[ParameterSpec]) -> Matched:
    """Carries a saved state over to the parameters and environments of the present ADR.

    Args:
        saved: From `read_state`.
        fresh: From `blank_state`, of the present config. Becomes the result.
        specs: Of the present config.
    """
    bounds = Bounds(specs, torch.device("cpu"))
    then = {name: place for place, name in enumerate(saved.names)}
    same = [
        (place, then[name])
        for place, name in enumerate(fresh.names)
        if name in then and saved.kinds[then[name]] == fresh.kinds[place]
    ]
    ranges, clamped = fresh.ranges.clone(), []
    for new, old in same:
        ranges[new] = saved.ranges[old]
    bounds.put(bounds.within(ranges))
    for new, old in same:
        if not torch.equal(bounds.ranges[new], saved.ranges[old]):
            clamped.append(fresh.names[new])
    fresh.ranges, fresh.next_limits = bounds.ranges.clone(), bounds.next_limits.clone()

    emptied, shortened, modes_now = _carry_queues(saved, fresh, same)
    fresh.performance, fresh.performance_known = saved.performance, saved.performance_known
    fresh.updates, fresh.episodes = saved.updates, saved.episodes

    matched = {fresh.names[new] for new, _ in same}
    keeps_envs = saved.num_envs == fresh.num_envs
    retired = _carry_envs(saved, fresh, modes_now, matched, bounds) if keeps_envs else 0
    other = tuple(name for name in fresh.names if name in then and name not in matched)
    report = ADRLoadReport(
        restored=tuple(name for name in fresh.names if name in matched),
        added=tuple(name for name in fresh.names if name not in then),
        dropped=tuple(name for name in saved.names if name not in fresh.names),
        changed_kind=other,
        clamped=tuple(clamped),
        emptied=tuple(emptied),
        shortened=tuple(shortened),
        retired=retired,
        workers_restored=keeps_envs,
        saved_envs=saved.num_envs,
        num_envs=fresh.num_envs,
    )
    return Matched(fresh, report, tuple(name for name in fresh.values if name not in matched))


def _carry_queues(
    saved: ADRState, fresh: ADRState, same: list[tuple[int, int]]
) -> tuple[list[str], list[str], torch.Tensor]:
    """Fills the fresh queues; says which ends lost results, and each saved mode's present one."""
    emptied, shortened = [], []
    modes_now = torch.full((2 * len(saved.names) + 1,), NO_MODE, dtype=torch.int64)  # [-1] is -1
    length = fresh.results.shape[1]
    for new, old in same:
        for side, word in enumerate(SIDES):
            queue, source = 2 * new + side, 2 * old + side
            fresh.means[queue] = saved.means[source]
            gap = (fresh.evaluated[new, side] - saved.evaluated[old, side]).abs()
            if gap.item() > SMALLEST_MOVE:
                if saved.counts[source]:
                    emptied.append(f"{fresh.names[new]}/{word}")
                continue
            modes_now[source] = queue
            if _carry_queue(saved, fresh, source, queue):
                shortened.append(f"{fresh.names[new]}/{word} (to {length})")
    return emptied, shortened, modes_now


def _carry_queue(saved: ADRState, fresh: ADRState, source: int, queue: int) -> bool:
    """Copies one queue; says whether some of its results had no room."""
    count, head = int(saved.counts[source].item()), int(saved.heads[source].item())
    length = fresh.results.shape[1]
    if saved.results.shape[1] == length:
        # As it lies, so that sums over it keep their order and their last bit.
        fresh.results[queue] = saved.results[source]
        fresh.counts[queue], fresh.heads[queue] = count, head
        return False
    newest = in_order(saved.results[source], count, head)[-length:]
    fresh.results[queue, : len(newest)] = newest
    fresh.counts[queue], fresh.heads[queue] = len(newest), len(newest) % length
    return count > length


def _carry_envs(
    saved: ADRState, fresh: ADRState, modes_now: torch.Tensor, matched: set[str], bounds: Bounds
) -> int:
    """Takes over what each environment does; says how many evaluate nothing any more."""
    modes = modes_now[saved.modes]
    # An end that no longer moves is evaluated by nobody.
    modes = torch.where((modes >= 0) & ~bounds.moves[modes.clamp(min=0) // 2], NO_MODE, modes)
    lost = (saved.modes >= 0) & (modes < 0)
    fresh.modes, fresh.counted = modes, saved.counted & ~lost
    for name in matched & set(fresh.values):
        fresh.values[name] = saved.values[name]
    return int(lost.sum().item())
