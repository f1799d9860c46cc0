"""What a user declares of a scene before it is built."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, cast, overload

from genesis_state import assembly, morphs, sensors
from genesis_state.entities.entity import Entity
from genesis_state.entities.rigid_entity import RigidEntity
from genesis_state.entities.rigid_sensors import RigidSensorReader
from genesis_state.materials import FEM, MPM, PBD, SPH, Rigid
from genesis_state.options import (
    FEMOptions,
    MPMOptions,
    Options,
    PBDOptions,
    ProfilingOptions,
    RigidOptions,
    SimOptions,
    SPHOptions,
    ViewerOptions,
    VisOptions,
)
from genesis_state.runtime import logger, require
from genesis_state.solvers.base import Solver

if TYPE_CHECKING:
    from genesis_state.entities.emitter import Emitter
    from genesis_state.entities.fem_entity import FEMEntity
    from genesis_state.entities.mpm_entity import MPMEntity
    from genesis_state.entities.pbd_entity import (
        PBD2DEntity,
        PBD3DEntity,
        PBDFreeParticleEntity,
        PBDParticleEntity,
    )
    from genesis_state.entities.sph_entity import SPHEntity
    from genesis_state.recording.history import History
    from genesis_state.scene import Scene
    from genesis_state.viewing.camera import Camera


class Follower(Protocol):
    """What a scene tells of each of its steps."""

    def edited(self, touched: Mapping[str, list[str]]) -> None: ...
    def before_step(self) -> None: ...
    def after_step(self) -> None: ...


class SceneDeclaration:
    """Base of a scene: its options, and what is in it."""

    def __init__(
        self,
        *,
        sim_options: SimOptions | None = None,
        rigid_options: RigidOptions | None = None,
        mpm_options: MPMOptions | None = None,
        sph_options: SPHOptions | None = None,
        pbd_options: PBDOptions | None = None,
        fem_options: FEMOptions | None = None,
        viewer_options: ViewerOptions | None = None,
        vis_options: VisOptions | None = None,
        profiling_options: ProfilingOptions | None = None,
        show_viewer: bool = False,
        show_FPS: bool = False,
        renderer: Any = None,
    ):
        self.sim_options = sim_options or SimOptions()
        self.rigid_options = rigid_options or RigidOptions()
        self.mpm_options = mpm_options or MPMOptions()
        self.sph_options = sph_options or SPHOptions()
        self.pbd_options = pbd_options or PBDOptions()
        self.fem_options = fem_options or FEMOptions()
        continua = (self.mpm_options, self.sph_options, self.pbd_options, self.fem_options)
        for options in (self.rigid_options, *continua):
            if options.dt is not None and options.dt != self.sim_options.dt:
                raise ValueError(
                    f"{type(options).__name__}: dt is {options.dt}, SimOptions has "
                    f"{self.sim_options.dt}; leave it out, its solver takes the scene's."
                )
        self._runtime = require()
        self._runtime.users.add(self)
        self.closed = False
        self.t = 0
        self.n_envs = 0
        self.entities: list[Any] = []  # each of its kind
        self.emitters: list[Emitter] = []
        self.sensors: list[RigidSensorReader] = []
        self.solvers: list[Solver] = []
        self._followers: list[Follower] = []
        self._complained: list[Solver] = []
        self.history: History | None = None
        self._built = False
        self._show_viewer = show_viewer
        self._first_camera = self._camera_of(viewer_options) if viewer_options else None
        shown = {
            "vis_options": vis_options,
            "profiling_options": profiling_options,
            "show_FPS": show_FPS,
            "renderer": renderer,
        }
        self._says_nothing_is_shown([name for name, value in shown.items() if value])

    # ---------------------------------------------------------------- declare

    @overload
    def add_entity(
        self,
        morph: morphs.Morph,
        material: Rigid | None = None,
        surface: Any = None,
        visualize_contact: bool = False,
        vis_mode: str | None = None,
        name: str | None = None,
    ) -> RigidEntity: ...
    @overload
    def add_entity(
        self,
        morph: morphs.Morph,
        material: MPM.Base,
        surface: Any = None,
        visualize_contact: bool = False,
        vis_mode: str | None = None,
        name: str | None = None,
    ) -> MPMEntity: ...
    @overload
    def add_entity(
        self,
        morph: morphs.Morph,
        material: SPH.Liquid,
        surface: Any = None,
        visualize_contact: bool = False,
        vis_mode: str | None = None,
        name: str | None = None,
    ) -> SPHEntity: ...
    @overload
    def add_entity(
        self,
        morph: morphs.Morph,
        material: PBD.Cloth,
        surface: Any = None,
        visualize_contact: bool = False,
        vis_mode: str | None = None,
        name: str | None = None,
    ) -> PBD2DEntity: ...
    @overload
    def add_entity(
        self,
        morph: morphs.Morph,
        material: PBD.Elastic,
        surface: Any = None,
        visualize_contact: bool = False,
        vis_mode: str | None = None,
        name: str | None = None,
    ) -> PBD3DEntity: ...
    @overload
    def add_entity(
        self,
        morph: morphs.Morph,
        material: PBD.Liquid,
        surface: Any = None,
        visualize_contact: bool = False,
        vis_mode: str | None = None,
        name: str | None = None,
    ) -> PBDParticleEntity: ...
    @overload
    def add_entity(
        self,
        morph: morphs.Morph,
        material: PBD.Particle,
        surface: Any = None,
        visualize_contact: bool = False,
        vis_mode: str | None = None,
        name: str | None = None,
    ) -> PBDFreeParticleEntity: ...
    @overload
    def add_entity(
        self,
        morph: morphs.Morph,
        material: FEM.Elastic,
        surface: Any = None,
        visualize_contact: bool = False,
        vis_mode: str | None = None,
        name: str | None = None,
    ) -> FEMEntity: ...
    def add_entity(
        self,
        morph: morphs.Morph,
        material: Options | None = None,
        surface: Any = None,
        visualize_contact: bool = False,
        vis_mode: str | None = None,
        name: str | None = None,
    ) -> Entity[Any, Any]:
        """Adds a robot, a body or matter that is not rigid.

        Args:
            morph: Its shape, such as `gs.morphs.MJCF(file="franka.xml")`.
            material: What it is made of: `gs.materials.Rigid()`, the default; one of
                `gs.materials.MPM`, `SPH`, `PBD` and `FEM`, which fill a Box, Sphere, Cylinder,
                Capsule or closed Mesh; or `PBD.Cloth`, which takes any Mesh as it is.
            surface: Such as `gs.surfaces.Default(color=(0.2, 0.5, 0.9))`: the colour in views and
                pictures, red, green, blue from 0 to 1. All else of it shows nothing.
            visualize_contact, vis_mode: Taken for Genesis scripts; they show nothing.
            name: A name unique in the scene; by default the kind and the order, such as "box_2".
        """
        self._require_unbuilt("add_entity", "entities")
        entity = assembly.entity_of(self._scene, morph, material, name)
        entity.surface = surface
        shown = {
            "visualize_contact": visualize_contact,
            "vis_mode": vis_mode,
            **dict.fromkeys(morph.visual_only(), True),
        }
        self._says_nothing_is_shown([key for key, value in shown.items() if value])
        self.entities.append(entity)
        return entity

    def add_emitter(
        self,
        material: MPM.Base | SPH.Liquid | PBD.Liquid | PBD.Particle,
        max_particles: int = 20000,
        surface: Any = None,
    ) -> Emitter:
        """Adds a nozzle that lets out particles while the scene runs.

        Args:
            material: What they are made of: one of `gs.materials.MPM`, `SPH.Liquid`,
                `PBD.Liquid` or `PBD.Particle`.
            max_particles: How many there are; then the first ones are taken again.
            surface: See `add_entity`.
        """
        self._require_unbuilt("add_emitter", "emitters")
        emitter = assembly.emitter_of(self._scene, material, max_particles)
        emitter.entity.surface = surface
        self.entities.append(emitter.entity)
        self.emitters.append(emitter)
        return emitter

    def add_sensor(self, sensor_options: sensors.RigidSensor) -> RigidSensorReader:
        """Adds a sensor to a rigid entity that was added before.

        Args:
            sensor_options: What it measures and where it sits, such as
                `gs.sensors.IMU(entity_idx=robot.idx)`. A link or site that is not there is
                refused by `build`.

        Returns:
            The sensor, with `read(envs_idx=None)`.
        """
        self._require_unbuilt("add_sensor", "sensors")
        reader = assembly.sensor_of(self._scene, sensor_options)
        self.sensors.append(reader)
        return reader

    def add_solver(self, solver: Solver) -> Solver:
        """Adds a solver of the user's own, built, stepped, saved and reset with the others."""
        self._require_unbuilt("add_solver", "solvers")
        if not isinstance(solver, Solver):
            raise TypeError(f"add_solver: {type(solver).__name__} is not a gs.Solver; derive it.")
        if isinstance(solver, assembly.own_solvers()):
            raise ValueError(
                f"add_solver: {type(solver).__name__} is made by build; add entities of its "
                "material with add_entity."
            )
        if any(solver.alias() == other.alias() for other in self.solvers):
            raise ValueError(f"add_solver: there is a {type(solver).__name__} already.")
        self.solvers.append(solver)
        return solver

    def get_entity(self, name: str) -> Any:
        """The entity of that name."""
        for entity in self.entities:
            if entity.name == name:
                return entity
        known = ", ".join(entity.name for entity in self.entities) or "none"
        raise KeyError(f"there is no entity {name!r}; the scene has {known}.")

    # ---------------------------------------------------------------- inside

    @staticmethod
    def _camera_of(options: ViewerOptions) -> Camera | None:
        from genesis_state.scene_views import camera_of  # imports all that it takes to show a scene

        return camera_of(options)

    @property
    def _scene(self) -> Scene:
        return cast("Scene", self)

    def _require_open(self) -> None:
        if self.closed:
            raise RuntimeError("the scene is closed; build a new one.")
        if not self._runtime.alive:
            raise RuntimeError("Taichi was restarted since this scene was made; make a new one.")

    def _require_built(self) -> None:
        self._require_open()
        if not self._built:
            raise RuntimeError("the scene is not built; call build() first.")

    def _require_unbuilt(self, call: str, what: str) -> None:
        self._require_open()
        if self._built:
            raise RuntimeError(f"{call}: the scene is built; add {what} before build().")

    @staticmethod
    def _says_nothing_is_shown(names: list[str]) -> None:
        fresh = [name for name in names if name not in _unseen]
        if fresh:
            _unseen.update(fresh)
            logger.warning("%s: taken for compatibility, nothing is shown.", ", ".join(fresh))


_unseen: set[str] = set()
