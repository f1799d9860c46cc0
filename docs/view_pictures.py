"""Draws the pictures of docs/view.md: three moments, and a browser that shows a recording.

python docs/view_pictures.py
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

import genesis_state as gs

FOLDER = Path(__file__).resolve().parent
RES = (560, 400)
READY = [0.0, 0.1, 0.0, -1.95, 0.0, 2.05, 0.785, 0.04, 0.04]
BLUE, ORANGE, GREEN = (0.25, 0.48, 0.72), (0.93, 0.55, 0.24), (0.40, 0.64, 0.42)


def franka() -> gs.Scene:
    """A Franka above a pyramid of boxes."""
    scene = gs.Scene()
    scene.add_entity(gs.morphs.Plane())
    robot = scene.add_entity(gs.morphs.MJCF(file="franka.xml"))
    for row, color in enumerate((BLUE, ORANGE, GREEN)):
        for i in range(3 - row):
            pos = (0.5, 0.09 * (i - 1 + row / 2), 0.04 + 0.0801 * row)
            scene.add_entity(
                gs.morphs.Box(size=(0.08, 0.08, 0.08), pos=pos),
                surface=gs.surfaces.Default(color=color),
            )
    scene.build()
    robot.set_qpos(READY)
    robot.control_dofs_position(READY)
    for _ in range(5):
        scene.step()
    return scene


def cloth() -> gs.Scene:
    """A cloth that fell over a ball."""
    scene = gs.Scene(sim_options=gs.options.SimOptions(dt=4e-3, substeps=10))
    scene.add_entity(gs.morphs.Plane(), gs.materials.Rigid(coup_friction=0.5))
    scene.add_entity(
        gs.morphs.Sphere(radius=0.13, pos=(0, 0, 0.13)),
        gs.materials.Rigid(rho=500.0, coup_friction=0.5),
        surface=gs.surfaces.Default(color=ORANGE),
    )
    mesh = gs.morphs.Mesh(file="meshes/cloth.obj", pos=(0.01, 0.02, 0.3), euler=(0, 0, 20))
    scene.add_entity(mesh, gs.materials.PBD.Cloth(rho=1.0))
    scene.build()
    for _ in range(62):
        scene.step()
    return scene


def water() -> gs.Scene:
    """A dam that broke before a post."""
    bounds: Any = {"lower_bound": (0.0, -0.15, 0.0), "upper_bound": (0.8, 0.15, 0.6)}
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=2e-3, substeps=4),
        sph_options=gs.options.SPHOptions(particle_size=0.012, **bounds),
    )
    scene.add_entity(gs.morphs.Plane())
    scene.add_entity(
        gs.morphs.Cylinder(radius=0.045, height=0.24, pos=(0.48, 0.0, 0.12), fixed=True),
        surface=gs.surfaces.Default(color=ORANGE),
    )
    column = gs.morphs.Box(lower=(0, -0.15, 0), upper=(0.2, 0.15, 0.3))
    scene.add_entity(column, gs.materials.SPH.Liquid())
    scene.build()
    for _ in range(190):
        scene.step()
    return scene


CAMERAS = {
    "franka": gs.Camera(pos=(1.65, -1.45, 0.95), lookat=(0.24, 0.0, 0.37), fov=29),
    "cloth": gs.Camera(pos=(0.75, -0.8, 0.5), lookat=(0.0, 0.0, 0.13), fov=27),
    "water": gs.Camera(pos=(1.35, -1.15, 0.75), lookat=(0.37, 0.0, 0.08), fov=25),
}


def browser() -> None:
    """A Franka that runs into the pyramid, in Chromium."""
    scene = franka()
    states = [scene.get_state()]
    for step in range(60):
        pose = [0.03 * step - 0.9, 0.75, 0.0, -1.75, 0.0, 2.5, 0.785, 0.04, 0.04]
        scene.entities[1].control_dofs_position(pose)
        scene.step()
        states.append(scene.get_state())
    with scene.view(states, camera=CAMERAS["franka"]) as view, sync_playwright() as play:
        view.index = 45
        chromium = play.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
        )
        page = chromium.new_page(viewport={"width": 800, "height": 450})
        page.goto(view.url)
        page.add_style_tag(content=".mantine-Notifications-root { display: none }")
        page.wait_for_timeout(5000)
        page.screenshot(path=FOLDER / "view_browser.png", timeout=120_000)
        chromium.close()


if __name__ == "__main__":
    wanted = sys.argv[1:] or ["franka", "cloth", "water", "browser"]
    for make in (franka, cloth, water):
        if make.__name__ in wanted:
            camera = CAMERAS[make.__name__]
            make().picture(FOLDER / f"view_{make.__name__}.png", res=RES, camera=camera)
            gs.destroy()
    if "browser" in wanted:
        browser()
