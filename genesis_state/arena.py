"""All memory of one solver: one schema → fields, grouped by what happens to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from genesis_state.block import Block, Fields
from genesis_state.layout import OwnerLayout, RowLayout
from genesis_state.runtime import Runtime
from genesis_state.schema import SAVED_ROLES, Schema, StateVar
from genesis_state.selection import select
from genesis_state.transport import default_transport

POISON = -1  # all bits set: NaN in every float format, -1 in integers, and no bool at all


class Arena:
    """Memory of one solver. The only place that moves its state in or out.

    Args:
        name: The owner's name in checkpoint keys, such as "RigidSolver".
        alias: Its name in a SimState, such as "rigid".
        schema: Its variables.
        sizes: Size of each dim the schema names.
        n_envs: Number of environments.
        runtime: The runtime whose memory this is.
        transport: "zero_copy" or "kernel": how state and parameters move in and out.

    Attributes:
        fields: The per-environment Taichi fields, by name, first axis the environment.
        model: The fields of role `model`, without that axis.
        layout: Where the saved bytes are.
        commands, derived: Names of the variables that are declared so.
        saved, param, scratch, constants: The blocks, by role.
        blocks: All four.
    """

    def __init__(
        self,
        name: str,
        alias: str,
        schema: type[Schema],
        sizes: Mapping[str, int],
        n_envs: int,
        runtime: Runtime,
        transport: str,
    ):
        variables = schema.variables()
        dtypes = {
            "float": str(runtime.tc_float).removeprefix("torch."),
            "int": "int32",
            "bool": "bool",
        }

        def rows(*roles: str) -> RowLayout:
            return RowLayout.pack(
                (key, var.role, dtypes[var.dtype], var.shape(sizes))
                for key, var in variables.items()
                if var.role in roles
            )

        self.name = name
        self.n_envs = n_envs
        self.fields = Fields()
        self.model = Fields()
        self.commands = frozenset(key for key, var in variables.items() if var.command)
        self.derived = frozenset(key for key, var in variables.items() if var.derived)
        self.layout = OwnerLayout(name, alias, rows(*SAVED_ROLES), rows("param"))
        shared = (runtime, transport)
        self.saved = Block(variables, self.layout.saved, n_envs, *shared, self.fields)
        self.param = Block(variables, self.layout.param, n_envs, *shared, self.fields)
        # No state moves through these two: they take the transport that compiles least.
        own = (runtime, default_transport(runtime))
        self.scratch = Block(variables, rows("scratch"), n_envs, *own, self.fields)
        self.constants = Block(variables, rows("model"), None, *own, self.model)
        self.blocks = (self.saved, self.param, self.scratch, self.constants)
        for block in self.blocks:
            _fill_reset_values(block, variables)

    def block_of(self, name: str) -> Block:
        """The block that holds a variable."""
        for block in self.blocks:
            if name in block.layout:
                return block
        known = ", ".join(var.name for block in self.blocks for var in block.layout.variables)
        raise KeyError(f"{self.name} has no variable {name!r}; it has {known}.")

    def get(self, name: str) -> torch.Tensor:
        """A copy of a variable, shape (n_envs, …)."""
        return self.block_of(name).get(name).clone()

    @contextmanager
    def edit(self, *names: str) -> Iterator[list[torch.Tensor]]:
        """Variables of one block, shape (n_envs, …), to be changed in place while this is open."""
        block = self.block_of(names[0])
        with block.edit(*names) as rows:
            yield [block.layout.view(rows, name) for name in names]

    def write_model(self, values: Mapping[str, Any]) -> None:
        """Values of variables of role `model`: numbers or arrays of their size, by name."""
        with self.constants.edit() as rows:
            for name, value in values.items():
                view = self.constants.layout.view(rows, name)[0]
                if not view.numel():
                    continue  # a dim of no size
                array = np.ascontiguousarray(value)
                view.copy_(torch.from_numpy(array).reshape(view.shape))

    def poison_scratch(self) -> None:
        """Fills every scratch variable with bits that must not matter."""
        block = self.scratch
        junk = torch.full((1, block.layout.words), POISON, dtype=torch.int64, device=block.device)
        block.write(junk, select(None, block.n_rows, block.device), "broadcast")

    def close(self) -> None:
        """Frees the memory."""
        for block in self.blocks:
            block.close()


def _fill_reset_values(block: Block, variables: Mapping[str, StateVar]) -> None:
    row = torch.zeros((1, block.layout.words), dtype=torch.int64, device=block.device)
    plain = True
    for var in block.layout.variables:
        declared = variables[var.name]
        view = block.layout.view(row, var.name)
        if isinstance(declared.reset, str):  # "identity"
            view.copy_(torch.eye(declared.element[0], dtype=view.dtype, device=block.device))
        else:
            view.fill_(declared.reset)
        plain = plain and declared.reset == 0
    if not plain:  # Taichi hands out zeroed memory
        block.write(row, select(None, block.n_rows, block.device), "broadcast")
