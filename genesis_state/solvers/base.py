"""What every solver is: a schema, the sizes of its dims, and a step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from genesis_state.arena import Arena
from genesis_state.block import Fields
from genesis_state.declared import declare
from genesis_state.options import SimOptions
from genesis_state.runtime import Runtime
from genesis_state.schema import Schema
from genesis_state.solvers.entity_part import EntityPart
from genesis_state.state import SimState
from genesis_state.transport import default_transport


class Solver(ABC):
    """A solver, ours or a user's. Declaring its schema is all it takes to keep the contract.

    A subclass names its `schema`, says how large its dims are and steps:

        class SpringSolver(gs.Solver):
            schema = SpringState

            def sizes(self):
                return {"mass": 3}

            def step(self):
                advance(self.fields.pos, self.fields.vel, self.dt)

    The class name gives the checkpoint keys ("SpringSolver.pos") and, without "Solver" and in
    lower case, the attribute of a state (`state.spring.pos`).

    Attributes:
        schema: Its variables.
        arena: Its memory. Set by `build`.
        n_envs: Number of environments. Set by `build`.
        dt: Duration of one `step` [s]. Set by `build`.
    """

    schema: ClassVar[type[Schema]]
    arena: Arena
    n_envs: int
    dt: float

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        taken = hasattr(SimState, cls.alias()) or cls.alias() in SimState.__slots__
        if not cls.alias().isidentifier() or taken or cls.alias() == "scene":
            raise TypeError(
                f"{cls.__name__}: its states would be called {cls.alias()!r}, which a SimState "
                "uses itself or cannot have; rename the class."
            )
        if hasattr(cls, "schema"):
            declare(cls.__name__, cls.schema)

    @property
    def fields(self) -> Fields:
        """Taichi fields of its variables by name, shape (n_envs, …), once built.

        A kernel that is given fields whose memory is gone ends the process: these are checked.
        """
        self.arena.saved.check()
        return self.arena.fields

    @property
    def model(self) -> Fields:
        """Those of role `model`, without the axis of environments, once built."""
        self.arena.saved.check()
        return self.arena.model

    @classmethod
    def alias(cls) -> str:
        """Its name in a SimState: "RigidSolver" is "rigid"."""
        return cls.__name__.removesuffix("Solver").lower()

    @abstractmethod
    def sizes(self) -> Mapping[str, int]:
        """Size of each dim that the schema names."""

    @abstractmethod
    def step(self) -> None:
        """Moves every environment forward by `dt`."""

    def complaint(self) -> str | None:
        """What is amiss with the motion, if anything. Asked now and then; the log says it once."""
        return None

    def start(self) -> None:  # noqa: B027  (a solver may have nothing to do here)
        """Writes initial values that differ from the schema's reset values. Called by `build`."""

    def signature(self) -> tuple[tuple[str, str], ...]:
        """(key, value) pairs of what a state must agree on to fit, besides names and shapes."""
        return ()

    def settings(self) -> tuple[tuple[str, str], ...]:
        """(key, value) pairs of what else must agree for a restored run to go on as it would."""
        return ()

    def entity_parts(self) -> tuple[EntityPart, ...]:
        """Where each entity's entries lie, so that a checkpoint of another scene can be sorted."""
        return ()

    def build(self, n_envs: int, sim: SimOptions, runtime: Runtime) -> None:
        """Allocates its memory and fills it in."""
        self.n_envs = n_envs
        self.dt = sim.dt
        transport = sim.state_transport or default_transport(runtime)
        self.arena = Arena(
            type(self).__name__,
            self.alias(),
            self.schema,
            self.sizes(),
            n_envs,
            runtime,
            transport,
        )
        self.start()

    def close(self) -> None:
        """Frees its memory."""
        if hasattr(self, "arena"):
            self.arena.close()
