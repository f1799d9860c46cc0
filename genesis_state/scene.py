"""The scene: what a user builds, steps, saves and puts back."""

from __future__ import annotations

import os
from typing import Any, overload

import torch

from genesis_state import assembly, checkpoint, morphs, sensors
from genesis_state.entities.emitter import Emitter
from genesis_state.entities.mpm_entity import MPMEntity
from genesis_state.entities.rigid_entity import RigidEntity
from genesis_state.entities.rigid_sensors import RigidSensorReader
from genesis_state.layout import StateLayout
from genesis_state.materials import MPM, Rigid
from genesis_state.options import MPMOptions, RigidOptions, SimOptions, ViewerOptions, VisOptions
from genesis_state.runtime import logger, require
from genesis_state.scene_memory import SceneMemory
from genesis_state.solvers.base import Solver
from genesis_state.solvers.continuum import step_all
from genesis_state.state import SimState
from genesis_state.transport import default_transport
from genesis_state.version import __version__

FORMAT = 1  # of the manifest in a checkpoint


class Scene:
    """A batch of environments that share one model and differ in state.

    Args:
        sim_options: Time step, gravity, transport of state.
        rigid_options, mpm_options: Settings of the solvers.
        viewer_options, vis_options, show_viewer, show_FPS, renderer: Taken so that Genesis
            scripts run; they show nothing, and the log says so once.

    Attributes:
        t: Steps since the scene's state was new.
        entities: What was added, in order; what an emitter emits is an entity too.
        emitters: Emitters that were added, in order.
        sensors: Sensors that were added, in order.
        solvers: The solvers, once built.
        n_envs: Number of environments, at least 1.
    """

    def __init__(
        self,
        *,
        sim_options: SimOptions | None = None,
        rigid_options: RigidOptions | None = None,
        mpm_options: MPMOptions | None = None,
        viewer_options: ViewerOptions | None = None,
        vis_options: VisOptions | None = None,
        show_viewer: bool = False,
        show_FPS: bool = False,
        renderer: Any = None,
    ):
        self.sim_options = sim_options or SimOptions()
        self.rigid_options = rigid_options or RigidOptions()
        self.mpm_options = mpm_options or MPMOptions()
        for options in (self.rigid_options, self.mpm_options):
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
        self._built = False
        shown = {
            "viewer_options": viewer_options,
            "vis_options": vis_options,
            "show_viewer": show_viewer,
            "show_FPS": show_FPS,
            "renderer": renderer,
        }
        self._says_nothing_is_shown([name for name, value in shown.items() if value])

    # ---------------------------------------------------------------- declare and build

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
    def add_entity(
        self,
        morph: morphs.Morph,
        material: Rigid | MPM.Base | None = None,
        surface: Any = None,
        visualize_contact: bool = False,
        vis_mode: str | None = None,
        name: str | None = None,
    ) -> RigidEntity | MPMEntity:
        """Adds a robot, a body or matter made of particles.

        Args:
            morph: Its shape, such as `gs.morphs.MJCF(file="franka.xml")`.
            material: What it is made of: `gs.materials.Rigid()`, the default, or one of
                `gs.materials.MPM`, which fills a Box, Sphere, Cylinder, Capsule or Mesh.
            surface, visualize_contact, vis_mode: Taken for Genesis scripts; they show nothing.
            name: A name unique in the scene; by default the kind and the order, such as "box_2".
        """
        self._require_unbuilt("add_entity", "entities")
        entity = assembly.entity_of(self, morph, material, name)
        shown = {
            "surface": surface,
            "visualize_contact": visualize_contact,
            "vis_mode": vis_mode,
            **dict.fromkeys(morph.visual_only(), True),
        }
        self._says_nothing_is_shown([key for key, value in shown.items() if value])
        self.entities.append(entity)
        return entity

    def add_emitter(
        self, material: MPM.Base, max_particles: int = 20000, surface: Any = None
    ) -> Emitter:
        """Adds a nozzle that lets out particles while the scene runs.

        Args:
            material: What they are made of, one of `gs.materials.MPM`.
            max_particles: How many there are; then the first ones are taken again.
            surface: Taken for Genesis scripts; it shows nothing.
        """
        self._require_unbuilt("add_emitter", "emitters")
        emitter = assembly.emitter_of(self, material, max_particles)
        self._says_nothing_is_shown(["surface"] if surface else [])
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
        reader = assembly.sensor_of(self, sensor_options)
        self.sensors.append(reader)
        return reader

    def add_solver(self, solver: Solver) -> Solver:
        """Adds a solver of the user's own, built, stepped, saved and reset with the others."""
        self._require_unbuilt("add_solver", "solvers")
        if not isinstance(solver, Solver):
            raise TypeError(f"add_solver: {type(solver).__name__} is not a gs.Solver; derive it.")
        if isinstance(solver, assembly.OWN):
            raise ValueError(
                f"add_solver: {type(solver).__name__} is made by build; add entities of its "
                "material with add_entity."
            )
        if any(solver.alias() == other.alias() for other in self.solvers):
            raise ValueError(f"add_solver: there is a {type(solver).__name__} already.")
        self.solvers.append(solver)
        return solver

    def build(
        self,
        n_envs: int = 0,
        env_spacing: Any = None,
        n_envs_per_row: int | None = None,
        center_envs_at_origin: bool = True,
    ) -> None:
        """Compiles the model and allocates all memory.

        Args:
            n_envs: Number of environments. 0 is one environment whose getters and setters have
                no axis for it; states and fields keep that axis, of length 1.
            env_spacing, n_envs_per_row, center_envs_at_origin: Taken for Genesis scripts. Every
                environment simulates in its own frame; they would only move pictures.
        """
        self._require_open()
        if self._built:
            raise RuntimeError("build: the scene is built already; make a new Scene.")
        if isinstance(n_envs, bool) or not isinstance(n_envs, int) or n_envs < 0:
            raise ValueError(f"build: n_envs is {n_envs!r}, needs an integer that is 0 or more.")
        shown = {"env_spacing": env_spacing, "n_envs_per_row": n_envs_per_row}
        self._says_nothing_is_shown([key for key, value in shown.items() if value is not None])
        rows = max(1, n_envs)
        solvers = [*assembly.solvers_of(self), *self.solvers]
        built: list[Solver] = []
        try:
            for solver in solvers:
                built.append(solver)
                solver.build(rows, self.sim_options, self._runtime)
        except BaseException:
            for solver in built:
                solver.close()
            raise
        self.solvers = solvers
        self.n_envs = rows
        self.batched = n_envs > 0
        transport = self.sim_options.state_transport or default_transport(self._runtime)
        self._memory = SceneMemory(solvers, rows, self._runtime, transport)
        self._built = True
        self._initial = self.get_state(params=True)

    # ---------------------------------------------------------------- run

    def step(self) -> None:
        """Moves every environment forward by `dt`."""
        self._require_built()
        step_all(self.solvers, self.substeps)
        self._memory.tick()
        self.t += 1

    @property
    def dt(self) -> float:
        """Duration of one step [s]."""
        return self.sim_options.dt

    @property
    def substeps(self) -> int:
        """Solver steps in one step."""
        return self.sim_options.substeps

    @property
    def envs_t(self) -> torch.Tensor:
        """Steps since each environment's state was new, shape (n_envs,)."""
        self._require_built()
        return self._memory.envs_t()

    @property
    def layout(self) -> StateLayout:
        """Where the bytes of this scene's states are."""
        self._require_built()
        return self._memory.layout

    @property
    def device(self) -> torch.device:
        """Where states and readings live."""
        return self._runtime.device

    @property
    def is_built(self) -> bool:
        """Whether build() has been called."""
        return self._built

    def __getattr__(self, name: str) -> Any:
        # scene.rigid_solver, scene.mpm_solver, …, and those of a user's own solvers
        for solver in self.__dict__.get("solvers", ()):
            if name == f"{solver.alias()}_solver":
                return solver
        raise AttributeError(f"Scene has no {name!r}.")

    def get_entity(self, name: str) -> Any:
        """The entity of that name."""
        for entity in self.entities:
            if entity.name == name:
                return entity
        known = ", ".join(entity.name for entity in self.entities) or "none"
        raise KeyError(f"there is no entity {name!r}; the scene has {known}.")

    # ---------------------------------------------------------------- state

    def get_state(self, out: SimState | None = None, params: bool = False) -> SimState:
        """A copy of the state of every environment.

        Args:
            out: A state of this scene to fill instead of allocating one.
            params: Whether to carry the parameters that may be randomized; an `out` that has
                them gets them.
        """
        self._require_built()
        state = self._memory.read(out, params)
        state.t = self.t
        return state

    def reset(
        self, state: SimState | None = None, envs_idx: Any = None, params: bool = False
    ) -> None:
        """Puts a state back, into every environment or some.

        A state with n_envs rows gives row e to environment e; one with as many rows as there are
        selected environments gives row k to the k-th selected; one with a single row gives it to
        all selected. A tie is read the first way.

        Args:
            state: The state; by default that at the end of `build`.
            envs_idx: Environments: None for all, indices, or a mask of length n_envs. With None
                `t` becomes the state's; otherwise it stays. `envs_t` follows the rows always.
            params: Whether to put the parameters back as well.

        Raises:
            TypeError, ValueError, IndexError: The state or the selection does not fit; nothing
                has been changed.
        """
        self._require_built()
        source = self._initial if state is None else state
        self._memory.write(source, envs_idx, params)
        if envs_idx is None:
            self.t = source.t

    # ---------------------------------------------------------------- files

    def save_checkpoint(self, path: str | os.PathLike[str]) -> None:
        """Writes everything a later run needs to go on exactly: state, memory and parameters.

        The file is the old one or the new one, never a part. `.pkl` is a pickled dict of
        "timestamp", "step_index" and "arrays", which plain pickle and NumPy can open.
        """
        state = self.get_state(params=True)
        manifest = {
            "format": FORMAT,
            "library": __version__,
            "backend": self._runtime.backend.value,
            "precision": self._runtime.precision,
            "layout": self.layout.to_dict(),
            "settings": dict(self._settings()),
        }
        checkpoint.write(path, state.arrays(), step_index=self.t, manifest=manifest)

    def load_checkpoint(self, path: str | os.PathLike[str]) -> None:
        """Puts a checkpoint back in place; the scene goes on exactly where the saved one was.

        Raises:
            ValueError: The file is damaged or of another scene; every difference is listed, and
                nothing has been changed.
        """
        self._require_built()
        found = checkpoint.read(path)
        problems: list[str] = []
        if "layout" in found.manifest:
            try:
                layout = StateLayout.from_dict(found.manifest["layout"])
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{path}: its layout cannot be read: {error}") from None
            problems += self.layout.differences(layout, "this scene", "the checkpoint")
        if "settings" in found.manifest:
            wanted = dict(self._settings())
            problems += checkpoint.differences(found.manifest["settings"], wanted)
        if not problems:
            try:
                state = SimState.from_arrays(
                    self.layout, found.arrays, found.step_index, params=True
                )
            except ValueError as error:
                problems.append(str(error))
            else:
                if state.n_envs == self.n_envs:
                    self.reset(state=state, params=True)
                    return
                problems.append(
                    f"the checkpoint has {state.n_envs} environments, this scene has "
                    f"{self.n_envs}; build with n_envs={state.n_envs}."
                )
        raise ValueError(f"{path} does not fit this scene:\n  " + "\n  ".join(problems))

    def _settings(self) -> list[tuple[str, str]]:
        step = ("scene step", f"{self.dt:.9g} s in {self.substeps} substeps")
        return [step, *(pair for solver in self.solvers for pair in solver.settings())]

    # ---------------------------------------------------------------- end

    def close(self) -> None:
        """Frees the memory. States that were taken live on; everything else raises from now on."""
        if self.closed:
            return
        self.closed = True
        for solver in self.solvers:
            solver.close()
        if self._built:
            self._memory.close()

    def __del__(self) -> None:
        if "solvers" in self.__dict__ and not self.closed:
            self.close()

    def __repr__(self) -> str:
        if self.closed:
            return "Scene(closed)"
        names = ", ".join(entity.name for entity in self.entities)
        return f"Scene(entities=[{names}], n_envs={self.n_envs}, t={self.t})"

    def _require_open(self) -> None:
        if self.closed:
            raise RuntimeError("the scene is closed; build a new one.")
        if not self._runtime.alive:
            raise RuntimeError("Taichi was restarted since this scene was made; make a new one.")

    def _require_unbuilt(self, call: str, what: str) -> None:
        self._require_open()
        if self._built:
            raise RuntimeError(f"{call}: the scene is built; add {what} before build().")

    def _require_built(self) -> None:
        self._require_open()
        if not self._built:
            raise RuntimeError("the scene is not built; call build() first.")

    @staticmethod
    def _says_nothing_is_shown(names: list[str]) -> None:
        fresh = [name for name in names if name not in _unseen]
        if fresh:
            _unseen.update(fresh)
            logger.warning("%s: taken for compatibility, nothing is shown.", ", ".join(fresh))


_unseen: set[str] = set()
