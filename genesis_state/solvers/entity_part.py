"""Where in a solver's arrays the entities of a scene lie."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class EntityPart:
    """One entity's part of a solver's variables.

    Attributes:
        name: The entity's name.
        kind: What two entities must agree on for the values of one to mean the same in the other.
        ranges: By dim, where its entries begin and end; the same again for every further piece,
            where those of others lie in between.
    """

    name: str
    kind: str
    ranges: Mapping[str, tuple[int, ...]]

    def counts(self) -> dict[str, int]:
        """How many entries it has, by dim."""
        return {dim: sum(edges[1::2]) - sum(edges[::2]) for dim, edges in self.ranges.items()}


def one_after_the_other(
    entities: Iterable[tuple[str, str, Mapping[str, int]]],
) -> tuple[EntityPart, ...]:
    """The parts of entities that lie in every dim in the same order, without gaps.

    Args:
        entities: Name, kind, and entries by dim of each.
    """
    ends: dict[str, int] = {}
    parts = []
    for name, kind, counts in entities:
        ranges = {}
        for dim, count in counts.items():
            start = ends.get(dim, 0)
            ranges[dim] = (start, start + count)
            ends[dim] = start + count
        parts.append(EntityPart(name, kind, ranges))
    return tuple(parts)


def particle_parts(specs: Iterable[Any]) -> tuple[EntityPart, ...]:
    """The parts of entities made of particles.

    Args:
        specs: What the solver took: name, material, positions, and whether an emitter owns it.
    """
    return one_after_the_other(
        (
            spec.name,
            type(spec.material).__name__,
            {
                "particle": len(spec.positions),
                "solved_particle": len(spec.positions),
                "material": 1,
                "emitter": int(spec.emitter),
            },
        )
        for spec in specs
    )
