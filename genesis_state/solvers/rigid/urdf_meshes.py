"""Meshes that a URDF file names: where they are, and as assets that MuJoCo can use."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from urllib.parse import unquote

import mujoco
import numpy as np

from genesis_state.mesh_file import TriangleMesh, read_mesh
from genesis_state.solvers.rigid.mesh_asset import CONVEX, TELL_FROM, asset_of, hull_volume
from genesis_state.text import one_line

# Of its longest side, what lies flatter than the first has no hull, and is made the second thick.
FLAT = 1e-6
SLAB = 1e-2

# Less volume than this is MuJoCo's to refuse where it weighs a mesh [m^3].
LEAST_VOLUME = 1e-12


def find_mesh(file: str, folder: Path, mesh_dir: str = "") -> Path:
    """Finds a mesh by the path that a file has for it.

    `package://PACKAGE/path`, `model://MODEL/path`, `file:///path` and plain paths are looked up in
    the file's folder and then in each one above it; a folder that bears the package's name is the
    package. Last comes the bare name in the folder or in MuJoCo's `meshdir`, where the file names
    one.

    Raises:
        FileNotFoundError: It is nowhere.
    """
    scheme, _, rest = file.strip().replace("\\", "/").rpartition("://")
    rest = unquote(rest)
    parts = PurePosixPath(rest.lstrip("/") if scheme else rest).parts
    tried = []
    if scheme in ("", "file"):
        tried.append(Path(rest if rest.startswith("/") else folder / rest))
    for above in (folder, *folder.parents):
        if scheme in ("package", "model") and len(parts) > 1 and above.name == parts[0]:
            tried.append(above.joinpath(*parts[1:]))
        # Of an absolute path of another machine some end may be here.
        tried.append(above.joinpath(*(part for part in parts if part != "/")))
    bare = parts[-1] if parts else ""
    tried += [folder / mesh_dir / bare]
    for path in tried:
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"the mesh {file!r} is neither in {folder} nor in a folder above; put it there, or change "
        "its path in the file"
    )


class UrdfMeshes:
    """The meshes of one file, each read once and added to its model.

    Args:
        spec: The model.
        folder: Where the file is.
    """

    def __init__(self, spec: mujoco.MjSpec, folder: Path):
        self._spec = spec
        self._folder = folder
        self._names: dict[tuple[Path, tuple[float, ...]], str] = {}
        self._assets: dict[str, dict] = {}
        self.remarks: dict[str, list[str]] = {}

    def asset(self, file: str, scale: tuple[float, ...]) -> dict:
        """The asset of a mesh, which is in the model afterwards.

        Raises:
            ValueError: The file is missing or cannot be read, or has no extent.
        """
        try:
            path = find_mesh(file, self._folder, self._spec.meshdir)
        except FileNotFoundError as error:
            raise ValueError(str(error)) from None
        key = path.resolve(), tuple(scale)
        if key not in self._names:
            mesh = read_mesh(path, scale, z_up=True, metres=True)
            number, stem = 0, path.stem
            while (name := stem + (str(number - 1) if number else "")) in self._assets:
                number += 1
            asset = self._usable(name, path, mesh)
            self._spec.add_mesh(**asset)
            self._names[key], self._assets[name] = name, asset
        return self._assets[self._names[key]]

    def _usable(self, name: str, path: Path, mesh: TriangleMesh) -> dict:
        """A mesh as an asset that has a convex hull."""
        asset = asset_of(name, mesh)
        try:
            if _flatness(mesh.vertices) < FLAT:
                raise ValueError("it is flat")
            hull = hull_volume(asset)
        except ValueError as error:
            try:
                asset = _slab(name, mesh)
                hull_volume(asset)
            except ValueError:
                raise ValueError(f"{path} has no convex hull: {one_line(error)}") from None
            self.remarks.setdefault(
                "flat meshes touch others as slabs behind their faces", []
            ).append(path.name)
            return asset
        if mesh.volume is not None and hull > (1 + TELL_FROM) * mesh.volume:
            self.remarks.setdefault(
                "meshes that are not convex touch others with their hulls", []
            ).append(f"{path.name}, {hull / mesh.volume:.3g} times its volume")
        if mesh.volume is not None and not _weighs(asset, mesh.volume):
            asset["inertia"] = CONVEX
        return asset


def _weighs(asset: dict, volume: float) -> bool:
    """Whether MuJoCo finds the inertia of a closed mesh."""
    if volume < LEAST_VOLUME:
        return False
    spec = mujoco.MjSpec()
    spec.add_mesh(**asset)
    spec.worldbody.add_body().add_geom(
        type=mujoco.mjtGeom.mjGEOM_MESH, meshname=asset["name"], density=1.0
    )
    try:
        spec.compile()
    except ValueError:
        return False
    return True


def _flatness(points: np.ndarray) -> float:
    """How high points lie over the plane that fits them best, in parts of their longest side."""
    spread = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    return float(spread[2] / spread[0]) if len(spread) == 3 and spread[0] > 0 else 0.0


def _slab(name: str, mesh: TriangleMesh) -> dict:
    """A flat mesh with the room behind its faces."""
    points, faces = mesh.vertices, mesh.faces
    a, b, c = (points[faces[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a).sum(axis=0)
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1).sum()
    side = float(np.ptp(points, axis=0).max())
    if area < FLAT * side**2:
        raise ValueError("it has no area")
    if np.linalg.norm(normal) < FLAT * area:
        # Faces on both sides: either is as good.
        normal = np.linalg.svd(points - points.mean(axis=0))[2][2]
    behind = points - normal / np.linalg.norm(normal) * SLAB * side
    return {
        "name": name,
        "uservert": np.concatenate([points, behind]).ravel(),
        "userface": np.concatenate([faces, faces[:, ::-1] + len(points)]).ravel(),
        "inertia": CONVEX,
    }
