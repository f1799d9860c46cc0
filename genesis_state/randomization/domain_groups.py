"""Properties that are drawn in the same way, so that it can be done for all of them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from genesis_state.randomization.domain_spec import PropertySpec


class PropertyGroup:
    """Properties of actors with the same distribution, operation and schedule.

    Args:
        specs: The properties.
        originals: Their original values by path, each of shape (n_envs, k).

    Attributes:
        specs: As given.
        originals: All values side by side, shape (n_envs, sum of k).
        widths: How many columns each has.
        columns: Of which property each column is, int64.
    """

    def __init__(
        self, specs: Sequence[PropertySpec], originals: Mapping[str, torch.Tensor]
    ) -> None:
        self.specs = tuple(specs)
        values = [originals[spec.path] for spec in specs]
        self.originals = torch.cat(values, dim=1)
        self.widths = [value.shape[1] for value in values]
        own = torch.arange(len(values), device=self.originals.device)
        self.columns = own.repeat_interleave(torch.tensor(self.widths, device=own.device))
        self._ends = {
            spec.path: torch.tensor(spec.range, dtype=torch.float64, device=own.device)
            for spec in specs
        }

    def ends(self, spec: PropertySpec, envs: torch.Tensor) -> torch.Tensor:
        """The config's range for each of these environments, shape (n, 2)."""
        return self._ends[spec.path].expand(len(envs), 2)


def grouped(
    specs: Sequence[PropertySpec], originals: Mapping[str, torch.Tensor]
) -> tuple[list[PropertyGroup], list[PropertySpec]]:
    """The groups, and what has to be drawn alone: of the simulation, setup_only, in buckets."""
    alike: dict[object, list[PropertySpec]] = {}
    alone = []
    for spec in specs:
        if spec.of_sim or spec.setup_only or spec.num_buckets or spec.operation == "set":
            alone.append(spec)
            continue
        kind = (spec.distribution, spec.operation, spec.schedule, originals[spec.path].dtype)
        alike.setdefault(kind, []).append(spec)
    return [PropertyGroup(group, originals) for group in alike.values()], alone
