"""Views and pictures of a scene: what is read of states for them, and when."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from genesis_state.options import ViewerOptions
from genesis_state.runtime import logger
from genesis_state.state import SimState
from genesis_state.viewing.camera import Camera
from genesis_state.viewing.drawing import Frame
from genesis_state.viewing.picture import picture
from genesis_state.viewing.view import View

if TYPE_CHECKING:
    from genesis_state.scene import Scene

MOMENTS = 500  # of a recording that are shown, if nothing else is asked for
MEMORY = 4e9  # bytes that a view may keep
CHUNK = 2.5e8  # bytes of states that are asked for together: a history replays its steps once


def open_view(
    scene: Scene,
    states: SimState | Sequence[SimState] | None,
    env: int,
    every: int | None,
    camera: Camera | None,
    host: str,
    port: int,
) -> View:
    """See `Scene.view`."""
    drawing = scene._drawing
    if states is not None:
        frames = list(_frames(scene, states, every))
        return View(drawing, frames, env, camera or scene._first_camera, host, port)
    if every is not None:
        raise ValueError("view: every is for recordings; give states, or leave it out.")
    for follower in [*scene._followers]:
        if not isinstance(follower, View):
            continue
        if not follower.closed:
            follower.update()
            follower.env = env
            if camera is not None:
                follower.camera = camera
            return follower
        scene._followers.remove(follower)
    here = weakref.ref(scene)  # which holds the view

    def newest() -> Frame:
        scene = here()
        if scene is None or scene.closed:
            raise RuntimeError("view.update: its scene is gone or closed.")
        return drawing.frame(scene.get_state())

    view = View(drawing, [newest()], env, camera or scene._first_camera, host, port, newest)
    scene._followers.append(view)
    return view


def show(scene: Scene) -> None:
    """Opens the view of a scene that was asked to show itself, and says where."""
    try:
        logger.warning("%s", scene.view())
    except ModuleNotFoundError as error:
        logger.warning("show_viewer: nothing is shown: %s", error)


def take_picture(
    scene: Scene,
    path: str | os.PathLike[str] | None,
    state: SimState | None,
    env: int,
    res: tuple[int, int],
    camera: Camera | None,
) -> np.ndarray:
    """See `Scene.picture`."""
    state = scene.get_state() if state is None else state
    _require_fit(scene, state)
    frame = scene._drawing.frame(state)
    return picture(scene._drawing, frame, env, path, res, camera or scene._first_camera)


def camera_of(options: ViewerOptions) -> Camera | None:
    """Where Genesis' viewer options look from, if they say so."""
    given = {
        name: options.given[f"camera_{name}"]
        for name in ("pos", "lookat", "up", "fov")
        if f"camera_{name}" in options.given
    }
    return Camera(**given) if "pos" in given else None


def _frames(
    scene: Scene, states: SimState | Sequence[SimState], every: int | None
) -> Iterable[Frame]:
    if isinstance(states, SimState):
        states = [states]
    if not len(states):
        raise ValueError("view: the recording is empty; give at least one state.")
    if every is None:
        every = -(-len(states) // MOMENTS)
    if isinstance(every, bool) or not isinstance(every, int) or every < 1:
        raise ValueError(f"view: every is {every!r}, needs a number of states, 1 or more.")
    count = -(-len(states) // every)
    first = None
    for state in _each(states, every):
        _require_fit(scene, state)
        frame = scene._drawing.frame(state)
        if first is None:
            first = frame
            nbytes = count * frame.nbytes
            if nbytes > MEMORY:
                raise ValueError(
                    f"view: {count} moments of {frame.n_envs} environments take {nbytes / 1e9:.1f} "
                    "GB; give a larger every, or states of fewer environments, state[:10]."
                )
        elif frame.n_envs != first.n_envs:
            raise ValueError(
                f"view: states of {first.n_envs} and of {frame.n_envs} environments; give such of "
                "the same."
            )
        yield frame


def _each(states: Sequence[SimState], every: int) -> Iterator[SimState]:
    first = states[0]
    _require_state(first)
    stride = max(1, int(CHUNK / max(1, first.nbytes))) * every
    for start in range(0, len(states), stride):
        yield from states[start : start + stride : every]


def _require_state(state: SimState) -> None:
    if not isinstance(state, SimState):
        raise TypeError(f"view: a {type(state).__name__} among the states, needs SimStates alone.")


def _require_fit(scene: Scene, state: SimState) -> None:
    _require_state(state)
    if problems := scene.layout.differences(state.layout):
        raise ValueError("\n  ".join(["the state is not one of this scene:", *problems]))
