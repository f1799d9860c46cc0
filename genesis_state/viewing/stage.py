"""A drawing in the browser: what viser is told once, and what it is told at each moment."""

from __future__ import annotations

import atexit
import contextlib
import io
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from genesis_state import geom
from genesis_state.viewing.camera import Camera
from genesis_state.viewing.drawing import Cloud, Color, Drawing, Pose, Skin
from genesis_state.viewing.lighting import SUN
from genesis_state.viewing.mesh import Mesh
from genesis_state.viewing.shapes import ball
from genesis_state.viewing.solids import linear

if TYPE_CHECKING:
    import viser

MOST_BALLS = 20_000  # a cloud of more particles is drawn as dots


def server(host: str, port: int) -> viser.ViserServer:
    """A server at the first free port from that one on.

    Raises:
        ModuleNotFoundError: viser is not installed.
    """
    try:
        import viser
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "a view needs viser; pip install 'genesis-state[view]'.", name=error.name
        ) from error
    with contextlib.redirect_stdout(io.StringIO()):  # it greets with a table
        found = viser.ViserServer(host=host, port=port, verbose=False)
    _running.append(found)
    atexit.unregister(_stop_all)
    atexit.register(_stop_all)  # the last to be registered is the first: viser's is not as quiet
    found.gui.configure_theme(
        show_logo=False, show_share_button=False, control_width="small", brand_color=(60, 110, 160)
    )
    return found


def stop(server: viser.ViserServer) -> None:
    """Ends a server without a word."""
    _running.remove(server)
    with contextlib.redirect_stdout(io.StringIO()):
        server.stop()


_running: list[viser.ViserServer] = []


def _stop_all() -> None:
    for server in list(_running):
        stop(server)


def look(server: viser.ViserServer, camera: Camera) -> None:
    """Makes all browsers look from a camera, those to come and those that are there."""
    first = server.initial_camera
    first.position, first.look_at = np.array(camera.pos), np.array(camera.lookat)
    first.up, first.fov = np.array(camera.up), math.radians(camera.fov)
    for client in server.get_clients().values():
        with client.atomic():
            view = client.camera
            view.up_direction, view.fov = np.array(camera.up), math.radians(camera.fov)
            view.position, view.look_at = np.array(camera.pos), np.array(camera.lookat)


class Stage:
    """The nodes of a drawing in viser's scene."""

    def __init__(self, scene: viser.SceneApi, drawing: Drawing, pose: Pose):
        self._scene, self._drawing = scene, drawing
        self._frames: dict[int, viser.FrameHandle] = {}
        self._counts = [-1] * len(drawing.clouds)
        self._clouds: list[Any] = [None] * len(drawing.clouds)
        self._skins: list[Any] = [None] * len(drawing.skins)
        scene.set_up_direction("+z")
        scene.configure_environment_map(None)
        scene.configure_default_lights(enabled=False)
        scene.add_light_directional(
            "/sun", color=(255, 250, 240), intensity=2.6, cast_shadow=True, position=tuple(SUN)
        )
        scene.add_light_hemisphere(
            "/sky",
            sky_color=(235, 243, 255),
            ground_color=(190, 185, 180),
            intensity=1.7,
            position=(0.0, 0.0, 1.0),  # where the sky is
        )
        for link in sorted({item.link for item in (*drawing.parts, *drawing.grounds)}):
            self._frames[link] = scene.add_frame(f"/links/{link}", show_axes=False)
        for part in drawing.parts:
            scene.add_mesh_simple(
                f"/links/{part.link}/{part.name}",
                part.mesh.vertices,
                part.mesh.faces,
                color=part.color,
                opacity=part.opacity if part.opacity < 1 else None,
            )
        for i, ground in enumerate(drawing.grounds):
            scene.add_grid(
                f"/links/{ground.link}/ground_{i}",
                wxyz=ground.quat,
                position=ground.pos,
                infinite_grid=True,
                plane_color=(244, 246, 248),
                plane_opacity=1.0,
                cell_color=(222, 227, 233),
                section_color=(200, 207, 216),
                cell_size=0.1,
                section_size=1.0,
                fade_distance=12.0,
                shadow_opacity=0.25,
            )
        self.show(pose)

    def show(self, pose: Pose) -> None:
        """Moves everything to where it is now."""
        for link, frame in self._frames.items():
            pos, quat = pose.frame_of(link)
            if np.isfinite(pos).all() and np.isfinite(quat).all():
                frame.position, frame.wxyz = pos, geom.normalize(quat)
        for i, (cloud, points) in enumerate(zip(self._drawing.clouds, pose.clouds, strict=True)):
            self._show_cloud(i, cloud, points)
        for i, (skin, mesh) in enumerate(zip(self._drawing.skins, pose.skins, strict=True)):
            self._show_skin(i, skin, mesh)

    def _show_skin(self, i: int, skin: Skin, mesh: Mesh) -> None:
        handle = self._skins[i]
        if not np.isfinite(mesh.vertices).all():
            return  # it stays where it was last
        if handle is not None and np.array_equal(handle.faces, mesh.faces):
            handle.vertices = mesh.vertices
            return
        if handle is not None:
            handle.remove()
        self._skins[i] = None
        if len(mesh.faces):
            self._skins[i] = self._scene.add_mesh_simple(
                f"/skins/{skin.name}",
                mesh.vertices,
                mesh.faces,
                color=skin.color,
                # What is seen from both sides would throw shadows on itself, in spots.
                side="front" if skin.closed else "double",
                receive_shadow=skin.closed,
            )

    def _show_cloud(self, i: int, cloud: Cloud, points: np.ndarray) -> None:
        if len(points) == self._counts[i]:
            if len(points) > MOST_BALLS:
                self._clouds[i].points = points
            elif len(points):
                self._clouds[i].batched_positions = points
            return
        if self._clouds[i] is not None:
            self._clouds[i].remove()
        self._counts[i], self._clouds[i] = len(points), None
        if len(points):
            self._clouds[i] = self._new_cloud(cloud, points)

    def _new_cloud(self, cloud: Cloud, points: np.ndarray) -> Any:
        name = f"/clouds/{cloud.name}"
        if len(points) > MOST_BALLS:
            return self._scene.add_point_cloud(
                name,
                points,
                _bytes(cloud.color),
                point_size=2 * cloud.radius,
                point_shape="circle",
                precision="float32",
            )
        one = ball(cloud.radius)
        return self._scene.add_batched_meshes_simple(
            name,
            one.vertices,
            one.faces,
            np.tile(geom.identity_quat(), (len(points), 1)),
            points,
            # Instances have colours as light is added, all else as a screen has them.
            batched_colors=_bytes(linear(cloud.color)),
            lod="off",
            receive_shadow=False,
        )


def _bytes(color: Color | np.ndarray) -> np.ndarray:
    return np.round(255 * np.array(color)).astype(np.uint8)
