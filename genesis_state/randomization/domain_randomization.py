"""Domain randomization: properties of the simulation drawn anew for environments that begin.

Tobin et al. 2017, "Domain Randomization for Transferring Deep Neural Networks from Simulation to
the Real World"; the config is that of the vectorized tasks of Makoviychuk et al. 2021, "Isaac Gym".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import torch

from genesis_state.randomization.adr import ADR
from genesis_state.randomization.distributions import bucketed, operate, sample, standard_draw
from genesis_state.randomization.domain_groups import PropertyGroup, grouped
from genesis_state.randomization.domain_resume import DomainLoadReport, check_state
from genesis_state.randomization.domain_spec import read_domain
from genesis_state.randomization.noise import NEVER, Noise
from genesis_state.randomization.streams import RandomStreams
from genesis_state.selection import select

STREAM = "domain_randomization"


class Target(Protocol):
    """A property that can be written, of N environments."""

    @property
    def original(self) -> torch.Tensor:
        """The values before any randomization, floating point, shape (N, k)."""
        ...

    def write(self, values: torch.Tensor, envs: torch.Tensor) -> None:
        """Sets the property of some environments.

        Args:
            values: Shape (n, k), of the dtype and device of `original`.
            envs: int64, sorted, shape (n,).
        """
        ...


class DomainRandomization:
    """Draws properties and noise as a config says.

    Every property and noise has a stream of its own, "domain_randomization/<path>", so that one
    more of them shifts none of the others. Samples are applied to the values that the targets had
    when this was made, so that they never compound.

    Attributes:
        spec: The config, read.
        counter: The largest counter seen, -1 before the first.
        drawn_at: Counter when each environment was last drawn, int64, shape (N,); -1 before.
        sim_drawn_at: Counter when sim_params were last drawn; -1 before.
    """

    def __init__(
        self,
        params: Mapping[str, Any],
        targets: Mapping[str, Target],
        streams: RandomStreams,
        num_envs: int,
        path: str = "randomization_params",
    ) -> None:
        """Reads the config and keeps a copy of each property's original values.

        Args:
            params: With the keys of docs/randomization.md.
            targets: By path, "actor_params.hand.dof_properties.damping"; more than the config
                asks for are welcome.
            streams: Where random numbers come from.
            num_envs: N.
            path: The config's own dotted path, for messages.

        Raises:
            TypeError, ValueError: The config is wrong, names what no target offers, or a target
                has other than N rows of floating point.
        """
        self.spec = read_domain(params, path)
        self.num_envs = num_envs
        self.counter = NEVER
        self.sim_drawn_at = NEVER
        self.drawn_at = torch.full((num_envs,), NEVER, dtype=torch.int64, device=streams.device)
        self._streams = streams
        self._driver: ADR | None = None
        self._driven_paths: dict[str, str] = {}
        self._targets: dict[str, Target] = {}
        self._originals: dict[str, torch.Tensor] = {}
        for spec in self.spec.properties:
            if spec.path not in targets:
                known = ", ".join(sorted(targets)) or "none"
                raise ValueError(
                    f"{path}.{spec.path}: there is nothing to write it to; known are {known}."
                )
            self._targets[spec.path] = targets[spec.path]
            self._originals[spec.path] = self._checked_original(spec.path, targets[spec.path])
        self._groups = grouped(self.spec.properties, self._originals)
        self._noises = {
            name: Noise(name, spec, self.spec.frequency, num_envs, self._stream(name))
            for name, spec in self.spec.noises.items()
        }

    @property
    def originals(self) -> Mapping[str, torch.Tensor]:
        """The values that everything drawn is applied to, by path, each of shape (n_envs, k)."""
        return self._originals

    def apply(self, envs: Any, counter: int, adr: ADR | None = None) -> torch.Tensor:
        """Draws the properties of environments that begin an episode.

        An environment that was drawn less than `frequency` ago keeps its values, unless there is
        an ADR, whose parts change with every episode. Properties of sim_params have one value for
        all environments, drawn whenever `frequency` has gone by. Those marked setup_only are
        drawn the first time only.

        Args:
            envs: Any form of envs_idx; None for all.
            counter: Steps so far, 0 or more, in the unit of `frequency` and of schedules. Save
                it with the run: it goes on after a resume.
            adr: Its parameters with a range_path replace the ranges of those properties.

        Returns:
            The environments that were drawn, int64, shape (n,).

        Raises:
            ValueError: A range_path of the ADR is no property that it can drive.
        """
        self._count(counter)
        driven = self._driven(adr)
        sim_due = self.sim_drawn_at == NEVER or counter - self.sim_drawn_at >= self.spec.frequency
        asked = select(envs, self.num_envs, self.drawn_at.device).marks()
        new = self.drawn_at == NEVER
        due = asked
        if adr is None:
            due = asked & (new | (counter - self.drawn_at >= self.spec.frequency))
        chosen, first = due.nonzero().squeeze(1), (asked & new).nonzero().squeeze(1)
        pinned = {} if adr is None else adr.pinned_each(driven.values(), chosen)
        ends = {path: pinned[name] for path, name in driven.items()}
        for group in self._groups:
            if group.of_sim:
                if sim_due and not (group.setup_only and self.sim_drawn_at != NEVER):
                    everyone = torch.arange(self.num_envs, device=self.drawn_at.device)
                    self._draw(group, everyone, 1, counter, {})
                continue
            theirs = first if group.setup_only else chosen
            if len(theirs):
                # What ADR drives is never setup_only, so these are the chosen ones.
                self._draw(group, theirs, len(theirs), counter, ends)
        if sim_due:
            self.sim_drawn_at = counter
        self.drawn_at[chosen] = counter
        return chosen

    def forget(self) -> None:
        """Counts every environment as one that was never drawn.

        For a resume that did not restore the simulation, whose properties are the original ones.
        """
        self.sim_drawn_at = NEVER
        self.drawn_at.fill_(NEVER)

    def noise(self, name: str, clean: torch.Tensor, counter: int) -> torch.Tensor:
        """Observations or actions with their noise.

        Args:
            name: "observations" or "actions"; without an entry in the config it has no noise.
            clean: Shape (N, …), floating point; it is not changed.
            counter: As for `apply`.
        """
        self._count(counter)
        return self._noises[name](clean, counter) if name in self._noises else clean

    def state_dict(self) -> dict[str, Any]:
        """When what was drawn, and the correlated noise: tensors on the CPU and plain values."""
        return {
            "version": 1,
            "num_envs": self.num_envs,
            "counter": self.counter,
            "sim_drawn_at": self.sim_drawn_at,
            "drawn_at": self.drawn_at.to("cpu", copy=True),
            "noises": {name: noise.state_dict() for name, noise in self._noises.items()},
        }

    def check_state_dict(self, state: Mapping[str, Any]) -> None:
        """Changes nothing; raises what `load_state_dict` would."""
        check_state(state)

    def load_state_dict(self, state: Mapping[str, Any]) -> DomainLoadReport:
        """Goes on where a saved one was; checked as a whole before anything changes.

        Values that were written are the simulation's to restore (if it is not, call `forget`),
        originals the targets', and the random numbers those of the streams.

        Raises:
            ValueError: The state is damaged or of another version.
        """
        check_state(state)
        self.counter = state["counter"]
        if state["num_envs"] != self.num_envs:
            self.forget()
            for noise in self._noises.values():
                noise.put({"drawn_at": NEVER})
            return DomainLoadReport(False, (), tuple(self._noises))
        self.sim_drawn_at = state["sim_drawn_at"]
        self.drawn_at.copy_(state["drawn_at"])
        for name, noise in self._noises.items():
            noise.put(state["noises"].get(name, {"drawn_at": NEVER}))
        known = tuple(name for name in self._noises if name in state["noises"])
        fresh = tuple(name for name in self._noises if name not in known)
        return DomainLoadReport(True, known, fresh)

    def _draw(
        self,
        group: PropertyGroup,
        envs: torch.Tensor,
        rows: int,
        counter: int,
        pinned: Mapping[str, torch.Tensor],
    ) -> None:
        """Draws and writes the properties of a group.

        Args:
            group: The properties.
            envs: Whose, int64, shape (n,).
            rows: n, or 1 where all environments have the same sample.
            counter: Of the schedule.
            pinned: By path between what is drawn, shape (n, 2), where that is not as configured.
        """
        original, alike = group.originals[envs], group.specs[0]
        standard = [
            standard_draw(alike.distribution, (rows, width), self._stream(path), original.dtype)
            for path, width in zip(group.paths, group.widths, strict=True)
        ]
        between = [pinned[p] if p in pinned else group.ends(p, rows) for p in group.paths]
        ends = torch.stack(between, dim=1)[:, group.columns].to(original)
        drawn = sample(
            alike.distribution,
            alike.operation,
            torch.cat(standard, dim=1),
            ends[..., 0],
            ends[..., 1],
            alike.schedule.factor(counter),
        )
        if alike.num_buckets:
            drawn = bucketed(drawn, *alike.grid)
        values = drawn if alike.operation == "set" else operate(alike.operation, original, drawn)
        for path, part in zip(group.paths, values.split(group.widths, dim=1), strict=True):
            self._targets[path].write(part, envs)

    def _stream(self, path: str) -> torch.Generator:
        return self._streams[f"{STREAM}/{path}"]

    def _driven(self, adr: ADR | None) -> dict[str, str]:
        """Paths of properties that ADR drives, with its parameters' names."""
        if adr is self._driver:
            return self._driven_paths
        driven = {}
        properties = {spec.path: spec for spec in self.spec.properties}
        for name, spec in ({} if adr is None else adr.specs).items():
            if spec.range_path is None:
                continue
            found = properties.get(spec.range_path)
            if found is None or not found.drivable:
                usable = [path for path, one in properties.items() if one.drivable]
                raise ValueError(
                    f"adr.params.{name}.range_path: {spec.range_path} is no property of an actor "
                    "that is uniform or loguniform, without a schedule and not setup_only; "
                    f"such are {', '.join(usable) or 'none'}."
                )
            driven[spec.range_path] = name
        self._driver, self._driven_paths = adr, driven
        return driven

    def _count(self, counter: int) -> None:
        if isinstance(counter, bool) or not isinstance(counter, int) or counter < 0:
            raise ValueError(f"counter: got {counter!r}, needs an int of 0 or more; count steps.")
        self.counter = max(self.counter, counter)

    def _checked_original(self, path: str, target: Target) -> torch.Tensor:
        original = target.original
        if original.dim() != 2 or original.shape[0] != self.num_envs:
            raise ValueError(
                f"{path}: original has shape {tuple(original.shape)}, needs "
                f"({self.num_envs}, k); give one row for each environment."
            )
        if not original.is_floating_point() or original.device.type != self._streams.device.type:
            raise ValueError(
                f"{path}: original is of {original.dtype} on {original.device}, needs floating "
                f"point on {self._streams.device}; convert it."
            )
        return original.detach().clone()
