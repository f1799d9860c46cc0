"""Soft cubes hit the ground; a state taken in the middle of the impact goes on as it did.

They differ in stiffness, a parameter that every environment has for itself.
"""

import matter_pictures as pictures
import torch

import genesis_state as gs

YOUNG = (3e4, 6e4, 1.2e5)  # of each environment [Pa]
EDGE = 0.12
IMPACT, AFTER = 45, 60  # steps

if __name__ == "__main__":
    options = pictures.arguments(__doc__).parse_args()
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=4e-3, substeps=10),
        mpm_options=gs.options.MPMOptions(
            grid_density=64, lower_bound=(-0.2, -0.2, -0.1), upper_bound=(0.2, 0.2, 0.4)
        ),
    )
    scene.add_entity(gs.morphs.Plane())
    cube = scene.add_entity(
        gs.morphs.Box(pos=(0.0, 0.0, 0.2), size=(EDGE, EDGE, EDGE)),
        gs.materials.MPM.Elastic(E=YOUNG[0]),
    )
    scene.build(n_envs=len(YOUNG))

    stiffness = torch.tensor(YOUNG) / YOUNG[0]
    start = scene.get_state(params=True)
    start["MPMSolver.mu"] *= stiffness[:, None]
    start["MPMSolver.lam"] *= stiffness[:, None]
    scene.reset(start, params=True)

    strip = pictures.Strip(scene, across=(-0.1, 0.1), up=(-0.02, 0.28), speed=1.8)
    strip.take("dropped")
    rest = EDGE - cube.particle_size

    def height() -> torch.Tensor:
        """Of each cube, as a part of what it is at rest, shape (n_envs,)."""
        z = cube.get_particles_pos()[:, :, 2]
        return (z.amax(dim=1) - z.amin(dim=1)) / rest

    for _ in range(IMPACT):
        scene.step()
    impact, flattened = scene.get_state(), height()
    for env, young in enumerate(YOUNG):
        strip.take(f"impact, {young / 1e3:.0f} kPa", env)
        print(f"E = {young / 1e3:3.0f} kPa: {100 * flattened[env]:.0f} % of its height is left")
    assert flattened[0] < flattened[1] < flattened[2] < 0.95, "all three are being squeezed"

    for _ in range(AFTER):
        scene.step()
    end = scene.get_state()
    strip.take("later")
    assert (height() - 1).abs().max() < 0.1, "and spring back"

    scene.reset(impact)
    assert torch.equal(height(), flattened)
    for _ in range(AFTER):
        scene.step()
    assert scene.get_state().equal(end), scene.get_state().diff(end)

    # One goes back alone, and catches up with the others.
    scene.reset(impact[1], envs_idx=1)
    others = scene.get_state()[[0, 2]]
    assert others.equal(end[[0, 2]])
    for _ in range(AFTER):
        scene.step()
    assert scene.get_state()[1].equal(end[1])
    print(f"restored in the middle of the impact, no bit differs {AFTER} steps later")
    strip.save(options.picture)
