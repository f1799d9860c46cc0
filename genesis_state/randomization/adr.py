"""Automatic domain randomization: ranges that widen as a policy copes with their ends.

The algorithm is that of OpenAI et al. 2019, "Solving Rubik's Cube with a Robot Hand", section 5,
batched over environments as in Handa et al. 2022, "DeXtreme: Transfer of Agile In-hand Manipulation
from Simulation to Reality". A share of the environments, the boundary workers, hold one parameter
at one end of its range and draw all others. Their objectives go to a queue of that end; when it is
full, its mean says whether the end moves outwards, inwards or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch

from genesis_state.randomization.adr_bounds import Bounds
from genesis_state.randomization.adr_log import scalars
from genesis_state.randomization.adr_objective import RolloutPerformance, read_objective
from genesis_state.randomization.adr_queues import ResultQueues
from genesis_state.randomization.adr_resume import ADRLoadReport, match
from genesis_state.randomization.adr_settings import read_settings
from genesis_state.randomization.adr_state import ADRState, blank_state, read_state
from genesis_state.randomization.adr_values import TensorValues, pinned
from genesis_state.randomization.adr_workers import Workers
from genesis_state.randomization.streams import RandomStreams
from genesis_state.selection import select

STREAM = "adr"


class ADR:
    """Ranges, queues and workers of P parameters in N environments.

    Parameters are kept sorted by name: their order in the config changes nothing, to the bit.
    Random numbers come from `streams["adr"]` alone, whose state belongs to `streams`.

    Attributes:
        settings: The config, read.
        names: The parameters, sorted; number n of them is evaluated in modes 2n and 2n + 1.
        num_envs: N.
        device: Where all tensors are.
        bounds: Ranges and next limits, float64, shape (P, 2).
        queues: Results of both ends of each parameter, 2P queues.
        workers: What each environment evaluates.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        num_envs: int,
        streams: RandomStreams,
        device: torch.device | str | None = None,
        path: str = "adr",
    ) -> None:
        """Reads the config and gives every environment its first part and values.

        Args:
            config: With the keys of docs/randomization.md.
            num_envs: Number of environments.
            streams: Where random numbers come from.
            device: Where tensors are; that of the streams if None.
            path: The config's own dotted path, for messages.

        Raises:
            TypeError, ValueError: The config is wrong, or the streams draw on another device.
        """
        self.settings = read_settings(config, path)
        self.specs = {spec.name: spec for spec in self.settings.specs}
        self.names = tuple(self.specs)
        self.num_envs = num_envs
        self.device = streams.device if device is None else torch.device(device)
        if self.device.type != streams.device.type:
            raise ValueError(
                f"device: got {self.device}, the streams draw on {streams.device}; "
                "make the streams for the same device."
            )
        self._index = {name: place for place, name in enumerate(self.names)}
        self._streams = streams
        self.bounds = Bounds(self.settings.specs, self.device)
        self.queues = ResultQueues(2 * len(self.names), self.settings.queue_length, self.device)
        self.workers = Workers(num_envs, self.device)
        self._values = TensorValues(self.settings.specs, num_envs, self.device)
        self._performance = RolloutPerformance(self.settings.performance_alpha, self.device)
        self._put(blank_state(self.settings, num_envs))
        # The ends that may be given to boundary workers; with frozen ranges there are none.
        moving = self.bounds.moves.repeat_interleave(2).nonzero().squeeze(1)
        self._open_modes = moving if self.settings.update_ranges else moving[:0]
        self.recycle()

    def update(self, done: Any, objective: torch.Tensor) -> torch.Tensor:
        """Takes the results of episodes that ended, moves ranges, and recycles these environments.

        In this order: results of boundary workers go to their queues, in the order of the
        environments; all ends are decided upon at once, each from its own queue; an end that
        moves empties its queue and retires those who still evaluate it (with clear_other_queues
        any move empties all queues and retires all boundary workers); the environments get new
        parts and values. Does nothing but count when no episode ended.

        Args:
            done: Environments whose episode ended, as a bool mask (N,) or in any other form of
                envs_idx. One that never ran an episode is for `recycle`.
            objective: What was reached in the episode, shape (N,); only that of `done` is read.

        Returns:
            Which ends moved, bool, shape (P, 2), in the order of `names`.

        Raises:
            ValueError: The objective has another shape, or is not finite where it is read.
        """
        envs = self._envs(done)
        objective = read_objective(objective, envs, self.num_envs)
        self.updates += 1
        self.episodes += len(envs)
        moved = torch.zeros_like(self.bounds.ranges, dtype=torch.bool)
        if not len(envs):
            return moved
        modes, counted = self.workers.modes[envs], self.workers.counted[envs]
        self._performance.add(objective, counted & (modes < 0))
        if self.settings.update_ranges:
            boundary = counted & (modes >= 0)
            self.queues.push(modes[boundary], objective[boundary])
            moved = self._decide()
        self._renew(envs)
        return moved

    def recycle(self, envs: Any = None) -> None:
        """Gives environments new parts and values; nothing is recorded.

        For episodes that begin without one that ended: the first ones, those after a reset from
        outside, and those after a resume that did not restore the simulation.

        Args:
            envs: Any form of envs_idx; None for all.
        """
        self._renew(self._envs(envs))

    def discard(self, envs: Any = None) -> None:
        """What these environments reach in their running episodes will not count.

        For episodes of another length than usual, such as first ones begun at a random time.
        """
        self.workers.counted[self._envs(envs)] = False

    def range(self, name: str) -> tuple[float, float]:
        """The present range of a parameter, in the parameter's unit."""
        lower, upper = self.bounds.ranges[self._place(name)].tolist()
        return lower, upper

    def ranges(self) -> dict[str, tuple[float, float]]:
        """All present ranges by name."""
        rows = self.bounds.ranges.tolist()
        return {name: (lower, upper) for name, (lower, upper) in zip(self.names, rows, strict=True)}

    def values(self, name: str, envs: Any = None) -> torch.Tensor:
        """A copy of the values of a parameter without range_path.

        Returns:
            float32, or int64 if categorical, shape (n,) for the n environments asked for.
        """
        self._place(name)
        if self.specs[name].range_path is not None:
            raise KeyError(
                f"{name}: has a range_path and is drawn where it is applied; use pinned."
            )
        found = self._values.of(name)
        return (
            found.clone() if envs is None else select(envs, self.num_envs, self.device).take(found)
        )

    def pinned(self, name: str, envs: Any = None) -> torch.Tensor:
        """Between what a parameter is to be drawn for each environment.

        Returns:
            float64, shape (n, 2): the present range, but [v, v] for one that evaluates an end of
            this parameter, v being that end (or the next limit if sampling is extended).
        """
        place = self._place(name)
        modes = select(envs, self.num_envs, self.device).take(self.workers.modes)
        return pinned(modes, place, self.bounds.ranges[place], self._evaluated()[place])

    def pinned_each(self, names: Iterable[str], envs: torch.Tensor) -> dict[str, torch.Tensor]:
        """As `pinned`, of several parameters in one go.

        Args:
            names: Of the parameters.
            envs: Which environments, int64, shape (n,).
        """
        modes, ends = self.workers.modes[envs], self._evaluated()
        table = self.bounds.ranges.repeat(len(envs), 1, 1)
        evaluating = (modes >= 0).nonzero().squeeze(1)
        modes = modes[evaluating]
        table[evaluating, modes // 2] = ends.flatten()[modes][:, None]
        return {name: table[:, self._place(name)] for name in names}

    @property
    def worker_types(self) -> torch.Tensor:
        """0 for rollout workers, 1 for boundary workers, int64, shape (N,)."""
        return self.workers.types

    @property
    def modes(self) -> torch.Tensor:
        """A copy of the workers' modes, int64, shape (N,); see `Workers`."""
        return self.workers.modes.clone()

    def npd(self) -> float:
        """Entropy of the ranges [nats per dimension]: Σ ln(upper − lower) / P.

        Parameters that cannot move add nothing to the sum but count as a dimension.
        """
        return self.bounds.nats() / len(self.names)

    def scalars(self) -> dict[str, float]:
        """What is worth a curve, by its name in the log. Waits for the device."""
        performance = self._performance.value.item() if self._performance.known else None
        queues = self._means.tolist(), self.queues.counts.tolist()
        return scalars(self.ranges(), *queues, performance, self.npd())

    def state_dict(self) -> dict[str, Any]:
        """All that a later call reads, but for the streams: tensors on the CPU and plain values."""
        return self._state().to_dict()

    def check_state_dict(self, state: Mapping[str, Any]) -> None:
        """Changes nothing; raises what `load_state_dict` would."""
        read_state(state)

    def load_state_dict(self, state: Mapping[str, Any], always: bool = False) -> ADRLoadReport:
        """Goes on where a saved ADR was; checked as a whole before anything changes.

        Load the streams first: what has to be drawn anew is drawn from them. Parameters are
        matched by name as docs/randomization.md says. With the number of environments that it was
        saved with and the same config, all tensors come back bit for bit.

        Args:
            state: From `state_dict`.
            always: Whether to take it even where the config has adr_load_from_checkpoint: false.

        Returns:
            What was restored and what starts fresh; str() of it is for the log.

        Raises:
            ValueError: The state is damaged or of another version.
        """
        saved = read_state(state)
        if not (always or self.settings.load_from_checkpoint):
            return ADRLoadReport(skipped=True, num_envs=self.num_envs)
        matched = match(saved, blank_state(self.settings, self.num_envs), self.settings.specs)
        self._put(matched.state)
        if not matched.report.workers_restored:
            self.recycle()
        elif matched.to_draw:
            with self._values.kept(set(self._values.names) - set(matched.to_draw)):
                self._sample(self._envs(None))
        return matched.report

    def _renew(self, envs: torch.Tensor) -> None:
        """New parts and values of environments, int64."""
        fraction, generator = self.settings.boundary_fraction, self._streams[STREAM]
        self.workers.assign(envs, self._open_modes, fraction, generator)
        self._sample(envs)

    def _decide(self) -> torch.Tensor:
        """Moves the ends whose queues say so; shape (P, 2) of those that moved."""
        means, full = self.queues.means(), self.queues.full()
        self._means = torch.where(self.queues.counts > 0, means, self._means)
        outwards = full & (means > self.settings.threshold_high)
        inwards = full & (means < self.settings.threshold_low)
        if not (outwards | inwards).any():  # nearly always
            return outwards.view(-1, 2)
        moved = self.bounds.move(outwards.view(-1, 2), inwards.view(-1, 2))
        outdated = moved.flatten()
        if self.settings.clear_other_queues:
            outdated = outdated.any().expand_as(outdated)
        self.queues.clear(outdated)
        self.workers.retire(outdated)
        return moved

    def _sample(self, envs: torch.Tensor) -> None:
        modes, ends = self.workers.modes[envs], self._evaluated()
        self._values.sample(envs, modes, self.bounds.ranges, ends, self._streams[STREAM])

    def _evaluated(self) -> torch.Tensor:
        return self.bounds.evaluated(self.settings.extended)

    def _state(self) -> ADRState:
        return ADRState(
            num_envs=self.num_envs,
            names=list(self.names),
            kinds=[spec.kind for spec in self.settings.specs],
            extended=self.settings.extended,
            ranges=self.bounds.ranges,
            next_limits=self.bounds.next_limits,
            results=self.queues.results,
            counts=self.queues.counts,
            heads=self.queues.heads,
            means=self._means,
            modes=self.workers.modes,
            counted=self.workers.counted,
            values={name: self._values.of(name) for name in self._values.names},
            performance=self._performance.value,
            performance_known=self._performance.known,
            updates=self.updates,
            episodes=self.episodes,
        )

    def _put(self, state: ADRState) -> None:
        """Takes over a state in the present layout; its tensors are not used by anyone else."""
        self.bounds.put(state.ranges.to(self.device))
        self.queues.results = state.results.to(self.device)
        self.queues.counts = state.counts.to(self.device)
        self.queues.heads = state.heads.to(self.device)
        self._means = state.means.to(self.device)
        self.workers.modes = state.modes.to(self.device)
        self.workers.counted = state.counted.to(self.device)
        for name, values in state.values.items():
            self._values.of(name)[:] = values.to(self.device)
        self._performance.value = state.performance.to(self.device)
        self._performance.known = state.performance_known.to(self.device)
        self.updates, self.episodes = state.updates, state.episodes

    def _envs(self, envs: Any) -> torch.Tensor:
        """The environments as int64, sorted and each once."""
        return select(envs, self.num_envs, self.device).marks().nonzero().squeeze(1)

    def _place(self, name: str) -> int:
        if name not in self._index:
            raise KeyError(f"{name}: no such parameter; known are {', '.join(self.names)}.")
        return self._index[name]
