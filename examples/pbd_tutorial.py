"""Genesis' tutorial scene: a cloth held at four corners, and above it another, held at one.

The same bodies and settings as its `examples/tutorials/pbd_cloth.py`, with a mesh of our own.
"""

from typing import Any

import matter_pictures as pictures
import torch
from tqdm import tqdm

import genesis_state as gs


def edge_lengths(cloth: Any) -> torch.Tensor:
    """Of all edges [m]."""
    return cloth.get_particles_pos()[cloth.edges].diff(dim=1).norm(dim=-1)


if __name__ == "__main__":
    parser = pictures.arguments(__doc__)
    parser.add_argument("--steps", type=int, default=1000, help="60 or more")
    options = parser.parse_args()

    gs.init()
    scene = gs.Scene(sim_options=gs.options.SimOptions(dt=4e-3, substeps=10))
    scene.add_entity(morph=gs.morphs.Plane())
    cloth_1 = scene.add_entity(
        material=gs.materials.PBD.Cloth(),
        morph=gs.morphs.Mesh(file="meshes/cloth.obj", scale=2.0, pos=(0, 0, 0.5)),
    )
    cloth_2 = scene.add_entity(
        material=gs.materials.PBD.Cloth(),
        morph=gs.morphs.Mesh(file="meshes/cloth.obj", scale=2.0, pos=(0, 0, 1.0)),
    )
    scene.build()

    corners = [cloth_1.find_closest_particle((x, y, 1.0)) for x in (-1, 1) for y in (-1, 1)]
    for corner in corners:
        cloth_1.fix_particles(corner)
    hook = cloth_2.find_closest_particle((-1, -1, 1.0))
    cloth_2.fix_particles(hook)
    corners = torch.stack(corners).long()
    held = cloth_1.get_particles_pos()[corners]

    strip = pictures.Strip(scene, across=(-0.9, 0.7), up=(-0.03, 1.1))
    for step in tqdm(range(options.steps), unit="step"):
        if step in (0, 50, 150, 400):
            strip.take(f"{scene.t * scene.dt:.2f} s")
        scene.step()
    strip.take(f"{scene.t * scene.dt:.2f} s")

    assert cloth_1.get_particles_pos()[corners].equal(held), "what is fixed stays"
    assert cloth_1.get_particles_pos()[:, 2].min() < 0.48, "the rest hangs"
    lengths = [edge_lengths(cloth).sum().item() for cloth in (cloth_1, cloth_2)]
    scene.reset()
    lengths = [
        length / edge_lengths(cloth).sum().item()
        for length, cloth in zip(lengths, (cloth_1, cloth_2), strict=True)
    ]
    print("all edges together are", *(f"{part:.4f}" for part in lengths), "times as long")
    assert all(abs(part - 1) < 0.02 for part in lengths), "cloth bends, and hardly stretches"
    strip.save(options.picture)
