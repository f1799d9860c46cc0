"""An interactive view in the browser: of a scene as it runs, of a state, of a recording."""

from __future__ import annotations

import html
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from genesis_state.viewing.camera import Camera
from genesis_state.viewing.drawing import Drawing, Frame
from genesis_state.viewing.picture import picture
from genesis_state.viewing.stage import Stage, look, server, stop

PORT = 8080  # or the first free one after it
RATE = 30.0  # frames in a second, at most
IDLE = 0.5  # seconds between updates while nobody looks
SPEEDS = ("0.1x", "0.25x", "0.5x", "1x", "2x", "4x")


class View:
    """A view of one environment at a time, served to browsers on this machine.

    Everything it shows was copied out of states, so looking changes nothing. In a notebook it
    shows itself as the last line of a cell; elsewhere open `view.url`.

    Args:
        drawing: What there is.
        frames: Moments, at least one.
        env: The environment that is shown first.
        camera: Where it is seen from first; by default such that all is in sight.
        host: The address it is served at. Others than this machine see it at "0.0.0.0".
        port: The first port that is tried.
        newest: For a view of a running scene: reads the moment that is to be shown.
    """

    def __init__(
        self,
        drawing: Drawing,
        frames: Sequence[Frame],
        env: int = 0,
        camera: Camera | None = None,
        host: str = "127.0.0.1",
        port: int = PORT,
        newest: Callable[[], Frame] | None = None,
    ):
        self._drawing, self._frames, self._newest = drawing, list(frames), newest
        self._index, self._env = 0, 0
        self._require_env(env)
        self._env = env
        self._lock = threading.RLock()
        self._player: threading.Thread | None = None
        self._closed = False
        self._next_update = 0.0
        ends = (self._frames[0], self._frames[-1])
        self._camera = camera or Camera.facing(*drawing.bounds(ends, env))
        self._server = server(host, port)
        with self._server.atomic():
            self._stage = Stage(self._server.scene, drawing, drawing.pose(ends[0], env))
            look(self._server, self._camera)
        self._add_controls()

    # ---------------------------------------------------------------- what is shown

    @property
    def url(self) -> str:
        """The address to open in a browser."""
        host = self._server.get_host()
        host = "localhost" if host in ("0.0.0.0", "::") else host
        return f"http://{host}:{self._server.get_port()}"

    @property
    def n_envs(self) -> int:
        """Number of environments to choose from."""
        return self._frames[self._index].n_envs

    @property
    def env(self) -> int:
        """The environment that is shown; assign to show another."""
        return self._env

    @env.setter
    def env(self, env: int) -> None:
        self._require_env(env)
        if self._env_slider is None or self._env_slider.value == env:
            self._show(self._index, env)
        else:
            self._env_slider.value = env  # which shows it

    @property
    def index(self) -> int:
        """Which moment of a recording is shown; assign to show another."""
        return self._index

    @index.setter
    def index(self, index: int) -> None:
        count = len(self._frames)
        if not -count <= index < count:
            raise IndexError(
                f"view.index is {index}, there are {count} moments; give 0 to {count - 1}."
            )
        self._seek(index % count)

    @property
    def camera(self) -> Camera:
        """Where browsers look from until somebody turns one; assign to turn them all."""
        return self._camera

    @camera.setter
    def camera(self, camera: Camera) -> None:
        self._require_open()
        self._camera = camera
        look(self._server, camera)

    def __len__(self) -> int:
        return len(self._frames)

    def play(self) -> None:
        """Lets a recording run, from its start when it is at its end."""
        if len(self._frames) < 2:
            raise ValueError("view.play: there is one moment only; view a recording.")
        self._set_playing(True)

    def pause(self) -> None:
        """Stops it where it is."""
        if self._player is not None:
            self._set_playing(False)

    def update(self) -> None:
        """Shows a running scene as it is now. Call it from the thread that steps the scene."""
        if self._newest is None:
            raise ValueError("view.update: this is a view of states, which do not change.")
        self._require_open()
        with self._lock:
            self._frames[0] = self._newest()
            self._show(0, self._env)
        pause = 1 / RATE if self._server.get_clients() else IDLE
        self._next_update = time.monotonic() + pause

    def before_step(self) -> None:
        """A scene calls it before each step."""

    def edited(self, touched: object) -> None:
        """A scene calls it before a step, and says what was written since the last one."""

    def after_step(self) -> None:
        """A scene calls it after each step: updates if it is time to."""
        if not self._closed and time.monotonic() >= self._next_update:
            self.update()

    def picture(
        self,
        path: str | os.PathLike[str] | None = None,
        res: tuple[int, int] = (640, 480),
        camera: Camera | None = None,
    ) -> np.ndarray:
        """A picture of what is shown, uint8 of shape (height, width, 3).

        Args:
            path: A PNG file to write, if any.
            res: Width and height [pixels].
            camera: Where it is seen from; by default from `camera`.
        """
        frame = self._frames[self._index]
        return picture(self._drawing, frame, self._env, path, res, camera or self._camera)

    # ---------------------------------------------------------------- end

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def close(self) -> None:
        """Stops serving it."""
        if not self._closed:
            self._closed = True
            stop(self._server)

    def __enter__(self) -> View:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        if self._closed:
            return "View(closed)"
        return f"View of {self._what()}; open {self.url} in a browser."

    def _repr_html_(self) -> str:
        if self._closed:
            return "<p>This view is closed.</p>"
        url = html.escape(self.url)
        return (
            f'<iframe src="{url}" width="100%" height="480" style="border:1px solid #ddd" '
            f'allow="fullscreen"></iframe><p>{html.escape(self._what())}, also at '
            f'<a href="{url}" target="_blank">{url}</a></p>'
        )

    # ---------------------------------------------------------------- inside

    def _what(self) -> str:
        kind = "the running scene" if self._newest else "a state"
        if len(self._frames) > 1:
            kind = f"a recording of {len(self._frames)} moments"
        return f"{kind}, {self.n_envs} environment{'s' * (self.n_envs > 1)}"

    def _require_open(self) -> None:
        if self._closed:
            raise RuntimeError("the view is closed; open another.")

    def _require_env(self, env: int) -> None:
        if isinstance(env, bool) or not isinstance(env, (int, np.integer)):
            raise TypeError(f"view: env is {env!r}, needs the index of an environment.")
        if not 0 <= env < self.n_envs:
            raise IndexError(
                f"view: env is {env}, there are {self.n_envs}; give 0 to {self.n_envs - 1}."
            )

    def _add_controls(self) -> None:
        gui, count = self._server.gui, len(self._frames)
        gui.set_panel_label("genesis_state")
        self._text = gui.add_markdown(self._caption())
        self._time_slider: Any = None
        self._env_slider: Any = None
        if count > 1:
            self._time_slider = gui.add_slider("moment", 0, count - 1, 1, 0)
            self._time_slider.on_update(
                lambda event: self._show(int(event.target.value), self._env)
            )
            self._button = gui.add_button("Play")
            self._button.on_click(lambda _: self._set_playing(self._player is None))
            self._speed = gui.add_dropdown("speed", SPEEDS, initial_value="1x")
        if self.n_envs > 1:
            self._env_slider = gui.add_slider("environment", 0, self.n_envs - 1, 1, self._env)
            self._env_slider.on_update(
                lambda event: self._show(self._index, int(event.target.value))
            )

    def _caption(self) -> str:
        t = self._frames[self._index].t
        return f"**{t * self._drawing.dt:.3f} s**, step {t}"

    def _show(self, index: int, env: int) -> None:
        self._require_open()
        with self._lock, self._server.atomic():
            self._index, self._env = index, env
            self._stage.show(self._drawing.pose(self._frames[index], env))
            self._text.content = self._caption()

    def _seek(self, index: int) -> None:
        if self._time_slider is None or self._time_slider.value == index:
            self._show(index, self._env)
        else:
            self._time_slider.value = index  # which shows it

    def _set_playing(self, on: bool) -> None:
        self._require_open()
        if on == (self._player is not None):
            return
        if on and self._index == len(self._frames) - 1:
            self._seek(0)
        self._player = threading.Thread(target=self._play_on, daemon=True) if on else None
        self._button.label = "Pause" if on else "Play"
        if self._player is not None:
            self._player.start()

    def _play_on(self) -> None:
        """Moves on through a recording as fast as it happened, in a thread of its own."""
        times = np.array([frame.t for frame in self._frames]) * self._drawing.dt
        if (np.diff(times) <= 0).any():
            times = np.arange(len(times)) / 10  # moments in no order of time: ten in a second
        index, moment, clock = self._index, times[self._index], time.monotonic()
        while self._player is threading.current_thread() and not self._closed:
            time.sleep(1 / RATE)
            if self._index != index:
                moment = times[self._index]  # somebody moved the slider
            now = time.monotonic()
            moment, clock = moment + (now - clock) * float(self._speed.value.rstrip("x")), now
            index = int(np.searchsorted(times, moment, side="right")) - 1
            if index != self._index:
                self._seek(index)
            if index == len(times) - 1:
                self._set_playing(False)
