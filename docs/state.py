"""Writes docs/state.md, what a state holds, from the schemas: python docs/state.py."""

from __future__ import annotations

from pathlib import Path

from genesis_state import assembly
from genesis_state.scene_memory import SceneClock
from genesis_state.schema import Schema, StateVar

PAGE = Path(__file__).resolve().parent / "state.md"

HEAD = """# State contents

Written by `python docs/state.py` from the schemas in which the solvers declare their variables; a
test compares the two.

Every variable has a role, and the role decides what carries it:

| role | what it is | `get_state`, `reset` | checkpoint |
| --- | --- | --- | --- |
| `state` | the physical state | yes | yes |
| `memory` | what else a later step or a getter reads before it is written again | yes | yes |
| `param` | parameters that may differ by environment | with `params=True` | yes |
| `model` | constant after build; what matters of it is in the scene's signature | no | compared |
| `scratch` | anything may be in it between two steps | no | no |

A variable's name in a checkpoint is `"RigidSolver.qpos"`, and in a state `state.rigid.qpos` or
`state["RigidSolver.qpos"]`. Shapes begin with the number of environments. Floating-point numbers
have the scene's precision, 4 or 8 bytes; integers have 4 bytes, flags 1.
"""

ROLES = {"state": "State", "memory": "Memory", "param": "Parameters"}


def document() -> str:
    """The text of docs/state.md."""
    owners: dict[str, type[Schema]] = {
        kind.__name__: kind.schema for kind in assembly.own_solvers()
    }
    owners["Scene"] = SceneClock
    return HEAD + "".join(section(name, schema) for name, schema in owners.items())


def section(owner: str, schema: type[Schema]) -> str:
    """What one solver saves, role by role."""
    text = f"\n## {owner}\n"
    for role, title in ROLES.items():
        variables = {k: v for k, v in schema.variables().items() if v.role == role}
        if variables:
            text += f"\n{title}:\n\n| variable | | shape |\n| --- | --- | --- |\n"
            text += "".join(line(name, var) for name, var in variables.items())
    return text


def line(name: str, var: StateVar) -> str:
    """A row of a table."""
    kind = "" if var.dtype == "float" else f", {var.dtype}"
    return f"| `{name}` | {var.doc} | ({shape(var)}){kind} |\n"


def shape(var: StateVar) -> str:
    """Its shape in a state, with the names of dims."""
    return ", ".join(map(str, ("n_envs", *var.dims, *var.element)))


if __name__ == "__main__":
    PAGE.write_text(document(), encoding="utf-8")
