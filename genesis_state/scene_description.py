"""`scene.describe()`: what a scene keeps in memory, and what taking and putting it back costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from genesis_state.declared import doc
from genesis_state.layout import RowLayout
from genesis_state.notebook import Markup, details, note, page, table
from genesis_state.recording.history import read_bytes
from genesis_state.scene_cost import StateCost, state_cost
from genesis_state.schema import ROLES
from genesis_state.text import count, size
from genesis_state.text import table as lines

if TYPE_CHECKING:
    from genesis_state.scene import Scene

_SHOWN = ("state", "memory", "param")  # roles whose variables the text lists one by one
_LARGEST = 3  # variables that it names of the others


@dataclass(frozen=True)
class DescribedVariable:
    """One variable.

    Attributes:
        owner: The solver, as in checkpoint keys: "RigidSolver".
        name: Its name.
        role: "state", "memory", "param", "model" or "scratch".
        doc: What it is, with its unit.
        dtype: Of its numbers, such as "float32".
        shape: In one environment; of a model, for all of them.
        nbytes: Bytes of one environment; of a model, for all of them.
    """

    owner: str
    name: str
    role: str
    doc: str
    dtype: str
    shape: tuple[int, ...]
    nbytes: int


@dataclass(frozen=True)
class Ring:
    """States that are kept one after the other, with their parameters, as `scene.record` does.

    Attributes:
        states: How many.
        nbytes: Bytes of all.
    """

    states: int
    nbytes: int


@dataclass(frozen=True, repr=False)
class SceneDescription:
    """What a scene keeps and what it costs. Print it, or let a notebook show it.

    Attributes:
        n_envs: Number of environments that the totals and costs are for.
        variables: All variables.
        totals: Bytes by owner and role, padding included: of one environment, of a model of all.
        cost: What moving a state costs.
        state_nbytes: Bytes of a state of `n_envs` environments.
        params_nbytes: Bytes that parameters add to it.
        ring: What was asked for with `ring`.
    """

    n_envs: int
    variables: tuple[DescribedVariable, ...]
    totals: dict[str, dict[str, int]]
    cost: StateCost
    state_nbytes: int
    params_nbytes: int
    ring: Ring | None

    @property
    def memory_nbytes(self) -> int:
        """Bytes of all fields: every role, in `n_envs` environments."""
        return sum(
            nbytes * (1 if role == "model" else self.n_envs)
            for roles in self.totals.values()
            for role, nbytes in roles.items()
        )

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values."""
        return asdict(self) | {"memory_nbytes": self.memory_nbytes}

    def __repr__(self) -> str:
        text = []
        for owner in self.totals:
            text += [owner, *self._listed(owner), ""]
        return "\n".join([*text, *self._totals(), "", *self._costs()])

    def _listed(self, owner: str) -> list[str]:
        rows = [["  variable", "role", "dtype", "shape", "bytes", "what it is"]]
        rows += [
            [f"  {v.name}", v.role, v.dtype, str(v.shape), f"{v.nbytes:,}", v.doc]
            for v in self._of(owner, *_SHOWN)
            if v.nbytes
        ]
        found = lines(rows, (False, False, False, False, True, False))
        empty = [v.name for v in self._of(owner, *_SHOWN) if not v.nbytes]
        if empty:
            found.append(f"  of no size here: {', '.join(empty)}")
        for role in ROLES:
            others = self._of(owner, role) if role not in _SHOWN else []
            if others:
                largest = sorted(others, key=lambda v: -v.nbytes)[:_LARGEST]
                named = ", ".join(f"{v.name} {size(v.nbytes)}" for v in largest)
                found.append(
                    f"  {role}: {count(len(others), 'variable')}, "
                    f"{size(self.totals[owner][role])}; largest: {named}"
                )
        return found

    def _totals(self) -> list[str]:
        rows = [["bytes per environment", *ROLES[:3], "scratch", "model (once)"]]
        rows += [[owner, *self._totals_of(owner)] for owner in self.totals]
        if len(self.totals) > 1:
            rows.append(["all", *self._totals_of(*self.totals)])
        said = f"{count(self.n_envs, 'environment')}: {size(self.memory_nbytes)} of fields"
        return [*lines(rows, (False, *(True,) * 5)), said]

    def _totals_of(self, *owners: str) -> list[str]:
        roles = (*ROLES[:3], "scratch", "model")
        return [f"{sum(self.totals[owner].get(r, 0) for owner in owners):,}" for r in roles]

    def _costs(self) -> list[str]:
        rows = [
            ["cost", "time", "copied"],
            *([f"  {call}", time, copied] for call, time, copied in self._cost_rows()),
        ]
        return [*lines(rows, (False, True, True)), *(f"  {said}" for said in self._notes())]

    def _cost_rows(self) -> Iterator[tuple[str, str, str]]:
        for operation in self.cost.operations:
            yield operation.call, duration(operation.us), size(operation.nbytes)

    def _notes(self) -> Iterator[str]:
        yield f"times: {self.cost.how}"
        params = f", {size(self.params_nbytes)} more with parameters" if self.params_nbytes else ""
        yield f"one state: {size(self.state_nbytes)}{params}"
        if self.ring is not None:
            yield (
                f"a ring of {count(self.ring.states, 'state')} with parameters: "
                f"{size(self.ring.nbytes)}"
            )

    def _of(self, owner: str, *roles: str) -> list[DescribedVariable]:
        return [v for v in self.variables if v.owner == owner and v.role in roles]

    def _repr_html_(self) -> str:
        parts = [
            details("cost", *self._cost_tables(), open=True),
            details("bytes per environment", self._totals_table(), open=True),
            *(self._owner_fold(owner) for owner in self.totals),
        ]
        aside = f"{count(self.n_envs, 'environment')}, {size(self.memory_nbytes)} of fields"
        return page("What the scene keeps", *parts, aside=aside)

    def _cost_tables(self) -> Iterator[Markup]:
        yield table(("call", "time", "copied"), self._cost_rows(), right=(1, 2))
        yield from map(note, self._notes())

    def _totals_table(self) -> Markup:
        rows = [(owner, *self._totals_of(owner)) for owner in self.totals]
        if len(rows) > 1:
            rows.append(("all", *self._totals_of(*self.totals)))
        head = ("", *ROLES[:3], "scratch", "model (once)")
        return table(head, rows, right=range(1, 6))

    def _owner_fold(self, owner: str) -> Markup:
        folds = []
        for role in ROLES:
            variables = self._of(owner, role)
            if variables:
                # Those of no size, of which there may be many, last.
                variables.sort(key=lambda v: not v.nbytes)
                rows = ((v.name, v.doc, v.dtype, v.shape, f"{v.nbytes:,}") for v in variables)
                head = ("variable", "what it is", "dtype", "shape", "bytes")
                aside = f"{count(len(variables), 'variable')}, {size(self.totals[owner][role])}"
                body = table(head, rows, right=(4,), wide=(1,))
                folds.append(details(role, body, aside=aside))
        return details(owner, *folds, aside=count(len(self._of(owner, *ROLES)), "variable"))


def describe(scene: Scene, n_envs: int | None, ring: int | float | str | None) -> SceneDescription:
    """See `Scene.describe`."""
    if n_envs is None:
        n_envs = scene.n_envs
    if isinstance(n_envs, bool) or not isinstance(n_envs, int) or n_envs < 1:
        raise ValueError(f"describe: n_envs is {n_envs!r}, needs a number of environments from 1.")
    layout = scene.layout
    per_state = layout.nbytes(params=True) * n_envs
    room = None if ring is None else _ring(ring, per_state)
    variables: list[DescribedVariable] = []
    totals: dict[str, dict[str, int]] = {}
    for owner, rows in scene._memory.rows():
        roles = totals.setdefault(owner, {})
        for row in rows:
            variables += _variables(owner, row)
            for role, nbytes in _by_role(row).items():
                roles[role] = roles.get(role, 0) + nbytes
    return SceneDescription(
        n_envs,
        tuple(variables),
        totals,
        state_cost(scene, n_envs),
        layout.nbytes() * n_envs,
        (layout.nbytes(params=True) - layout.nbytes()) * n_envs,
        room,
    )


def duration(us: float) -> str:
    """A time in the unit that suits it: 8.1 µs, 12 ms, 1.2 s."""
    for unit, scale in (("s", 1e6), ("ms", 1e3)):
        if us >= scale:
            return f"{us / scale:.3g} {unit}"
    return f"{us:.3g} µs"


def _variables(owner: str, row: RowLayout) -> list[DescribedVariable]:
    return [
        DescribedVariable(
            owner, v.name, v.role, doc(f"{owner}.{v.name}"), v.dtype, v.shape, v.nbytes
        )
        for v in row.variables
    ]


def _by_role(row: RowLayout) -> dict[str, int]:
    """Bytes of a row by role; what pads it goes to the last one."""
    found: dict[str, int] = {}
    for var in row.variables:
        found[var.role] = found.get(var.role, 0) + var.nbytes
    if found:
        found[row.variables[-1].role] += row.nbytes - sum(found.values())
    return found


def _ring(ring: int | float | str, per_state: int) -> Ring:
    if isinstance(ring, int) and not isinstance(ring, bool):
        if ring < 1:
            raise ValueError(f"describe: ring is {ring}, needs a number of states from 1.")
        return Ring(ring, ring * per_state)
    states = read_bytes(ring) // max(1, per_state)
    return Ring(states, states * per_state)
