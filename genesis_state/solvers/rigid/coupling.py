"""Compiled rigid model → the geoms that particles and soft bodies touch, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import mujoco
import numpy as np

from genesis_state.kernels.geom_kinds import MESH, PLANE
from genesis_state.materials import Rigid
from genesis_state.solvers.rigid.hulls import Hull, mesh_hull
from genesis_state.solvers.rigid.model import RigidModel
from genesis_state.solvers.rigid.signature import geoms_digest
from genesis_state.solvers.rigid.unsupported import GEOMS

UNBOUNDED = 1e10  # half size of the box around a plane [m]


@dataclass(frozen=True)
class Coupling:
    """Geoms that continua touch; none in a scene without continua.

    Attributes:
        mj: The model.
        geoms: MuJoCo's numbers of them, shape (n_geoms,).
        friction: Coefficient of sliding friction of each.
        hulls: Hull of each of MuJoCo's meshes among them.
    """

    mj: mujoco.MjModel
    geoms: np.ndarray
    friction: np.ndarray
    hulls: dict[int, Hull] = field(init=False)

    def __post_init__(self):
        meshes = self.mj.geom_dataid[self.geoms[self.mj.geom_type[self.geoms] == MESH]]
        hulls = {int(mesh): mesh_hull(self.mj, int(mesh)) for mesh in np.unique(meshes)}
        object.__setattr__(self, "hulls", hulls)

    @property
    def types(self) -> frozenset[int]:
        """Their types, numbered as MuJoCo's."""
        return frozenset(int(kind) for kind in self.mj.geom_type[self.geoms])

    @property
    def n_faces(self) -> int:
        """Faces of all their hulls."""
        return sum(len(hull.faces) for hull in self.hulls.values())

    def constants(self) -> dict[str, np.ndarray]:
        """Value of every variable of role `model` of CouplingState."""
        mj, geoms = self.mj, self.geoms
        plane = (mj.geom_type[geoms] == PLANE)[:, None]
        first, faces = np.zeros((2, len(geoms)), dtype=int)
        starts, normals, offsets = {}, [np.zeros((0, 3))], [np.zeros(0)]
        for mesh, hull in self.hulls.items():
            starts[mesh] = sum(len(part) for part in offsets)
            normal = hull.normals / np.linalg.norm(hull.normals, axis=1, keepdims=True)
            normals.append(normal)
            offsets.append((hull.vertices @ normal.T).max(axis=0))
        for i, g in enumerate(geoms):
            if mj.geom_type[g] == MESH:
                mesh = int(mj.geom_dataid[g])
                first[i], faces[i] = starts[mesh], len(self.hulls[mesh].faces)
        return {
            "coupled_geom_id": geoms,
            "coupled_geom_body": mj.geom_bodyid[geoms],
            "coupled_geom_type": mj.geom_type[geoms],
            "coupled_geom_body_pos": mj.geom_pos[geoms],
            "coupled_geom_body_quat": mj.geom_quat[geoms],
            "coupled_geom_size": mj.geom_size[geoms],
            "coupled_geom_center": np.where(plane, 0.0, mj.geom_aabb[geoms, :3]),
            "coupled_geom_half": np.where(plane, UNBOUNDED, mj.geom_aabb[geoms, 3:]),
            "coupled_geom_first_face": first,
            "coupled_geom_n_faces": faces,
            "coupled_face_normal": np.concatenate(normals),
            "coupled_face_offset": np.concatenate(offsets),
        }

    def signature(self) -> tuple[tuple[str, str], ...]:
        """What states must agree on, as (key, value) pairs; none without continua."""
        if not len(self.geoms):
            return ()
        digest = geoms_digest(self.mj, self.geoms)
        return (("geoms that continua touch", f"{len(self.geoms)}, {digest}"),)


def coupling(model: RigidModel, materials: Sequence[Rigid], *, coupled: bool) -> Coupling:
    """Finds the geoms that continua touch: those that collide, of entities that ask for it.

    Args:
        model: The compiled model.
        materials: One for each of its entities.
        coupled: Whether the scene has continua.

    Raises:
        ValueError: The integrator, or the type of such a geom, cannot be coupled.
    """
    mj = model.mj
    if not coupled:
        return Coupling(mj, np.zeros(0, dtype=int), np.zeros(0))
    touching = (mj.geom_contype != 0) | (mj.geom_conaffinity != 0)
    owners = model.geom_entities()
    touching &= np.array([material.needs_coup for material in materials])[owners]
    geoms = np.flatnonzero(touching)
    for g in geoms:
        if (kind := mujoco.mjtGeom(mj.geom_type[g]).name) not in GEOMS:
            raise ValueError(
                f"geom {mj.geom(g).name!r}: particles and soft bodies cannot touch its type "
                f"{kind.removeprefix('mjGEOM_').lower()!r}; set needs_coup=False in its material."
            )
    if len(geoms) and mj.opt.integrator == mujoco.mjtIntegrator.mjINT_RK4:
        raise ValueError(
            "RigidOptions: integrator is RK4, and rigid bodies that particles or soft bodies touch "
            "need Euler or implicitfast; set RigidOptions(integrator=...), or needs_coup=False in "
            "every rigid material."
        )
    friction = np.array([material.coup_friction for material in materials])[owners[geoms]]
    return Coupling(mj, geoms, friction)
