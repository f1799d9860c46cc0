"""What rigid bodies are made of."""

from __future__ import annotations

from dataclasses import dataclass

from genesis_state.options import Options


@dataclass(frozen=True, kw_only=True)
class Rigid(Options):
    """A rigid material.

    Attributes:
        rho: Density [kg/m^3]. It gives shapes and meshes their mass, 1000 where None. In a model
            read from a file it replaces the density of every geom that states no mass of its own;
            None leaves the file as it is. Bodies with explicit inertia keep it.
        friction: Coefficient of sliding friction of every geom, 0.01 to 5. Of two geoms that touch
            the larger one counts. None means 1 for shapes and meshes and leaves a model read from
            a file as it is. Contact pairs that a file names have a friction of their own.
        gravity_compensation: Part of the weight that is carried for every link; 1 cancels
            gravity. None leaves a model read from a file as it is.
        needs_coup: Whether particles and soft bodies touch it. Geoms that collide with nothing
            are touched by nothing.
        coup_friction: Coefficient of sliding friction between it and particles or soft bodies,
            for every geom, not negative.
    """

    rho: float | None = None
    friction: float | None = None
    gravity_compensation: float | None = None
    needs_coup: bool = True
    coup_friction: float = 0.1

    def __post_init__(self):
        if self.rho is not None:
            self._number("rho", "a positive density in kg/m^3", above=0)
        if self.friction is not None:
            self._number("friction", "a coefficient from 0.01 to 5", least=0.01, most=5.0)
        if self.gravity_compensation is not None:
            self._number("gravity_compensation", "a finite number")
        self._flag("needs_coup")
        self._number("coup_friction", "a coefficient not below 0", least=0.0)
