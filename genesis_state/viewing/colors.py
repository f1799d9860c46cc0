"""Colours of what nobody gave a colour."""

from __future__ import annotations

from genesis_state.viewing.drawing import Color

BODIES: tuple[Color, ...] = (
    (0.27, 0.51, 0.71),
    (0.90, 0.52, 0.27),
    (0.42, 0.64, 0.42),
    (0.76, 0.38, 0.40),
    (0.58, 0.48, 0.70),
    (0.85, 0.70, 0.33),
    (0.38, 0.66, 0.68),
    (0.80, 0.55, 0.66),
)
"""Of rigid bodies and of matter without a colour of its own, one after the other."""

SUBSTANCES: dict[str, Color] = {
    "Liquid": (0.22, 0.52, 0.85),
    "Sand": (0.83, 0.69, 0.46),
    "Snow": (0.92, 0.95, 0.98),
    "Cloth": (0.78, 0.24, 0.30),
}
"""Of matter by the name of its material."""


def color_of(kind: str, place: int) -> Color:
    """The colour of an entity by its material and its place in the scene."""
    return SUBSTANCES.get(kind, BODIES[place % len(BODIES)])
