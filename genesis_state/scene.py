"""The scene: what a user builds, steps, saves and puts back."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any, Literal, overload

import numpy as np
import torch

from genesis_state import assembly, branching, checkpoint, scene_files, scene_views
from genesis_state.layout import StateLayout
from genesis_state.load_report import LoadReport
from genesis_state.recording.guard import Guard
from genesis_state.recording.history import History
from genesis_state.scene_declaration import Follower, SceneDeclaration
from genesis_state.scene_description import SceneDescription, describe
from genesis_state.scene_drawing import drawing_of
from genesis_state.scene_memory import SceneMemory
from genesis_state.scene_page import scene_page
from genesis_state.solvers.base import Solver
from genesis_state.solvers.continuum import step_all
from genesis_state.state import SimState
from genesis_state.transport import default_transport
from genesis_state.viewing.camera import Camera
from genesis_state.viewing.drawing import Drawing
from genesis_state.viewing.view import View


class Scene(SceneDeclaration):
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
            scene_views.show(self)

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
        if self._followers:
            self._memory.take_touched()  # what the step wrote itself
            for follower in self._followers:
                follower.after_step()

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

    # ---------------------------------------------------------------- show

    def describe(
        self, n_envs: int | None = None, ring: int | float | str | None = None
    ) -> SceneDescription:
        """What the scene keeps in memory, and what taking and putting back its state costs.

        Print the result, or let a notebook show it. The costs are measured, in 0.2 s to 1 s, on
        rows that belong to no solver; the scene is left as it is.

        Args:
            n_envs: Number of environments that totals and costs are for; by default this scene's.
            ring: States kept one after the other, with parameters, as `record` does: how many (an
                int), or into how much memory (such as "2GB") to fit them.

        Raises:
            ValueError: `n_envs` or `ring` is no such thing.
        """
        self._require_built()
        return describe(self, n_envs, ring)

    def _repr_html_(self) -> str:
        return scene_page(self)

    def view(
        self,
        states: SimState | Sequence[SimState] | None = None,
        env: int = 0,
        every: int | None = None,
        camera: Camera | None = None,
        host: str = "127.0.0.1",
        port: int = 8080,
    ) -> View:
        """An interactive view in three dimensions, in a notebook's cell or a browser.

        It shows one environment at a time, and copies what it shows: looking changes nothing. A
        view of the scene itself follows its steps, up to 30 times in a second; asking again gives
        the same view, up to date. Call it from the thread that steps the scene.

        Args:
            states: A state of this scene, or a recording, which gets a slider of time: `History`
                or any sequence of states. By default the scene as it runs.
            env: The environment to begin with.
            every: Shows each so many-th state of a recording; by default as many as make 500.
            camera: Where to look from; by default such that all is in sight.
            host: Where it is served. At "0.0.0.0" other machines see it too. A view that is open
                already stays where it is.
            port: The first port that is tried; likewise.

        Returns:
            The view. As the last line of a cell it shows itself; elsewhere open its `url`.

        Raises:
            ModuleNotFoundError: viser is not installed: pip install 'genesis-state[view]'.
            ValueError, TypeError, IndexError: States or environment do not fit the scene.
        """
        self._require_built()
        return scene_views.open_view(self, states, env, every, camera, host, port)

    def picture(
        self,
        path: str | os.PathLike[str] | None = None,
        state: SimState | None = None,
        env: int = 0,
        res: tuple[int, int] = (640, 480),
        camera: Camera | None = None,
    ) -> np.ndarray:
        """A picture, uint8 of shape (height, width, 3). It needs neither a screen nor an extra.

        Args:
            path: A PNG file to write, if any.
            state: A state of this scene; by default the scene as it is.
            env: The environment.
            res: Width and height [pixels].
            camera: Where to look from; by default such that all is in sight.

        Raises:
            ValueError, TypeError, IndexError: State, environment or size do not fit.
        """
        self._require_built()
        return scene_views.take_picture(self, path, state, env, res, camera)

    @cached_property
    def _drawing(self) -> Drawing:
        return drawing_of(self)

    # ---------------------------------------------------------------- history

    def record(
        self, every: int = 10, memory: float | str = "2GB", checksums: bool = True
    ) -> History:
        """Begins to keep what the scene does, so that it can be taken back; see `History`.

        Args:
            every: Steps between two keyframes. More take less memory and longer to go back to.
            memory: Bytes to use, a number or such as "2GB"; the oldest steps are forgotten first.
            checksums: Whether to take a checksum of every environment where each step begins, by
                which `gs.compare` tells runs apart.

        Returns:
            The history, a sequence of states. An earlier one of this scene ends.
        """
        self._require_built()
        return self._follow(History(self, every, memory, checksums))

    def _follow(self, history: History) -> History:
        if self.history is not None:
            self.history.stop()
        self.history = history
        self._followers.insert(0, history)  # before whoever would change what it is to keep
        return history

    def load_history(
        self, path: str | os.PathLike[str], every: int = 10, memory: float | str = "2GB"
    ) -> History:
        """Goes to the end of a history that was saved, from which it may be taken back and forth.

        Of the file only what is asked for is read; it has to stay as long as the history is used.

        Args:
            path: A file that `history.save` wrote, in a scene like this one.
            every, memory: As for `record`, of the steps to come.

        Returns:
            The history. An earlier one of this scene ends.

        Raises:
            ValueError: The file is damaged, holds no history, or is of another scene; nothing has
                been changed.
            OSError: There is no such file, or it cannot be read.
        """
        self._require_built()
        return self._follow(History.from_file(self, path, every, memory))

    def rewind(self, steps: int = 1) -> None:
        """Takes the scene back by a number of steps of its history, bit for bit.

        Commands and edits after that step are undone too. The steps that follow can still be gone
        to by `seek`, until the scene makes a step of its own.

        Raises:
            RuntimeError: `record` was not called.
            ValueError: So many steps are not kept; nothing has been changed.
        """
        self._require_history("rewind").rewind(steps)

    def seek(self, t: int) -> None:
        """Takes the scene to the step of its history at which its `t` was this, back or forth.

        Raises:
            RuntimeError: `record` was not called.
            ValueError: It is not kept; nothing has been changed.
        """
        self._require_history("seek").seek(t)

    def guard(
        self,
        folder: str | os.PathLike[str],
        keep: int = 20,
        predicate: Callable[[Scene], torch.Tensor] | None = None,
        restore: Literal["last_good", "initial"] | None = "last_good",
        most: int = 100,
    ) -> Guard:
        """Keeps the last steps of every environment that fails, and lets the others go on.

        An environment fails when a solver finds its state to be none any more (a number is not
        finite), when it has more contacts than there is room for, or when `predicate` says so. Its
        last steps go to a file of its own, which `gs.replay` and `genesis-state replay` run again
        in a scene of one environment.

        Args:
            folder: Where the files go; it is made when there is one.
            keep: Least number of steps that a file has, if there were so many; it may have twice
                as many.
            predicate: predicate(scene) gives bools of shape (n_envs,); called after each step.
            restore: What becomes of an environment that failed: "last_good" puts it back to where
                its file begins, "initial" to the end of `build`, None leaves it. Other
                environments are not touched.
            most: Files that are written at most.

        Returns:
            The guard, with `capsules`, the files written; `stop()` ends it.
        """
        self._require_built()
        guard = Guard(self, folder, keep, predicate, restore, most)
        self._followers.append(guard)
        return guard

    def _require_history(self, call: str) -> History:
        self._require_built()
        if self.history is None:
            raise RuntimeError(f"{call}: nothing is recorded; call scene.record() first.")
        return self.history

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
        for follower in self._followers:
            if isinstance(follower, View):
                follower.close()
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

    def _require_built(self) -> None:
        self._require_open()
        if not self._built:
            raise RuntimeError("the scene is not built; call build() first.")
