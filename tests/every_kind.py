"""A variable of every kind, and whether a transport moves each byte of it where it belongs."""

import math

import numpy as np
import torch

import genesis_state as gs
from genesis_state import assembly
from genesis_state.arena import Arena
from genesis_state.block import Block
from genesis_state.runtime import require
from genesis_state.scene_memory import SceneClock
from genesis_state.selection import select

N_ENVS = 6


class EveryKind(gs.Schema):
    """All types, dims, elements and roles; odd sizes, so that bools do not fill their words."""

    number = gs.StateVar("A number")
    list_ = gs.StateVar("One dim", ("three",))
    table = gs.StateVar("Two dims", ("three", "five"), role="memory")
    vector = gs.StateVar("An element", (), (3,))
    matrix = gs.StateVar("A square element", ("three",), (2, 2), reset="identity")
    oblong = gs.StateVar("Another element, two dims", ("five", "three"), (2, 3))
    count = gs.StateVar("A count", dtype="int", reset=-7, role="memory")
    counts = gs.StateVar("Vectors of counts", ("five",), (2,), dtype="int")
    flag = gs.StateVar("A flag", dtype="bool", reset=True)
    flags = gs.StateVar("Flags", ("five",), dtype="bool", role="memory")
    flag_table = gs.StateVar("A table of flags", ("three", "five"), dtype="bool")
    nothing = gs.StateVar("A dim of size zero", ("zero",), (3,))
    gain = gs.StateVar("A parameter", ("three",), reset=2.5, role="param")
    switch = gs.StateVar("A parameter that is a flag", ("five",), dtype="bool", role="param")
    junk = gs.StateVar("Scratch", ("five",), (3, 3), role="scratch")
    rest = gs.StateVar("Constant", ("three",), (3,), role="model")
    on = gs.StateVar("A constant flag", ("five",), dtype="bool", role="model")


SCHEMAS = {
    "EveryKind": EveryKind,
    **{solver.schema.__name__: solver.schema for solver in assembly.own_solvers()},
    "SceneClock": SceneClock,
}


def check_schema(name: str, transport: str) -> None:
    """Raises if rows do not come back as they went in, or land in the wrong environments."""
    schema = SCHEMAS[name]
    dims = {dim for var in schema.variables().values() for dim in var.dims}
    sizes = {dim: {"zero": 0, "three": 3, "five": 5}.get(dim, 2) for dim in dims}
    arena = Arena("TestSolver", "test", schema, sizes, N_ENVS, require(), transport)
    blocks = [arena.saved, arena.param]
    if schema is EveryKind:  # elsewhere these have a hundred fields, which take long to compile
        blocks += [arena.scratch, arena.constants]
    for block in blocks:
        if block.layout.nbytes:
            check_resets(block, schema)
            check_round_trip(block)
            check_masked(block)
    if schema is EveryKind:
        check_places(arena)
    arena.close()


def check_resets(block: Block, schema: type[gs.Schema]) -> None:
    """Every variable begins with its declared value."""
    for var in block.layout.variables:
        reset = schema.variables()[var.name].reset
        found = block.get(var.name).double()
        wanted = torch.eye(found.shape[-1]) if reset == "identity" else torch.tensor(reset)
        assert torch.allclose(found, wanted.double()), var.name


def check_round_trip(block: Block) -> None:
    """All rows in, all rows out; and an edit in place."""
    rows = random_rows(block, block.n_rows, seed=1)
    block.write(rows, select(None, block.n_rows, "cpu"), "same")
    same(block, rows)
    with block.edit() as view:
        view.copy_(rows.flip(0))
    same(block, rows.flip(0))


def check_masked(block: Block) -> None:
    """Each way to choose rows, with each way to give them."""
    n = block.n_rows
    picks = [0, slice(0, n, 2), [n - 1, 0], [], torch.arange(n) % 3 == 0, None]
    for seed, envs_idx in enumerate(picks):
        selection = select(envs_idx, n, "cpu")
        index = selection.indices()
        for mode in ("same", "listed", "broadcast"):
            before = random_rows(block, n, seed=100 + seed)
            block.write(before, select(None, n, "cpu"), "same")
            given = {"same": n, "listed": len(index), "broadcast": 1}[mode]
            rows = random_rows(block, given, seed=seed)
            block.write(rows, selection, mode)
            wanted = before.clone()
            wanted[index] = rows[index] if mode == "same" else rows
            same(block, wanted)
        # From rows of elsewhere, any number of times each, and from its own.
        elsewhere = random_rows(block, 3, seed=seed)
        origin = torch.arange(len(index)) % 3
        block.write(elsewhere, selection, "mapped", origin)
        wanted[index] = elsewhere[origin]
        same(block, wanted)
        block.write(block.rows(), selection, "mapped", index.flip(0))
        wanted[index] = wanted[index.flip(0)]
        same(block, wanted)


def check_places(arena: Arena) -> None:
    """What Taichi finds in a field is what the layout says is there."""
    for block, fields in ((arena.saved, arena.fields), (arena.constants, arena.model)):
        rows = random_rows(block, block.n_rows, seed=2)
        block.write(rows, select(None, block.n_rows, "cpu"), "same")
        for var in block.layout.variables:
            if 0 not in var.shape:
                wanted = block.layout.view(rows, var.name).numpy()
                found = getattr(fields, var.name).to_numpy().reshape(wanted.shape)
                np.testing.assert_array_equal(found, wanted, err_msg=var.name)


def same(block: Block, wanted: torch.Tensor) -> None:
    """Raises unless the block's rows are these, bit for bit."""
    found = torch.full_like(wanted, -1)
    block.read(found)
    bytes_, wanted_bytes = found.view(torch.uint8), wanted.view(torch.uint8)
    differ = []
    for var in block.layout.variables:
        own = slice(var.offset, var.offset + var.nbytes)
        if not torch.equal(bytes_[:, own], wanted_bytes[:, own]):
            differ.append(var.name)
    assert not differ, differ
    assert torch.equal(found, wanted), "padding"


def random_rows(block: Block, n: int, seed: int) -> torch.Tensor:
    """Rows as a solver might leave them, NaN and the ends of ranges included."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.zeros((n, block.layout.words), dtype=torch.int64)
    special = [math.nan, math.inf, -math.inf, -0.0, 3.4e38, 1.2e-38]
    for var in block.layout.variables:
        view = block.layout.view(rows, var.name)
        if var.dtype == "bool":
            view.copy_(torch.rand(view.shape, generator=generator) > 0.5)
        elif var.dtype == "int32":
            view.copy_(torch.randint(-(2**31), 2**31, view.shape, generator=generator))
        else:
            values = torch.randn(view.shape, generator=generator, dtype=torch.float64)
            odd = torch.rand(view.shape, generator=generator) < 0.2
            which = torch.randint(len(special), view.shape, generator=generator)
            view.copy_(torch.where(odd, torch.tensor(special, dtype=torch.float64)[which], values))
    return rows
