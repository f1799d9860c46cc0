"""Declarations: what a schema gives, what it refuses, and where its variables' bytes go."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
import torch

from genesis_state.layout import OwnerLayout, RowLayout, StateLayout
from genesis_state.schema import DTYPES, ROLES, Schema, StateVar


class Particles(Schema):
    """A schema with one variable of each kind."""

    pos = StateVar("Position [m]", ("particle",), (3,))
    F = StateVar("Deformation gradient", ("particle",), (3, 3), reset="identity")
    active = StateVar("Whether it exists", ("particle",), dtype="bool", reset=True)
    pairs = StateVar("Neighbours", ("particle", "slot"), dtype="int", reset=-1, role="scratch")
    mass = StateVar("Mass [kg]", role="param", reset=1.5)


class MoreParticles(Particles):
    age = StateVar("Age [s]", ("particle",), role="memory")


def test_variables_keep_the_order_of_declaration_and_inherited_ones_come_first() -> None:
    assert list(Particles.variables()) == ["pos", "F", "active", "pairs", "mass"]
    assert list(MoreParticles.variables()) == ["pos", "F", "active", "pairs", "mass", "age"]
    assert Particles.variables()["pos"] is Particles.pos is MoreParticles.pos
    assert Schema.variables() == {}


def test_the_variables_of_a_schema_cannot_be_changed_through_the_dict() -> None:
    Particles.variables().clear()
    assert len(Particles.variables()) == 5


def test_shape_is_dims_then_element() -> None:
    sizes = {"particle": 5, "slot": 2}
    shapes = {name: var.shape(sizes) for name, var in Particles.variables().items()}
    assert shapes == {"pos": (5, 3), "F": (5, 3, 3), "active": (5,), "pairs": (5, 2), "mass": ()}
    with pytest.raises(KeyError, match="dim 'slot' has no size; sizes are given for: particle"):
        Particles.pairs.shape({"particle": 5})


def test_everything_after_the_element_is_keyword_only() -> None:
    with pytest.raises(TypeError):
        StateVar("Position [m]", (), (), "int")  # type: ignore[call-arg]


MISTAKES: dict[str, tuple[Any, str]] = {
    "role": (StateVar("x", role="derived"), "role is 'derived', needs one of state, memory"),
    "dtype": (StateVar("x", dtype="float32"), "dtype is 'float32', needs one of float, int, bool"),
    "three dims": (StateVar("x", ("a", "b", "c")), "has 3 dims, at most 2"),
    "dims text": (StateVar("x", "particle"), "dims is 'particle', needs a tuple"),  # type: ignore
    "element int": (StateVar("x", (), 3), "element is 3, needs a tuple"),  # type: ignore
    "element zero": (StateVar("x", (), (0,)), "element is (0,), needs a tuple of positive sizes"),
    "element of three axes": (StateVar("x", (), (2, 2, 2)), "element has 3 axes, at most 2"),
    "identity of a vector": (StateVar("x", (), (3,), reset="identity"), "needs a square element"),
    "identity not square": (StateVar("x", (), (2, 3), reset="identity"), "needs a square element"),
    "reset text": (StateVar("x", reset="one"), "reset is 'one', needs a number or 'identity'"),
    "reset list": (StateVar("x", reset=[0]), "reset is [0], needs a number"),  # type: ignore
    "reset of a bool": (StateVar("x", dtype="bool", reset=2), "a bool needs True or False"),
    "reset of an int": (StateVar("x", dtype="int", reset=0.5), "an int needs a whole number"),
    "no doc": (StateVar(""), "needs a doc"),
    "not a variable": (("Position [m]", ()), "is a tuple, a Schema holds StateVars only"),
    "method": (lambda self: None, "is a function, a Schema holds StateVars only"),
}


@pytest.mark.parametrize("case", MISTAKES, ids=str)
def test_a_mistake_is_reported_at_the_class_with_its_name(case: str) -> None:
    var, text = MISTAKES[case]
    with pytest.raises(TypeError) as caught:
        type("Bad", (Schema,), {"thing": var})
    assert str(caught.value).startswith("Bad.thing: ") and text in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("_pos", "no leading underscore"),
        ("__pos__", "no leading underscore"),
        ("variables", "taken by Schema.variables()"),
        ("pos", "a base declares it already"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused(name: str, text: str) -> None:
    with pytest.raises(TypeError) as caught:
        type("Bad", (Particles,), {name: StateVar("x")})
    assert str(caught.value).startswith(f"Bad.{name}: ") and text in str(caught.value)


def test_two_bases_may_share_a_base_but_not_a_name() -> None:
    class Other(Particles):
        color = StateVar("Color", role="scratch")

    class Both(MoreParticles, Other):
        pass

    assert list(Both.variables())[-2:] == ["age", "color"]

    class Rival(Schema):
        pos = StateVar("Another position [m]")

    with pytest.raises(TypeError, match=r"Clash\.pos: two bases declare it"):
        type("Clash", (Particles, Rival), {})


def test_a_schema_has_no_instances() -> None:
    with pytest.raises(TypeError, match="Particles is a declaration"):
        Particles()


def test_roles_and_dtypes_are_all_accepted() -> None:
    for role in ROLES:
        for dtype in DTYPES:
            type("Fine", (Schema,), {"x": StateVar("x", dtype=dtype, role=role)})


ITEMS = [
    ("flags", "state", "bool", (5,)),
    ("count", "memory", "int32", ()),
    ("flag", "state", "bool", ()),
    ("wide", "state", "float64", (3,)),
    ("pos", "state", "float32", (3, 2)),
    ("none", "state", "float32", (0, 3)),
    ("F", "state", "float32", (2, 3, 3)),
]


def test_rows_are_packed_by_item_size_without_overlap() -> None:
    row = RowLayout.pack(ITEMS)
    assert [v.name for v in row.variables] == ["wide", "count", "pos", "none", "F", "flags", "flag"]
    end = 0
    for var in row.variables:
        assert var.offset % var.torch_dtype.itemsize == 0
        assert var.offset >= end
        end = var.offset + var.nbytes
    assert row["flag"].offset - row["flags"].offset == 8  # five bools fill up to a multiple of 4
    assert row.nbytes % 8 == 0 and 0 <= row.nbytes - end < 12 and row.words * 8 == row.nbytes


def test_packing_again_changes_nothing() -> None:
    row = RowLayout.pack(ITEMS)
    assert RowLayout.pack([(v.name, v.role, v.dtype, v.shape) for v in row.variables]) == row


def test_a_row_may_be_empty() -> None:
    assert RowLayout.pack([]) == RowLayout((), 0)
    row = RowLayout.pack([("x", "state", "float32", (0,)), ("y", "state", "bool", (0, 2))])
    assert row.nbytes == 0
    assert row.view(torch.zeros(4, 0, dtype=torch.int64), "y").shape == (4, 0, 2)


@pytest.mark.parametrize("n", [0, 1, 7])
@pytest.mark.parametrize("step", [1, 3])
def test_views_reach_each_byte_of_their_variable_and_no_other(n: int, step: int) -> None:
    row = RowLayout.pack(ITEMS)
    rows = torch.zeros(n * step, row.words, dtype=torch.int64)[step - 1 :: step]
    for number, var in enumerate(row.variables, start=1):
        view = row.view(rows, var.name)
        assert view.shape == (n, *var.shape) and view.dtype == var.torch_dtype
        assert not view.any(), "an earlier variable has written here"
        env = torch.arange(n).reshape(-1, *[1] * len(var.shape))
        view.copy_((env * 100 + number).expand(view.shape))
    for number, var in enumerate(row.variables, start=1):
        expected = torch.arange(n).reshape(-1, *[1] * len(var.shape)) * 100 + number
        assert (row.view(rows, var.name) == expected.to(var.torch_dtype)).all()


def test_a_view_reads_the_bytes_at_its_offset_in_the_order_of_its_axes() -> None:
    row = RowLayout.pack(ITEMS)
    rows = torch.zeros(6, row.words, dtype=torch.int64)
    start = row["F"].offset // 4
    rows.view(torch.float32)[:, start : start + 18] = torch.arange(108.0).reshape(6, 18)
    numbers = torch.arange(108.0).reshape(6, 2, 3, 3)
    for part in (slice(None), slice(2, 5), slice(1, None, 2), slice(5, 6)):
        assert torch.equal(row.view(rows[part], "F"), numbers[part])


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ([("x", "state", "float16", ())], "x: dtype 'float16', needs one of"),
        ([("x", "state", "bool", ()), ("x", "state", "int32", ())], "x: declared twice"),
    ],
)
def test_packing_refuses(items: list[Any], text: str) -> None:
    with pytest.raises(ValueError) as caught:
        RowLayout.pack(items)
    assert text in str(caught.value)


def owner(name: str, alias: str, saved: list[Any], param: list[Any] | None = None) -> OwnerLayout:
    return OwnerLayout(name, alias, RowLayout.pack(saved), RowLayout.pack(param or []))


BASE = StateLayout(
    (
        owner("RigidSolver", "rigid", ITEMS, [("mass", "param", "float32", (2,))]),
        owner("Scene", "scene", [("envs_t", "memory", "int32", ())]),
    ),
    (("entities", "box, franka"), ("dt", "0.01")),
)


def changed(position: int, item: tuple[Any, ...] | None) -> StateLayout:
    items: list[Any] = list(ITEMS)
    items[position : position + 1] = [] if item is None else [item]
    mass = [("mass", "param", "float32", (2,))]
    return StateLayout((owner("RigidSolver", "rigid", items, mass), BASE.owners[1]), BASE.model)


DIFFERENT = {
    "shape": (
        changed(4, ("pos", "state", "float32", (4, 2))),
        ["RigidSolver.pos has shape (3, 2) in this scene, (4, 2) in the state."],
    ),
    "dtype and role": (
        changed(1, ("count", "state", "bool", ())),
        [
            "RigidSolver.count has dtype int32 in this scene, bool in the state.",
            "RigidSolver.count has role memory in this scene, state in the state.",
        ],
    ),
    "missing": (changed(2, None), ["RigidSolver.flag is in this scene, not in the state."]),
    "extra and missing": (
        changed(2, ("fog", "state", "bool", ())),
        [
            "RigidSolver.flag is in this scene, not in the state.",
            "RigidSolver.fog is in the state, not in this scene.",
        ],
    ),
    "owner": (
        StateLayout((owner("SPHSolver", "sph", ITEMS), BASE.owners[1]), BASE.model),
        ["RigidSolver is in this scene, not in the state.", "SPHSolver is in the state, not in"],
    ),
    "alias": (
        StateLayout(
            (BASE.owners[0], owner("Scene", "clock", [("envs_t", "memory", "int32", ())])),
            BASE.model,
        ),
        ["Scene is called 'scene' in this scene, 'clock' in the state."],
    ),
    "model": (
        StateLayout(BASE.owners, (("entities", "box"), ("gravity", "9.81"))),
        [
            "entities is box, franka in this scene, box in the state.",
            "dt is in this scene, not in the state.",
            "gravity is in the state, not in this scene.",
        ],
    ),
    "order of owners": (
        StateLayout(BASE.owners[::-1], BASE.model),
        ["this scene and the state keep the same variables in a different order."],
    ),
}


@pytest.mark.parametrize("case", DIFFERENT, ids=str)
def test_all_differences_are_listed_one_sentence_each(case: str) -> None:
    other, expected = DIFFERENT[case]
    found = BASE.differences(other)
    assert len(found) == len(expected)
    for sentence, beginning in zip(found, expected, strict=True):
        assert sentence.startswith(beginning)
    assert len(other.differences(BASE)) == len(expected)


def test_equal_layouts_have_no_differences_however_they_came_to_be() -> None:
    copies = [pickle.loads(pickle.dumps(BASE)), StateLayout.from_dict(BASE.to_dict())]
    for copy in copies:
        assert copy == BASE and hash(copy) == hash(BASE) and BASE.differences(copy) == []


def test_pickles_do_not_depend_on_what_was_looked_up_before() -> None:
    fresh = StateLayout.from_dict(BASE.to_dict())
    before = pickle.dumps(fresh)
    assert fresh.place("RigidSolver.pos") and fresh.owner_index("rigid") == 0
    fresh.owners[0].saved.view(torch.zeros(1, BASE.owners[0].saved.words, dtype=torch.int64), "pos")
    assert pickle.dumps(fresh) == before


def test_keys_and_bytes_count_parameters_only_if_asked() -> None:
    saved = BASE.keys()
    assert "RigidSolver.mass" not in saved
    assert sorted(BASE.keys(params=True)) == sorted([*saved, "RigidSolver.mass"])
    assert BASE.nbytes(params=True) - BASE.nbytes() == 8


def test_two_owners_cannot_share_a_name_or_an_alias() -> None:
    for second in (owner("RigidSolver", "other", []), owner("Other", "rigid", [])):
        with pytest.raises(ValueError, match="each must occur once"):
            StateLayout((BASE.owners[0], second))
