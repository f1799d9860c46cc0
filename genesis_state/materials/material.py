"""What every material is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from genesis_state.options import Options

if TYPE_CHECKING:
    from genesis_state.entities.entity import Entity

EntityT = TypeVar("EntityT", bound="Entity[Any, Any]", covariant=True)


class Material(Options, Generic[EntityT]):
    """Base of materials; `EntityT` is for type checkers: what `add_entity` returns."""
