"""Genesis' tutorial scene: a block of water falls on the ground.

The same body and settings as its `examples/tutorials/sph_liquid.py`, 64,000 particles.
"""

import matter_pictures as pictures
from tqdm import tqdm

import genesis_state as gs

if __name__ == "__main__":
    parser = pictures.arguments(__doc__)
    parser.add_argument("--steps", type=int, default=1000, help="from 75 on it splashes")
    options = parser.parse_args()

    gs.init()
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=4e-3, substeps=10),
        sph_options=gs.options.SPHOptions(
            lower_bound=(-0.5, -0.5, 0.0), upper_bound=(0.5, 0.5, 1), particle_size=0.01
        ),
    )
    scene.add_entity(morph=gs.morphs.Plane())
    liquid = scene.add_entity(
        material=gs.materials.SPH.Liquid(),
        morph=gs.morphs.Box(pos=(0.0, 0.0, 0.65), size=(0.4, 0.4, 0.4)),
    )
    scene.build()

    strip = pictures.Strip(scene, across=(-0.5, 0.5), up=(-0.03, 0.9), speed=4.0)
    for step in tqdm(range(options.steps), unit="step"):
        if step in (0, 75, 100, 150):
            strip.take(f"{scene.t * scene.dt:.2f} s")
        scene.step()
    strip.take(f"{scene.t * scene.dt:.2f} s")

    particles = liquid.get_particles_pos()
    fallen = 0.65 - particles[:, 2].mean().item()
    print(f"{liquid.n_particles} particles fell by {fallen:.3f} m on average")
    assert particles[:, 2].min() >= 0.0, "it stays above the ground"
    assert fallen > 0.95 * min(0.5 * 9.81 * (scene.t * scene.dt) ** 2, 0.4)
    assert not scene.sph_solver.get_error_envs_mask().any()
    strip.save(options.picture)
