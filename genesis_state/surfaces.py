"""Genesis' looks of things: a `color` is that of views and pictures, all else shows nothing."""

from __future__ import annotations

from genesis_state.options.viewer import Unseen


class Surface(Unseen):
    """Base of all of them."""


class BSDF(Surface):
    """Genesis' general surface."""


class Default(Surface):
    """Genesis' usual surface."""


class Plastic(Surface):
    """Looks like plastic."""


class Rough(Surface):
    """Looks rough."""


class Smooth(Surface):
    """Looks smooth."""


class Reflective(Surface):
    """Looks reflective."""


class Collision(Surface):
    """How Genesis shows geoms of collision."""


class Glass(Surface):
    """Looks like glass."""


class Water(Surface):
    """Looks like water."""


class Metal(Surface):
    """Looks like metal."""


class Iron(Surface):
    """Looks like iron."""


class Aluminium(Surface):
    """Looks like aluminium."""


class Copper(Surface):
    """Looks like copper."""


class Gold(Surface):
    """Looks like gold."""


class Emission(Surface):
    """Shines."""
