"""The contract of simulation state as tests: "restore is continue", for our solvers and yours.

    def factory():
        scene = gs.Scene()
        scene.add_solver(MySolver())
        return scene

    gs.testing.check_contract(factory)

`check_contract` runs every line in `LINES`; each is also a function of its own. What makes the
environments of a scene differ, and what drives it, is given as functions; see `Contract`.
"""

from collections.abc import Callable, Iterable
from typing import Any

from genesis_state.testing.branch_lines import bank, branch, copy, rewind
from genesis_state.testing.contract import Contract, ContractError
from genesis_state.testing.getters import public_getters
from genesis_state.testing.lines import (
    batch,
    history,
    isolation,
    observation,
    permutation,
    poison,
    resume,
    transport,
)
from genesis_state.testing.processes import file, threads

LINES: dict[str, Callable[[Contract], None]] = {
    line.__name__: line
    for line in (
        resume,
        poison,
        history,
        isolation,
        permutation,
        batch,
        threads,
        file,
        transport,
        observation,
        copy,
        branch,
        bank,
        rewind,
    )
}
"""The lines of the contract by name."""

ALL = tuple(LINES)
"""Their names."""


def check_contract(factory: Callable[[], Any], *, lines: Iterable[str] = ALL, **given: Any) -> None:
    """Checks that a scene keeps the contract.

    Args:
        factory: Makes an unbuilt scene, the same each time.
        lines: Names of the lines to check.
        **given: Everything else that `Contract` takes.

    Raises:
        ContractError: A line does not hold; the message says of each such line which variable
            differs, in which environments and by how much.
    """
    lines = tuple(lines)
    if unknown := [line for line in lines if line not in LINES]:
        raise KeyError(f"lines: there is no {unknown[0]!r}; there are {', '.join(LINES)}.")
    broken: list[str] = []
    with Contract(factory, **given) as contract:
        for line in lines:
            try:
                LINES[line](contract)
            except ContractError as error:
                broken.append(str(error))
    if broken:
        raise ContractError("\n".join(broken))


__all__ = [
    "ALL",
    "LINES",
    "Contract",
    "ContractError",
    "bank",
    "batch",
    "branch",
    "check_contract",
    "copy",
    "file",
    "history",
    "isolation",
    "observation",
    "permutation",
    "poison",
    "public_getters",
    "resume",
    "rewind",
    "threads",
    "transport",
]
