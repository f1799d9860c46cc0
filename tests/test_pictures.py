"""Pictures: what they show is where it is, in front of what is behind it, in its colour."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import all_matter
import mujoco
import numpy as np
import pytest
from PIL import Image

import genesis_state as gs
from genesis_state.viewing.camera import Camera
from genesis_state.viewing.drawing import Drawing, Pose
from genesis_state.viewing.geoms import rigid_parts
from genesis_state.viewing.mesh import creased
from genesis_state.viewing.rasterizer import Projection, Screen
from genesis_state.viewing.shapes import box, ellipsoid
from genesis_state.viewing.solids import solids_of

WIDTH, HEIGHT = 160, 120

EVERY_SHAPE = """
<mujoco>
  <asset>
    <mesh name="wedge" vertex="0 0 0  .3 0 0  0 .3 0  .3 .3 0  0 0 .3  0 .3 .3"/>
  </asset>
  <worldbody>
    <geom type="plane" size="2 2 1" pos="0 0 -0.3"/>
    <body pos="0 0 0" euler="10 20 30">
      <geom type="box" size=".1 .15 .2" pos="-.6 -.3 0"/>
      <geom type="sphere" size=".16" pos="-.2 -.4 .1"/>
      <geom type="capsule" size=".08 .15" pos=".2 -.3 0" euler="40 0 0"/>
    </body>
    <body pos="0 .4 .1" euler="0 50 0">
      <geom type="cylinder" size=".12 .15" pos="-.3 0 .2"/>
      <geom type="ellipsoid" size=".2 .1 .15" pos=".2 .3 .2"/>
      <geom type="mesh" mesh="wedge" pos="0 -.2 -.2"/>
      <geom type="box" size=".5 .5 .5" group="3"/>
    </body>
  </worldbody>
</mujoco>
"""


@pytest.mark.parametrize(
    "camera",
    [Camera((1.2, -1.6, 1.0)), Camera((-0.6, 0.1, 0.5), lookat=(0.1, 0.0, 0.0), fov=100)],
    ids=["from afar", "among them"],
)
def test_a_picture_has_at_each_pixel_what_a_ray_meets_first(camera: Camera) -> None:
    model = mujoco.MjModel.from_xml_string(EVERY_SHAPE)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    parts, _ = rigid_parts(model, np.zeros(model.ngeom, dtype=int), ["all"], [(1, 0, 0)])
    solids = solids_of(
        Drawing(tuple(parts), (), (), (), 0.01), Pose(data.xpos[1:], data.xquat[1:], (), ())
    )
    scale = HEIGHT / 2 / np.tan(np.radians(camera.fov / 2))
    view = Projection(WIDTH, HEIGHT, scale, near=0.01)
    screen = Screen(view)
    screen.triangles(camera.seen(solids.corners), np.arange(len(solids.corners)), solids.opacity)
    forward = np.where(screen.item >= 0, view.forward(np.minimum(screen.depth, 0.999)), np.inf)

    row, column = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    rays = np.stack(((column - WIDTH / 2) / scale, (row - HEIGHT / 2) / scale, 1 + 0 * row), -1)
    rays = (rays @ camera.axes).reshape(-1, 3)
    lengths = np.linalg.norm(rays, axis=1)
    groups, met, distance = np.array([1, 1, 1, 0, 0, 0], dtype=np.uint8), np.zeros(1, np.int32), []
    for ray, length in zip(rays, lengths, strict=True):
        found = mujoco.mj_ray(
            model, data, np.array(camera.pos), ray / length, groups, 1, -1, met
        )  # fmt: skip
        distance.append(found / length if found >= 0 else np.inf)
    wanted = np.array(distance).reshape(HEIGHT, WIDTH)

    np.testing.assert_array_less((np.isfinite(wanted) != np.isfinite(forward)).mean(), 0.005)
    both = np.isfinite(wanted) & np.isfinite(forward)
    assert both.mean() > 0.25
    off = np.abs(forward[both] - wanted[both])
    assert np.quantile(off, 0.97) < 0.004, "but for outlines, where a round shape is a polygon"
    assert np.median(off) < 5e-4


def test_a_ball_covers_its_circle_and_is_round() -> None:
    view = Projection(200, 200, scale=400.0, near=0.1)
    screen = Screen(view)
    screen.balls(np.array([[0.0, 0.0, 2.0]]), np.array([0.4]), np.array([7]))
    assert set(np.unique(screen.item)) == {-1, 7}
    assert (screen.item == 7).sum() == pytest.approx(np.pi * 80**2, rel=2e-3)
    assert view.forward(screen.depth[100, 100]) == pytest.approx(1.6, abs=1e-3)
    assert view.forward(screen.depth[100, 100 + 48]) == pytest.approx(1.68, abs=2e-3)


def test_half_of_what_is_behind_shines_through_half_opaque_things() -> None:
    square = np.array(
        [[[-1.0, -1, 1], [1, -1, 1], [1, 1, 1]], [[-1, -1, 1], [1, 1, 1], [-1, 1, 1]]]
    )
    screen = Screen(Projection(64, 64, scale=100.0, near=0.1))
    screen.triangles(square + np.array([0, 0, 1]), np.array([0, 0]), np.ones(2))
    screen.triangles(square, np.array([1, 1]), np.full(2, 0.5))
    assert (screen.item == 1).mean() == 0.5


def test_edges_stay_sharp_and_round_shapes_round() -> None:
    assert len(box(np.ones(3)).vertices) == 24
    ball = ellipsoid(np.ones(3))
    assert len(creased(ball.vertices, ball.faces).vertices) == len(ball.vertices)


# ---------------------------------------------------------------- scenes

COLORS = {
    "sand": (1.0, 0.0, 0.0),
    "pool": (0.0, 1.0, 0.0),
    "jelly": (0.0, 0.0, 1.0),
    "drop": (1.0, 1.0, 0.0),
    "dust": (0.0, 1.0, 1.0),
    "cloth": (1.0, 0.0, 1.0),
}
ABOVE = Camera(pos=(0.0, -0.05, 2.0))


@pytest.fixture(scope="module")
def crowd() -> Iterator[gs.Scene]:
    scene = all_matter.crowd()
    for name, color in COLORS.items():
        scene.get_entity(name).surface = gs.surfaces.Default(color=color)
    scene.build(n_envs=2)
    yield scene
    scene.close()


def shown(image: np.ndarray, entity: Any, env: int) -> np.ndarray:
    """The colour of the picture in the middle of an entity, 0 to 1."""
    points = entity.get_particles_pos()[env].double().numpy()
    seen = ABOVE.seen(points)
    height, width = image.shape[:2]
    scale = height / 2 / np.tan(np.radians(ABOVE.fov / 2))
    x, y = (scale * seen[:, :2] / seen[:, 2:]).mean(axis=0) + np.array([width, height]) / 2
    return image[int(y) - 2 : int(y) + 3, int(x) - 2 : int(x) + 3].mean(axis=(0, 1)) / 255


def test_every_kind_of_matter_is_seen_where_it_is_in_its_colour(crowd: gs.Scene) -> None:
    crowd.reset()
    crowd.get_entity("pool").set_position((0.25, 0.0, 0.06), envs_idx=[1])
    for env in (0, 1):
        image = crowd.picture(env=env, res=(160, 160), camera=ABOVE)
        for name, color in COLORS.items():
            found = shown(image, crowd.get_entity(name), env)
            assert ((found > 0.5) == (np.array(color) > 0.5)).all(), (name, env, found)


def test_what_takes_no_part_is_not_seen(crowd: gs.Scene) -> None:
    crowd.reset()
    full = crowd.picture(res=(160, 160), camera=ABOVE)
    block = crowd.get_entity("block")
    crowd.get_entity("pool").deactivate(envs_idx=[0])
    crowd.get_entity("cloth").deactivate(envs_idx=[0])
    block.set_elements_active(np.arange(block.n_elements) == 0, envs_idx=[0])
    image = crowd.picture(res=(160, 160), camera=ABOVE)
    for name in ("pool", "cloth"):
        assert (shown(full, crowd.get_entity(name), 0) > 0.5).tolist() == [
            value > 0.5 for value in COLORS[name]
        ]
        found = shown(image, crowd.get_entity(name), 0)
        assert not ((found > 0.5) == (np.array(COLORS[name]) > 0.5)).all()
    pose = crowd._drawing.pose(crowd._drawing.frame(crowd.get_state()), 0)
    faces = {
        skin.name: mesh.faces for skin, mesh in zip(crowd._drawing.skins, pose.skins, strict=True)
    }
    assert len(faces["block"]) == 4, "the one tetrahedron that is left, on all its sides"
    assert len(faces["cloth"]) == 0


def test_a_picture_is_the_same_each_time_and_is_written_as_png(
    crowd: gs.Scene, tmp_path: Path
) -> None:
    crowd.reset()
    state = crowd.get_state()
    sums = state.checksum()
    image = state.picture(tmp_path / "crowd.png", env=1, res=(40, 30))
    assert image.shape == (30, 40, 3)
    assert np.array_equal(image, crowd.picture(env=1, res=(40, 30)))
    assert np.array_equal(image, np.asarray(Image.open(tmp_path / "crowd.png")))
    assert state.checksum().equal(sums)


def test_bad_pictures_are_refused(crowd: gs.Scene, tmp_path: Path) -> None:
    with pytest.raises(IndexError, match="env is 2, there are 2"):
        crowd.picture(env=2)
    with pytest.raises(ValueError, match="needs width and height from 1 to"):
        crowd.picture(res=(0, 10))
    with pytest.raises(ValueError, match=r"a\.jpg is no \.png"):
        crowd.picture(tmp_path / "a.jpg", res=(8, 6))
    with pytest.raises(ValueError, match="fov is 0, needs degrees"):
        Camera((1, 0, 0), fov=0)
    with pytest.raises(ValueError, match="one above the other"):
        Camera((0, 0, 1))
    assert not list(tmp_path.iterdir())
