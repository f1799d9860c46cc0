"""Shapes and model files that `scene.add_entity` takes, each with where it starts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields
from numbers import Integral, Real
from pathlib import Path
from typing import ClassVar

import numpy as np

from genesis_state.geom import euler_to_quat
from genesis_state.options import Options, Vector

MESH_SUFFIXES = (".obj", ".stl", ".ply", ".off", ".glb", ".gltf", ".dae")
# Formats whose convention is that y points up.
Y_UP_SUFFIXES = (".glb", ".gltf")

ASSETS = Path(__file__).parent / "assets"

# Paths that Genesis scripts use, and our own model of the same robot or ground. MuJoCo reads either
# format whatever a file is called, and in URDF there is no plane.
ALIASES = {
    "xml/franka_emika_panda/panda.xml": "franka.xml",
    "urdf/plane/plane.urdf": "plane.xml",
}


def find_file(file: str | os.PathLike[str]) -> Path:
    """Finds a model or mesh file: as given, or else among the models that this package ships.

    A relative path is looked up in the working directory first. Genesis' paths of its Franka, its
    ground and its cloth find our own models of them: `franka.xml`, `plane.xml` and
    `meshes/cloth.obj`.

    Raises:
        FileNotFoundError: It is in neither place.
    """
    path = Path(file)
    if path.is_file():
        return path.resolve()
    if not path.is_absolute():
        shipped = ASSETS / ALIASES.get(path.as_posix(), path)
        if shipped.is_file():
            return shipped
    names = sorted(p.relative_to(ASSETS).as_posix() for p in ASSETS.rglob("*") if p.is_file())
    raise FileNotFoundError(
        f"{os.fspath(file)!r} is neither in {Path.cwd()} nor in {ASSETS}, which has "
        f"{', '.join(name for name in names if name.endswith(('.xml', '.urdf')))}."
    )


@dataclass(frozen=True, kw_only=True)
class Morph(Options):
    """Base of all morphs: where an entity starts.

    Attributes:
        pos: Position [m]. A model file is moved by it as a whole.
        quat: Orientation (w, x, y, z), normalized here. At most one of `quat` and `euler`.
        euler: Orientation as rotations about the fixed axes x, y, z in that order [degrees]. It is
            converted: afterwards `quat` holds the orientation and `euler` is None.
        visualization: Accepted for Genesis scripts, shows nothing.
        collision: Whether its geoms may touch anything.
        requires_jac_and_IK: Accepted for Genesis scripts; inverse kinematics is always there.
    """

    pos: Vector = (0.0, 0.0, 0.0)
    quat: Vector | None = None
    euler: Vector | None = None
    visualization: bool = True
    collision: bool = True
    requires_jac_and_IK: bool = True

    # Parameters that concern only what is drawn. The scene says once that they show nothing.
    VISUAL_ONLY: ClassVar = (
        "visualization",
        "plane_size",
        "tile_size",
        "prioritize_urdf_material",
    )

    def __post_init__(self):
        if self.quat is not None and self.euler is not None:
            raise ValueError(
                f"{type(self).__name__}: quat and euler are both given, needs at most one of them."
            )
        self._vector("pos", 3, "three finite numbers in metres")
        if self.euler is not None:
            self._vector("euler", 3, "three finite angles in degrees")
            self._store("quat", tuple(euler_to_quat(self.euler).tolist()))
            self._store("euler", None)
        elif self.quat is not None:
            self._unit("quat", 4, "four finite numbers (w, x, y, z), not all zero")
        else:
            self._store("quat", (1.0, 0.0, 0.0, 0.0))
        for name in ("visualization", "collision", "requires_jac_and_IK"):
            self._flag(name)

    def _unit(self, name: str, size: int, needs: str) -> None:
        self._vector(name, size, needs)
        value = np.array(getattr(self, name))
        norm = float(np.linalg.norm(value))
        if norm < 1e-9:
            raise self._refuse(name, needs)
        # A unit vector keeps its digits: dividing twice must not move it.
        if abs(norm - 1.0) > 1e-15:
            self._store(name, tuple((value / norm).tolist()))

    def _suffix(self, file: object, *suffixes: str) -> str:
        """Checks that `file` is a path with one of these endings and returns which."""
        if not isinstance(file, (str, os.PathLike)):
            raise self._refuse("file", "a path")
        suffix = Path(file).suffix.lower()
        if suffix not in suffixes:
            raise self._refuse("file", f"a path that ends in {' or '.join(suffixes)}")
        return suffix

    def visual_only(self) -> list[str]:
        """Names of the visual parameters that were set away from their default."""
        default = {f.name: f.default for f in fields(self) if f.default is not MISSING}
        return [n for n in self.VISUAL_ONLY if n in default and getattr(self, n) != default[n]]


@dataclass(frozen=True, kw_only=True)
class Nowhere(Morph):
    """No shape: particles that are inactive until an emitter or the user places them.

    Attributes:
        n_particles: How many there are.
    """

    n_particles: int

    def __post_init__(self):
        super().__post_init__()
        self._count("n_particles")
        if self.pos != (0.0, 0.0, 0.0) or self.quat != (1.0, 0.0, 0.0, 0.0):
            name = "pos" if self.quat == (1.0, 0.0, 0.0, 0.0) else "quat"
            raise self._refuse(name, "to be left out: its particles are nowhere to begin with")


@dataclass(frozen=True, kw_only=True)
class FileMorph(Morph):
    """Base of morphs that read a model file.

    Attributes:
        file: Path of the model, see `find_file`.
        scale: Factor of all lengths of the model, of its places, shapes, ranges of slides and
            tendons and margins; masses grow with its cube, inertias with its fifth power. Forces,
            gains, springs, damping and armature stay what they are. It does not scale `pos`.
        default_armature: Rotor inertia for the joints that state none [kg m^2 or kg]; None leaves
            the model as it is.
    """

    file: str | os.PathLike[str]
    scale: float = 1.0
    default_armature: float | None = None

    SUFFIX: ClassVar = ""

    def __post_init__(self):
        super().__post_init__()
        self._suffix(self.file, self.SUFFIX)
        self._number("scale", "a positive factor", above=0)
        if self.default_armature is not None:
            self._number("default_armature", "an inertia that is not negative", least=0)


@dataclass(frozen=True, kw_only=True)
class MJCF(FileMorph):
    """A model in MuJoCo's XML format; the file says which of its bodies are free."""

    SUFFIX: ClassVar = ".xml"


@dataclass(frozen=True, kw_only=True)
class URDF(FileMorph):
    """A model in URDF format. No link is merged into another, also across fixed joints.

    Its meshes are of any format of `MESH_SUFFIXES`, z up as Genesis takes them, and touch others
    with their convex hulls. Paths of meshes may be relative to the file or to a folder above it, or
    begin with `package://`, `model://` or `file://`. A joint that mimics another is tied to it by
    an equality constraint. What cannot be as the file has it is put right, and said in the log:

    - A link without `<inertial>` weighs what its collision shapes do. Where nothing that is fixed
      together has mass and it moves, the first link gets that of its collision shapes, or else of
      its visual ones, or else 1 g.
    - An inertia that is not positive is replaced by that of the link's shapes, with the file's
      mass. One in which a principal moment exceeds the sum of the other two is cut to that sum.
    - A flat mesh is a slab behind its faces. A visual shape that cannot be read is left out; all
      of them are, unless the file asks MuJoCo's compiler for `discardvisual="false"`.
    - Numbers that are missing at the end of `xyz`, `rpy` or a limit are 0; a joint whose limits
      are equal, or a lower one above the upper, has none.

    Attributes:
        fixed: Whether the base is fixed to the world; otherwise it floats.
        merge_fixed_links: Only False, Genesis' other value is not supported.
        links_to_keep: Accepted for Genesis scripts: all links are kept, and these must exist.
        prioritize_urdf_material: Accepted for Genesis scripts, shows nothing.
    """

    fixed: bool = False
    merge_fixed_links: bool = False
    links_to_keep: Sequence[str] = ()
    prioritize_urdf_material: bool = False

    SUFFIX: ClassVar = ".urdf"

    def __post_init__(self):
        super().__post_init__()
        self._flag("fixed")
        self._flag("prioritize_urdf_material")
        if self.merge_fixed_links is not False:
            raise self._refuse("merge_fixed_links", "False: links are never merged")
        self._store("links_to_keep", tuple(self.links_to_keep))


@dataclass(frozen=True, kw_only=True)
class Primitive(Morph):
    """Base of morphs that are one geom.

    Attributes:
        fixed: Whether it is fixed to the world; otherwise it moves freely.
        contype: Bits that say which kind of thing it is, 0 to 0xFFFFFFFF. Two geoms may touch if
            the contype of one and the conaffinity of the other share a bit.
        conaffinity: Bits of the kinds that it touches.
        maxvolume: Most volume of a tetrahedron [m^3], for matter that is made of them. None, which
            may be written as -1 too, lets the solver choose.
    """

    fixed: bool = False
    contype: int = 0xFFFF
    conaffinity: int = 0xFFFF
    maxvolume: float | None = None

    def __post_init__(self):
        super().__post_init__()
        self._flag("fixed")
        for name in ("contype", "conaffinity"):
            bits = getattr(self, name)
            whole = isinstance(bits, Integral) and not isinstance(bits, bool)
            if not whole or not 0 <= int(bits) < 2**32:
                raise self._refuse(name, "an integer from 0 to 0xFFFFFFFF")
            self._store(name, int(bits))
        if self.maxvolume == -1:
            self._store("maxvolume", None)
        if self.maxvolume is not None:
            self._number("maxvolume", "a positive volume in m^3", above=0)


@dataclass(frozen=True, kw_only=True)
class Box(Primitive):
    """A box, by `pos` and `size` or by two corners.

    Attributes:
        size: Edge lengths [m].
        lower: Corner with the smallest coordinates [m]; goes with `upper`. The two are converted:
            afterwards `pos` and `size` hold the box and both are None.
        upper: Corner with the largest coordinates [m].
    """

    size: Vector | None = None
    lower: Vector | None = None
    upper: Vector | None = None

    def __post_init__(self):
        super().__post_init__()
        corners = self.lower is not None, self.upper is not None
        if corners == (True, True) and self.size is None:
            self._vector("lower", 3, "three finite numbers in metres")
            self._vector("upper", 3, "three finite numbers in metres")
            lower, upper = np.array(self.lower), np.array(self.upper)
            if not (upper > lower).all():
                raise self._refuse("upper", f"to lie above lower={self.lower} on every axis")
            if self.pos != (0.0, 0.0, 0.0):
                raise self._refuse("pos", "to be left out where lower and upper place the box")
            self._store("pos", tuple(((lower + upper) / 2).tolist()))
            self._store("size", tuple((upper - lower).tolist()))
            self._store("lower", None)
            self._store("upper", None)
        elif corners == (False, False) and self.size is not None:
            self._vector("size", 3, "three positive lengths in metres", above=0)
        else:
            raise ValueError("Box: needs either size, or both lower and upper.")


@dataclass(frozen=True, kw_only=True)
class Sphere(Primitive):
    """A ball.

    Attributes:
        radius: Radius [m].
    """

    radius: float = 0.5

    def __post_init__(self):
        super().__post_init__()
        self._number("radius", "a positive length in metres", above=0)


@dataclass(frozen=True, kw_only=True)
class Upright(Primitive):
    """Base of shapes that are round about z.

    Attributes:
        radius: Radius [m].
        height: Length along z [m].
    """

    radius: float = 0.5
    height: float = 1.0

    def __post_init__(self):
        super().__post_init__()
        self._number("radius", "a positive length in metres", above=0)
        self._number("height", "a positive length in metres", above=0)


@dataclass(frozen=True, kw_only=True)
class Capsule(Upright):
    """A cylinder with round ends, along z.

    Attributes:
        height: Length of the cylindrical part, without the ends [m].
    """


@dataclass(frozen=True, kw_only=True)
class Cylinder(Upright):
    """A cylinder with flat ends, along z.

    Attributes:
        height: Length between the ends [m].
    """


@dataclass(frozen=True, kw_only=True)
class Mesh(Primitive):
    """A body in the shape of a mesh read from a file, several meshes taken as one.

    Its link's frame is the file's. A closed mesh weighs what its volume does, any other what its
    convex hull would.

    Attributes:
        file: Path of the mesh, see `find_file`; it ends in one of `MESH_SUFFIXES`.
        scale: Factor of all lengths, or three for x, y and z.
        convexify: Whether it touches others with its convex hull, which fills its dents and holes.
            False takes only a mesh that is closed and convex. None is True.
        decimate: Only False: a mesh is never simplified.
        file_meshes_are_zup: Whether z points up in the file. Otherwise y does, and the mesh is
            turned upright: (x, y, z) becomes (x, -z, y) before it is scaled. None is False for
            .glb and .gltf, whose convention is y, and True for the others.
    """

    file: str | os.PathLike[str]
    scale: float | Vector = 1.0
    convexify: bool | None = None
    decimate: bool = False
    file_meshes_are_zup: bool | None = None

    def __post_init__(self):
        super().__post_init__()
        suffix = self._suffix(self.file, *MESH_SUFFIXES)
        if isinstance(self.scale, Real):
            self._number("scale", "a positive factor, or three", above=0)
            self._store("scale", (self.scale,) * 3)
        self._vector("scale", 3, "a positive factor, or three", above=0)
        if self.convexify is None:
            self._store("convexify", True)
        self._flag("convexify")
        if self.decimate is not False:
            raise self._refuse("decimate", "False: a mesh is never simplified")
        if self.file_meshes_are_zup is None:
            self._store("file_meshes_are_zup", suffix not in Y_UP_SUFFIXES)
        self._flag("file_meshes_are_zup")


@dataclass(frozen=True, kw_only=True)
class Plane(Primitive):
    """An infinite ground plane, always fixed.

    Attributes:
        normal: Direction out of the ground, normalized here. It turns the plane before `quat`.
        plane_size: Accepted for Genesis scripts, shows nothing.
        tile_size: Accepted for Genesis scripts, shows nothing.
    """

    fixed: bool = True
    normal: Vector = (0.0, 0.0, 1.0)
    plane_size: Vector = (1e3, 1e3)
    tile_size: Vector = (1.0, 1.0)

    def __post_init__(self):
        super().__post_init__()
        if not self.fixed:
            raise self._refuse("fixed", "True: a plane cannot move")
        self._unit("normal", 3, "three finite numbers, not all zero")
        self._vector("plane_size", 2, "two positive lengths in metres", above=0)
        self._vector("tile_size", 2, "two positive lengths in metres", above=0)
