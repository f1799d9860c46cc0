"""Which schema declares the variables of which solver, for whatever shows their docs."""

from __future__ import annotations

from genesis_state.schema import Schema, StateVar

_schemas: dict[str, type[Schema]] = {}


def declare(owner: str, schema: type[Schema]) -> None:
    """Notes a solver's schema under the name in its checkpoint keys; the last one counts."""
    _schemas[owner] = schema


def declaration(key: str) -> StateVar | None:
    """The declaration of "RigidSolver.qpos"; None if no solver of that name is known here.

    A state in a file may be of a solver whose module was never imported.
    """
    owner, _, name = key.partition(".")
    schema = _schemas.get(owner)
    return None if schema is None else schema.variables().get(name)


def doc(key: str) -> str:
    """What a variable is, with its unit; empty if that is not known here."""
    found = declaration(key)
    return "" if found is None else found.doc
