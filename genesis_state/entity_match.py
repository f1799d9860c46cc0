"""Which entities of a checkpoint are entities of a scene, and where their values lie in both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from genesis_state.solvers.base import Solver
from genesis_state.solvers.entity_part import EntityPart

Columns = list[tuple[str, slice, slice]]


def described(solvers: Sequence[Solver]) -> dict[str, list[dict[str, Any]]]:
    """The entities of solvers, as a manifest has them."""
    return {
        type(solver).__name__: [
            {"name": part.name, "kind": part.kind, "ranges": dict(part.ranges)}
            for part in solver.entity_parts()
        ]
        for solver in solvers
    }


class EntityMatch:
    """Entities by name.

    Args:
        solvers: Those of the scene.
        manifest: That of the file.

    Raises:
        ValueError: The manifest's entities are no such thing.
    """

    def __init__(self, solvers: Sequence[Solver], manifest: Mapping[str, Any]):
        self._solvers = {type(solver).__name__: solver for solver in solvers}
        self._by_alias = {solver.alias(): name for name, solver in self._solvers.items()}
        self._ours = {name: solver.entity_parts() for name, solver in self._solvers.items()}
        self._theirs = _parts(manifest.get("entities", {}))
        self._told = "entities" in manifest
        layout = manifest.get("layout")
        self._model = None if layout is None else {key: text for key, text in layout["model"]}

    def agree(self, owner: str) -> bool:
        """Whether all that the file says of a solver's entities is so in the scene.

        Only then do the values mean the same that belong to no entity alone, such as contacts.
        What belongs to no solver always does.
        """
        if owner not in self._solvers or self._model is None:
            return True
        if self._told and self._theirs.get(owner, ()) != self._ours[owner]:
            return False
        pairs = self._solvers[owner].signature()
        return all(self._model.get(key) == text for key, text in pairs)

    def admits(self, owner: str, name: str) -> bool:
        """Whether the solver that a variable's values are about agrees."""
        beside = self._declared(owner, name).beside if owner in self._solvers else ""
        if not beside:
            return True
        other = self._by_alias.get(beside)
        # Neither may have any: then nothing is named.
        return self.agree(other) if other else f"{beside.title()}Solver" not in self._theirs

    def columns(self, owner: str, name: str) -> Columns:
        """Where a variable's values of the entities that both have lie.

        Returns:
            For each its name, and its columns in the file and in the scene; one that lies there in
            several pieces is named as often.
        """
        if owner not in self._solvers or not self._declared(owner, name).dims:
            return []
        dim = self._declared(owner, name).dims[0]
        theirs = {part.name: part for part in self._theirs.get(owner, ())}
        found = []
        for part in self._ours[owner]:
            other = theirs.get(part.name)
            if other is None or other.kind != part.kind:
                continue
            if dim not in part.ranges or dim not in other.ranges:
                continue
            if part.counts()[dim] == other.counts()[dim]:
                pairs = _aligned(other.ranges[dim], part.ranges[dim])
                found += [(part.name, there, here) for there, here in pairs]
        return found

    def differences(self) -> list[str]:
        """Entities that only one has, or that are of another kind or size."""
        found: list[str] = []
        if not self._told:
            return found
        for owner in dict.fromkeys([*self._ours, *self._theirs]):
            ours = {part.name: part for part in self._ours.get(owner, ())}
            theirs = {part.name: part for part in self._theirs.get(owner, ())}
            for name in dict.fromkeys([*ours, *theirs]):
                if name in ours and name in theirs:
                    if ours[name].kind != theirs[name].kind:
                        found.append(f"entity {name} of {owner} is of another kind.")
                    elif ours[name].counts() != theirs[name].counts():
                        found.append(f"entity {name} of {owner} is of another size.")
                else:
                    has, lacks = (
                        ("scene", "checkpoint") if name in ours else ("checkpoint", "scene")
                    )
                    found.append(f"entity {name} of {owner} is in the {has}, not in the {lacks}.")
        return found

    def _declared(self, owner: str, name: str) -> Any:
        return self._solvers[owner].schema.variables()[name]


def _aligned(a: Sequence[int], b: Sequence[int]) -> Iterator[tuple[slice, slice]]:
    """Pieces of two lists of edges as long as each other, cut where either one breaks."""
    left, right = ([list(edge) for edge in zip(e[::2], e[1::2], strict=True)] for e in (a, b))
    while left and right:
        here, there = left[0], right[0]
        step = min(here[1] - here[0], there[1] - there[0])
        if step:
            yield slice(here[0], here[0] + step), slice(there[0], there[0] + step)
        for pieces in (left, right):
            pieces[0][0] += step
            if pieces[0][0] == pieces[0][1]:
                pieces.pop(0)


def _edges(plain: Any) -> tuple[int, ...]:
    """Edges of pieces, which rise."""
    edges = tuple(int(edge) for edge in plain)
    if not edges or len(edges) % 2 or list(edges) != sorted(edges) or edges[0] < 0:
        raise ValueError(f"edges {plain!r}")
    return edges


def _parts(plain: Any) -> dict[str, tuple[EntityPart, ...]]:
    try:
        return {
            owner: tuple(
                EntityPart(
                    str(part["name"]),
                    str(part["kind"]),
                    {dim: _edges(edges) for dim, edges in part["ranges"].items()},
                )
                for part in parts
            )
            for owner, parts in plain.items()
        }
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"its entities cannot be read ({error!r}); take another copy.") from None
