"""Properties that are drawn in the same way, so that it can be done for all of them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from genesis_state.randomization.domain_spec import PropertySpec


class PropertyGroup:
    """Properties that differ in their ranges and targets alone.

    Args:
        specs: The properties.
        originals: Their original values by path, each of shape (n_envs, k).

    Attributes:
        specs: As given.
        paths: Theirs.
        of_sim, setup_only: As each of them has it.
        originals: All values side by side, shape (n_envs, sum of k).
        widths: How many columns each has.
        columns: Of which property each column is, int64.
    """

    def __init__(
        self, specs: Sequence[PropertySpec], originals: Mapping[str, torch.Tensor]
    ) -> None:
        self.specs = tuple(specs)
        self.paths = [spec.path for spec in specs]
        self.of_sim, self.setup_only = specs[0].of_sim, specs[0].setup_only
        values = [originals[spec.path] for spec in specs]
        self.originals = torch.cat(values, dim=1)
        self.widths = [value.shape[1] for value in values]
        own = torch.arange(len(values), device=self.originals.device)
        self.columns = own.repeat_interleave(torch.tensor(self.widths, device=own.device))
        self._ends = {
            spec.path: torch.tensor(spec.range, dtype=torch.float64, device=own.device)
            for spec in specs
        }

    def ends(self, path: str, rows: int) -> torch.Tensor:
        """The config's range of a property in so many rows, shape (rows, 2)."""
        return self._ends[path].expand(rows, 2)


def grouped(
    specs: Sequence[PropertySpec], originals: Mapping[str, torch.Tensor]
) -> list[PropertyGroup]:
    """Every property in one group."""
    alike: dict[object, list[PropertySpec]] = {}
    for spec in specs:
        # Buckets lie where the range has them.
        buckets = (spec.num_buckets, spec.range) if spec.num_buckets else None
        kind = (spec.distribution, spec.operation, spec.schedule, spec.of_sim, spec.setup_only)
        alike.setdefault((*kind, buckets, originals[spec.path].dtype), []).append(spec)
    return [PropertyGroup(group, originals) for group in alike.values()]
