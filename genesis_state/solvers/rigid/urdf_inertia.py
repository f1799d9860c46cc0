"""Which mass and inertia a URDF's links have where the file says none, or what cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np

from genesis_state.geom import quat_to_R
from genesis_state.solvers.rigid.urdf_robot import Inertial, Place

DENSITY = 1000.0  # MuJoCo's, where a material has none [kg/m^3]

# What moves has mass. Where neither the file nor a shape gives a link any it gets that of a ball of
# 5 cm, too little for what else is on a robot to feel it.
FILLER_MASS = 1e-3  # [kg]
FILLER_RADIUS = 0.05  # [m]

# A flat body is at the edge of what can be; rounding must not push it over.
WITHIN = 1e-6
TELL_FROM = 0.01


@dataclass(frozen=True)
class Mass:
    """Mass and inertia of a link.

    Attributes:
        mass: [kg].
        pos: Centre of mass on the link [m].
        inertia: About it, axes of the link, shape (3, 3) [kg m^2].
    """

    mass: float
    pos: np.ndarray
    inertia: np.ndarray

    def of_mass(self, mass: float) -> Mass:
        """The same shape with another mass."""
        return Mass(mass, self.pos, self.inertia * (mass / self.mass))


def written(inertial: Inertial, mass: float) -> Mass:
    """What a file says, as it says it."""
    place = inertial.place or Place()
    matrix = np.zeros((3, 3)) if inertial.inertia is None else inertial.inertia
    turn = quat_to_R(np.array(place.quat))
    return Mass(mass, np.array(place.pos), turn @ matrix @ turn.T)


def balanced(inertia: np.ndarray) -> tuple[np.ndarray, float] | None:
    """The nearest inertia that a body can have: no principal moment exceeds the other two's sum.

    Returns:
        It, and by which part the largest moment was too large; None if a moment is not positive.
    """
    moments, axes = np.linalg.eigh(inertia)
    if moments[0] <= 1e-12 * moments[2] or moments[2] <= 0:
        return None
    most = (moments[0] + moments[1]) * (1 - WITHIN)
    if moments[2] <= most:
        return inertia, 0.0
    excess = moments[2] / (moments[0] + moments[1]) - 1
    moments[2] = most
    return axes @ np.diag(moments) @ axes.T, float(excess)


def filler(mass: float = FILLER_MASS, pos: Sequence[float] = (0.0, 0.0, 0.0)) -> Mass:
    """A ball of `FILLER_RADIUS`."""
    return Mass(mass, np.array(pos), np.eye(3) * (0.4 * mass * FILLER_RADIUS**2))


def of_shapes(
    geoms: Sequence[dict[str, Any]], assets: Sequence[dict[str, Any]], density: float
) -> Mass | None:
    """What geoms weigh together, as MuJoCo computes it; None where that is nothing.

    Args:
        geoms: As `MjsBody.add_geom` takes them.
        assets: Meshes that these name, as `MjSpec.add_mesh` takes them.
        density: [kg/m^3].
    """
    if not geoms:
        return None
    spec = mujoco.MjSpec()
    for asset in {asset["name"]: asset for asset in assets}.values():
        spec.add_mesh(**asset)
    body = spec.worldbody.add_body()
    for geom in geoms:
        body.add_geom(**{**geom, "density": density, "name": ""})
    model = spec.compile()
    if model.body_mass[1] <= 0:
        return None
    turn = quat_to_R(model.body_iquat[1])
    return Mass(
        float(model.body_mass[1]),
        model.body_ipos[1].copy(),
        turn @ np.diag(model.body_inertia[1]) @ turn.T,
    )
