"""How a solver declares its variables: once, with a role, and everything else is derived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, NoReturn

ROLES = ("state", "memory", "param", "model", "scratch")
DTYPES = ("float", "int", "bool")

SAVED_ROLES = ("state", "memory")
"""The roles that every SimState carries; `param` is carried when asked for."""


@dataclass(frozen=True)
class StateVar:
    """One variable of a solver, of shape (n_envs, *dims, *element).

    The role decides where the variable goes:

    * state: the physical state, with public names; in every SimState and checkpoint.
    * memory: whatever else a later step or a getter reads before it is written again; likewise.
    * param: physical parameters per environment; in every checkpoint, in a SimState on request.
    * model: constant after build; covered by the scene's signature.
    * scratch: may hold anything between two steps; saved nowhere.

    Args:
        doc: What it is, with its unit in brackets: "Particle velocity [m/s]".
        dims: Names of up to two axes whose sizes are known at build, such as ("particle",).
        element: Shape of one entry: () a number, (3,) a vector, (3, 3) a matrix.
        dtype: "float" and "int" follow the runtime's precision; "bool" takes a byte.
        reset: The value after build: a number, or "identity" for a square element.
        role: One of the five above.
        beside: Alias of another solver, such as "rigid", whose entities have to be the same for
            values to mean the same: those that name one of its bodies, and those that go with them.
        command: Whether users write it before steps, alone, and a step only reads it or clears it.
            A history keeps the values of such variables; other writes take a keyframe.
        derived: Whether each step ends by computing it from other variables of its role, so that
            what tells states apart need not look at it.
    """

    doc: str
    dims: tuple[str, ...] = ()
    element: tuple[int, ...] = ()
    _: KW_ONLY
    dtype: str = "float"
    reset: float | str = 0
    role: str = "state"
    beside: str = ""
    command: bool = False
    derived: bool = False

    def shape(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """The shape in one environment, given the size of each named dim."""
        for dim in self.dims:
            if dim not in sizes:
                known = ", ".join(sizes) or "none"
                raise KeyError(f"dim {dim!r} has no size; sizes are given for: {known}.")
        return (*(sizes[dim] for dim in self.dims), *self.element)


class Schema:
    """The variables of one solver, declared in the class body as StateVars and nothing else.

    A subclass of a schema may add variables. Mistakes are reported when the class is created.

        class BallState(Schema):
            pos = StateVar("Position [m]", (), (3,))
            bounces = StateVar("Bounces so far", dtype="int", role="memory")
    """

    _variables: ClassVar[dict[str, StateVar]] = {}

    def __new__(cls, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(f"{cls.__name__} is a declaration; use the class itself, not an instance.")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        variables: dict[str, StateVar] = {}
        for base in cls.__bases__:
            for name, var in getattr(base, "_variables", {}).items():
                if variables.setdefault(name, var) is not var:
                    raise TypeError(
                        f"{cls.__name__}.{name}: two bases declare it; rename one of the two."
                    )
        for name, var in vars(cls).items():
            if name.startswith("__") and name.endswith("__") and not isinstance(var, StateVar):
                continue  # the docstring, the module's name and the like
            mistake = _name_mistake(name, var, variables) or _declaration_mistake(var)
            if mistake:
                raise TypeError(f"{cls.__name__}.{name}: {mistake}")
            variables[name] = var
        cls._variables = variables

    @classmethod
    def variables(cls) -> dict[str, StateVar]:
        """All variables by name, in the order of declaration, inherited ones first."""
        return dict(cls._variables)


def _name_mistake(name: str, var: object, inherited: Mapping[str, StateVar]) -> str | None:
    if not isinstance(var, StateVar):
        return f"is a {type(var).__name__}, a Schema holds StateVars only; move it elsewhere."
    if name.startswith("_"):
        return "a variable's name has no leading underscore; rename it."
    if name == "variables":
        return "the name is taken by Schema.variables(); rename it."
    if name in inherited:
        return "a base declares it already and a subclass only adds variables; rename it."
    return None


def _declaration_mistake(var: StateVar) -> str | None:
    if not isinstance(var.doc, str) or not var.doc:
        return "needs a doc, such as 'Velocity [m/s]', as the first argument."
    if not _is_tuple_of(var.dims, str):
        return f"dims is {var.dims!r}, needs a tuple of names such as ('particle',)."
    if len(var.dims) > 2:
        return f"has {len(var.dims)} dims, at most 2 are possible; merge some into one."
    if not _is_tuple_of(var.element, int) or any(size < 1 for size in var.element):
        return f"element is {var.element!r}, needs a tuple of positive sizes such as (3,)."
    if len(var.element) > 2:
        return f"element has {len(var.element)} axes, at most 2 are possible; use dims for others."
    if var.dtype not in DTYPES:
        return f"dtype is {var.dtype!r}, needs one of {', '.join(DTYPES)}."
    if var.role not in ROLES:
        return f"role is {var.role!r}, needs one of {', '.join(ROLES)}."
    if var.command and var.role not in SAVED_ROLES:
        return f"is a command of role {var.role!r}; commands are memory or state."
    return _reset_mistake(var)


def _reset_mistake(var: StateVar) -> str | None:
    if isinstance(var.reset, str):
        if var.reset != "identity":
            return f"reset is {var.reset!r}, needs a number or 'identity'."
        if len(var.element) != 2 or var.element[0] != var.element[1]:
            return f"reset='identity' needs a square element such as (3, 3), this is {var.element}."
        return None
    if not isinstance(var.reset, (bool, int, float)):
        return f"reset is {var.reset!r}, needs a number or 'identity'."
    if var.dtype == "bool" and var.reset not in (0, 1):
        return f"reset is {var.reset!r}, a bool needs True or False."
    if var.dtype == "int" and isinstance(var.reset, float):
        return f"reset is {var.reset!r}, an int needs a whole number."
    return None


def _is_tuple_of(value: object, kind: type) -> bool:
    return isinstance(value, tuple) and all(type(item) is kind for item in value)
