"""What a scene consists of for the eye, and where it all is at one moment.

A `Drawing` is made once of a scene. A `Frame` is what a state says of one moment, for all
environments; `Drawing.pose` gives the shapes of one environment in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from genesis_state import geom
from genesis_state.viewing.mesh import Mesh, creases

LINKS_POS, LINKS_QUAT = "RigidSolver.links_pos", "RigidSolver.links_quat"
Color = tuple[float, float, float]  # red, green, blue as a screen has them, 0 to 1


class State(Protocol):
    """What is asked of a state: a variable's tensor by its key, shape (n_envs, …), and its step."""

    t: int

    def __getitem__(self, which: str) -> Any: ...


@dataclass(frozen=True)
class Part:
    """A shape that a link carries.

    Attributes:
        name: What it is, such as "franka/hand".
        link: The link's place among all of the scene; -1 for what the world carries.
        mesh: In the link's frame.
        color: Its colour.
        opacity: 1 for what nothing shines through.
    """

    name: str
    link: int
    mesh: Mesh
    color: Color
    opacity: float = 1.0


@dataclass(frozen=True)
class Ground:
    """An endless plane: where z is 0 in a link's frame.

    Attributes:
        link: The link's place among all of the scene; -1 for the world.
        pos, quat: The plane's frame in that of the link.
    """

    link: int
    pos: np.ndarray
    quat: np.ndarray


@dataclass(frozen=True)
class Cloud:
    """Particles.

    Attributes:
        name: Their entity.
        solver: Their solver, as keys of a state begin.
        columns: Which of its particles they are.
        radius: How large they are drawn [m].
        color: Their colour.
    """

    name: str
    solver: str
    columns: slice
    radius: float
    color: Color


@dataclass(frozen=True)
class Skin:
    """A surface whose vertices are particles or vertices of a solver.

    Attributes:
        name: Its entity.
        solver: Its solver, as keys of a state begin.
        columns: Which of the solver's points are its own.
        faces: Triangles of those, shape (n_faces, 3).
        rest: Where they were to begin with: says where the surface has edges.
        color: Its colour.
        closed: Whether it has an inside, which is never seen.
        active: Which of the entries of the solver's "active" are its own.
        faces_of: Faces where not all of these are active, for given flags.
    """

    name: str
    solver: str
    columns: slice
    faces: np.ndarray
    rest: np.ndarray
    color: Color
    closed: bool
    active: slice
    faces_of: Callable[[np.ndarray], np.ndarray] = field(repr=False)

    @cached_property
    def _cut(self) -> tuple[np.ndarray, np.ndarray]:
        return creases(self.rest, self.faces)

    def mesh(self, points: np.ndarray, active: np.ndarray) -> Mesh:
        """The surface, its points being there."""
        origin, faces = self._cut if active.all() else creases(self.rest, self.faces_of(active))
        return Mesh(points[origin], faces)


@dataclass(frozen=True)
class Frame:
    """What a state says of one moment: the variables that are drawn, copied.

    Attributes:
        arrays: By key of the state, shape (n_envs, …).
        t: The scene's step.
    """

    arrays: dict[str, np.ndarray]
    t: int

    @property
    def n_envs(self) -> int:
        """Number of environments."""
        return len(next(iter(self.arrays.values())))

    @property
    def nbytes(self) -> int:
        """What it takes."""
        return sum(array.nbytes for array in self.arrays.values())


@dataclass(frozen=True)
class Pose:
    """Where all is in one environment at one moment.

    Attributes:
        links_pos, links_quat: Of each link, shape (n_links, 3) and (n_links, 4).
        clouds: Positions of active particles of each cloud, shape (n, 3).
        skins: The surface of each skin.
    """

    links_pos: np.ndarray
    links_quat: np.ndarray
    clouds: tuple[np.ndarray, ...]
    skins: tuple[Mesh, ...]

    def frame_of(self, link: int) -> tuple[np.ndarray, np.ndarray]:
        """Position and orientation of a link; of the world, if it is -1."""
        if link < 0:
            return geom.zero_pos(), geom.identity_quat()
        return self.links_pos[link], self.links_quat[link]


@dataclass(frozen=True)
class Drawing:
    """All that is drawn of a scene.

    Attributes:
        parts, grounds, clouds, skins: What there is.
        dt: Duration of a step [s].
    """

    parts: tuple[Part, ...]
    grounds: tuple[Ground, ...]
    clouds: tuple[Cloud, ...]
    skins: tuple[Skin, ...]
    dt: float

    @property
    def keys(self) -> list[str]:
        """The variables of a state that are drawn."""
        found = dict.fromkeys(
            f"{item.solver}.{name}" for item in (*self.clouds, *self.skins)
            for name in ("pos", "active")
        )  # fmt: skip
        links = [LINKS_POS, LINKS_QUAT] if self.parts or self.grounds else []
        return [*links, *found]

    def frame(self, state: State) -> Frame:
        """Copies what is drawn out of a state."""
        arrays = {}
        for key in self.keys:
            values = state[key].detach().cpu().numpy()
            arrays[key] = values.astype(bool if values.dtype == bool else np.float32)
        return Frame(arrays, state.t)

    def pose(self, frame: Frame, env: int) -> Pose:
        """Where all is in one environment."""
        none = np.zeros((0, 3)), np.zeros((0, 4))
        links = (frame.arrays[LINKS_POS][env], frame.arrays[LINKS_QUAT][env])
        clouds, skins = [], []
        for cloud in self.clouds:
            points = frame.arrays[f"{cloud.solver}.pos"][env, cloud.columns]
            active = frame.arrays[f"{cloud.solver}.active"][env, cloud.columns]
            clouds.append(points[active & np.isfinite(points).all(axis=1)])
        for skin in self.skins:
            points = frame.arrays[f"{skin.solver}.pos"][env, skin.columns]
            active = frame.arrays[f"{skin.solver}.active"][env, skin.active]
            skins.append(skin.mesh(points, active))
        return Pose(*(links if LINKS_POS in frame.arrays else none), tuple(clouds), tuple(skins))

    def bounds(self, frames: Iterable[Frame], env: int) -> tuple[np.ndarray, np.ndarray]:
        """The corners of a box around all but the ground, shape (3,) each [m]."""
        found = []
        for frame in frames:
            pose = self.pose(frame, env)
            for part in self.parts:
                mesh = part.mesh.moved(*pose.frame_of(part.link))
                found += [mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)]
            for points in (*pose.clouds, *(mesh.vertices for mesh in pose.skins)):
                if len(points):
                    # A few particles that flew off are no reason to look from far away.
                    found += list(np.percentile(points, (1, 99), axis=0))
        points = np.array(found or [[-0.5, -0.5, 0.0], [0.5, 0.5, 0.5]])
        points = points[np.isfinite(points).all(axis=1)]
        return points.min(axis=0), points.max(axis=0)
