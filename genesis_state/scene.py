"""The scene: what a user builds, steps, saves and puts back."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any, Literal, overload

import torch

from genesis_state import assembly, branching, checkpoint, scene_files
from genesis_state.layout import StateLayout
from genesis_state.load_report import LoadReport
from genesis_state.runtime import logger
from genesis_state.scene_declaration import Follower
from genesis_state.scene_history import SceneHistory
from genesis_state.scene_memory import SceneMemory
from genesis_state.scene_shown import SceneShown
from genesis_state.solvers.base import Solver
from genesis_state.solvers.continuum import step_all
from genesis_state.state import SimState
from genesis_state.transport import default_transport

ASKED = 64  # steps until solvers are asked again what is amiss; fewer at first


class Scene(SceneShown, SceneHistory):
    """A batch of environments that share one model and differ in state.

    Args:
        sim_options: Time step, gravity, transport of state.
        rigid_options, mpm_options, sph_options, pbd_options, fem_options: Settings of the solvers.
        show_viewer: Whether `build` opens the view and says its address; see `view`.
        viewer_options: Where views and pictures look from, if `camera_pos` is among them.
        vis_options, profiling_options, show_FPS, renderer: Taken so that Genesis scripts run; they
            show nothing, and the log says so once.

    Attributes:
        t: Steps since the scene's state was new.
        entities: What was added, in order; what an emitter emits is an entity too.
        emitters: Emitters that were added, in order.
        sensors: Sensors that were added, in order.
        solvers: The solvers, once built.
        n_envs: Number of environments, at least 1.
    """

    # ---------------------------------------------------------------- build

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
        if self._show_viewer:
            self._show_itself()

    # ---------------------------------------------------------------- run

    def step(self) -> None:
        """Moves every environment forward by `dt`."""
        self._require_built()
        if self._followers:
            self._tell_edits()
            for follower in self._followers:
                follower.before_step()
        step_all(self.solvers, self.substeps)
        self._memory.tick()
        self.t += 1
        if not (self.t & (self.t - 1) and self.t % ASKED):  # early and then now and then
            self._log_complaints()
        if self._followers:
            self._memory.take_touched()  # what the step wrote itself
            for follower in self._followers:
                follower.after_step()

    def _log_complaints(self) -> None:
        for solver in self.solvers:
            if solver not in self._complained and (said := solver.complaint()):
                self._complained.append(solver)
                logger.warning("%s", said)

    def _tell_edits(self, but: Follower | None = None) -> None:
        """Tells followers what was written since they were told last."""
        touched = self._memory.take_touched()
        for follower in self._followers:
            if follower is not but and touched:
                follower.edited(touched)

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
        if name.endswith("_solver") and not self.__dict__.get("_built"):
            raise AttributeError(f"Scene has no {name!r} yet; its solvers are made by build().")
        raise AttributeError(f"Scene has no {name!r}.")

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

    def copy_envs(self, src: Any, dst: Any, params: bool = True) -> None:
        """Makes environments copies of others: dst[k] of src[k], or all of `dst` of a single one.

        All of `src` is read before anything is written, so that environments may trade places.
        `envs_t` goes with them; `t` stays.

        Args:
            src: Environments, in any form that `envs_idx` has; some may be named several times.
            dst: Environments, each named once.
            params: Whether the parameters are copied as well.

        Raises:
            TypeError, ValueError, IndexError: The two do not fit; nothing has been changed.
        """
        self._require_built()
        self._memory.copy(src, dst, params)

    def branch(self) -> AbstractContextManager[None]:
        """Whatever happens within it is undone at its end, exceptions or not.

            with scene.branch():
                scene.step()  # and back

        State, parameters and clocks of all environments come back bit for bit. Branches nest.
        """
        return branching.branch(self)

    def rollout(
        self, controls: Any, state: SimState | None = None, record: Sequence[str] = ()
    ) -> dict[str, torch.Tensor]:
        """Steps under given controls, tells what came of it, and puts everything back.

        Args:
            controls: The controls of each step t in [0, T). A tensor or array of shape
                (T, n_envs, n_actuators) goes to the actuators of all entities in their order, as in
                `mujoco.rollout`; without the middle axis they are the same for all environments.
                A dict gives, by the method that takes them, such as `robot.control_dofs_position`,
                values of length T, the t-th of which that method gets before step t.
            state: Where it begins, as `reset` takes it, with its parameters if it carries them; by
                default the scene as it is.
            record: Keys of variables, such as "RigidSolver.qpos".

        Returns:
            For each key the variable after each step, shape (T, n_envs, …).

        Raises:
            TypeError, ValueError, KeyError: Controls, state or keys do not fit; nothing has been
                changed.
        """
        return branching.rollout(self, controls, state, record)

    # ---------------------------------------------------------------- files

    @overload
    def save_checkpoint(
        self,
        path: str | os.PathLike[str],
        metadata: Mapping[str, Any] | None = None,
        block: Literal[True] = True,
    ) -> None: ...

    @overload
    def save_checkpoint(
        self,
        path: str | os.PathLike[str],
        metadata: Mapping[str, Any] | None = None,
        *,
        block: Literal[False],
    ) -> checkpoint.Saving: ...

    def save_checkpoint(
        self,
        path: str | os.PathLike[str],
        metadata: Mapping[str, Any] | None = None,
        block: bool = True,
    ) -> checkpoint.Saving | None:
        """Writes everything a later run needs to go on exactly: state, memory and parameters.

        The file is the old one or the new one, never a part. `.pkl` is a pickled dict of
        "timestamp", "step_index" and "arrays", which plain pickle and NumPy can open;
        `.safetensors` is what other programs map into memory, `.npz` what `np.load` opens.

        Args:
            path: The file; its suffix names the format.
            metadata: Plain values of your own to keep in the manifest, under "metadata".
            block: Whether to return when the file is on the disk. Otherwise the state is copied
                and written while the scene steps on; at most two saves are under way, a third
                waits for the first.

        Returns:
            With `block=False` the save under way: `wait()`, `done()`, `exception()`. An error that
            nobody asked for is raised by the next such save; the end of the program waits.

        Raises:
            TypeError, ValueError: The suffix names no format, or `metadata` is not plain.
            OSError: Nothing could be saved; what stood there is as it was.
        """
        self._require_built()
        return scene_files.save(self, path, metadata, block=block)

    @cached_property
    def _manifest(self) -> checkpoint.Manifest:
        return checkpoint.Manifest(scene_files.manifest(self))

    def load_checkpoint(
        self,
        path: str | os.PathLike[str],
        strict: bool = True,
        source_envs: Any = None,
        envs_idx: Any = None,
        convert_precision: bool = False,
    ) -> LoadReport:
        """Puts a checkpoint back in place; the scene goes on exactly where the saved one was.

        Without `source_envs` the file's rows go where those of a state go in `reset`. With it, the
        k-th chosen environment goes to the k-th of `envs_idx`, and a single one to all of them.

        Args:
            path: A file that `save_checkpoint` or `SimState.save` wrote.
            strict: Whether the file has to fit. Otherwise what fits by entity and variable is
                loaded, and all the rest gets the values that it had after `build`.
            source_envs: Environments of the file, in any form that `envs_idx` has; by default all.
            envs_idx: Environments to load into. With None `t` becomes the file's; otherwise it
                stays. `envs_t` follows the rows always.
            convert_precision: Whether numbers of 32 bits may become such of 64, or the reverse.

        Returns:
            What was loaded. A file that a state without parameters wrote leaves those of the
            scene as they are.

        Raises:
            ValueError: The file is damaged or does not fit; every difference is listed, and
                nothing has been changed.
            TypeError, IndexError: `source_envs` or `envs_idx` is no selection; likewise.
            OSError: There is no such file, or it cannot be read.
        """
        self._require_built()
        return scene_files.load(
            self,
            path,
            strict=strict,
            source_envs=source_envs,
            envs_idx=envs_idx,
            convert_precision=convert_precision,
        )

    # ---------------------------------------------------------------- end

    def close(self) -> None:
        """Frees the memory. States that were taken live on; everything else raises from now on."""
        if self.closed:
            return
        self.closed = True
        for view in self._open_views():
            view.close()
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
