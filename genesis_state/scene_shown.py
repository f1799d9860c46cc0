"""How a scene shows itself: what it costs, a page in notebooks, views and pictures."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from genesis_state.scene_declaration import SceneDeclaration
from genesis_state.state import SimState

if TYPE_CHECKING:
    from genesis_state.scene_description import SceneDescription
    from genesis_state.viewing.camera import Camera
    from genesis_state.viewing.drawing import Drawing
    from genesis_state.viewing.view import View


class SceneShown(SceneDeclaration):
    """Base of a scene. What it takes to show one is imported when it is first shown."""

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
        from genesis_state.scene_description import describe

        self._require_built()
        return describe(self._scene, n_envs, ring)

    def _repr_html_(self) -> str:
        from genesis_state.scene_page import scene_page

        return scene_page(self._scene)

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
        from genesis_state import scene_views

        self._require_built()
        return scene_views.open_view(self._scene, states, env, every, camera, host, port)

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
        from genesis_state import scene_views

        self._require_built()
        return scene_views.take_picture(self._scene, path, state, env, res, camera)

    @cached_property
    def _drawing(self) -> Drawing:
        from genesis_state.scene_drawing import drawing_of

        return drawing_of(self._scene)

    def _show_itself(self) -> None:
        from genesis_state import scene_views

        scene_views.show(self._scene)

    def _open_views(self) -> list[View]:
        if not self._followers:
            return []
        from genesis_state.viewing.view import View

        return [follower for follower in self._followers if isinstance(follower, View)]
