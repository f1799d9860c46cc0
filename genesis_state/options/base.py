"""What everything that a user declares is: checked one field at a time when it is made."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, TypeAlias

import numpy as np

# What users may give for a vector; it is stored as a tuple of floats.
Vector: TypeAlias = Sequence[float] | np.ndarray


@dataclass(frozen=True, kw_only=True)
class Options:
    """Base of everything a user declares: checks one field at a time and stores it normalized."""

    def __new__(cls, *args: Any, **given: Any):
        known = [field.name for field in fields(cls)]
        if unknown := [name for name in given if name not in known]:
            raise TypeError(
                f"{cls.__name__}: there is no {' and no '.join(unknown)}; it takes "
                f"{', '.join(known)}."
            )
        return super().__new__(cls)

    def __post_init__(self):
        """Checks the fields; each class those that it adds."""

    def _refuse(self, name: str, needs: str) -> ValueError:
        return ValueError(f"{type(self).__name__}: {name}={getattr(self, name)!r}, needs {needs}.")

    def _store(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _number(
        self,
        name: str,
        needs: str,
        *,
        above: float = -math.inf,
        below: float = math.inf,
        least: float = -math.inf,
        most: float = math.inf,
    ) -> None:
        """Checks a finite number between `above` and `below` and from `least` to `most`."""
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise self._refuse(name, needs)
        number = float(value)
        if not (math.isfinite(number) and above < number < below and least <= number <= most):
            raise self._refuse(name, needs)
        self._store(name, number)

    def _count(self, name: str, least: int = 1) -> None:
        """Checks an integer that is positive or, with `least=0`, not negative."""
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
            sign = "a positive integer" if least else "an integer that is not negative"
            raise self._refuse(name, sign)
        self._store(name, int(value))

    def _vector(self, name: str, size: int, needs: str, *, above: float = -math.inf) -> None:
        """Checks `size` finite numbers greater than `above`, from any sequence or array."""
        try:
            value = tuple(float(x) for x in getattr(self, name))
        except (TypeError, ValueError):
            raise self._refuse(name, needs) from None
        if len(value) != size or not all(math.isfinite(x) and x > above for x in value):
            raise self._refuse(name, needs)
        self._store(name, value)

    def _one_of(self, name: str, known: Sequence[str]) -> None:
        """Checks that it is one of these names."""
        if getattr(self, name) not in known:
            names = [f'"{value}"' for value in known]
            raise self._refuse(name, f"{', '.join(names[:-1])} or {names[-1]}")

    def _flag(self, name: str) -> None:
        if not isinstance(getattr(self, name), bool):
            raise self._refuse(name, "True or False")

    def _member(self, name: str, enum: type[IntEnum]) -> None:
        """Checks a member of `enum`, given as itself or by its name."""
        value = getattr(self, name)
        if isinstance(value, str) and value in enum.__members__:
            value = enum[value]
        if not isinstance(value, enum):
            names = ", ".join(f"gs.{name}.{member}" for member in enum.__members__)
            raise self._refuse(name, f"one of {names}")
        self._store(name, value)
