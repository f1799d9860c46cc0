"""A cloth falls over a ball that rests on the ground, and the ball rolls away under it.

It is taken back to the moment of the impact, where it goes on as it did.
"""

import matter_pictures as pictures

import genesis_state as gs

RADIUS = 0.1
STEPS = 120

if __name__ == "__main__":
    options = pictures.arguments(__doc__).parse_args()
    scene = gs.Scene(sim_options=gs.options.SimOptions(dt=4e-3, substeps=10))
    scene.add_entity(gs.morphs.Plane(), gs.materials.Rigid(coup_friction=0.3))
    ball = scene.add_entity(
        gs.morphs.Sphere(radius=RADIUS, pos=(0.0, 0.0, RADIUS)),
        gs.materials.Rigid(rho=200.0, coup_friction=0.3),
    )
    cloth = scene.add_entity(
        gs.morphs.Mesh(file="meshes/cloth.obj", pos=(0.06, 0.03, 0.25)),
        gs.materials.PBD.Cloth(rho=1.0),
    )
    scene.build()
    strip = pictures.Strip(scene, across=(-0.35, 0.35), up=(-0.03, 0.35))
    impact = None
    for step in range(STEPS):
        if step in (0, 30, 60):
            strip.take(f"{scene.t * scene.dt:.2f} s")
        if step == 30:
            impact = scene.get_state()
        scene.step()
    strip.take(f"{scene.t * scene.dt:.2f} s")
    end = scene.get_state()

    gap = (cloth.get_particles_pos() - ball.get_pos()).norm(dim=1).min().item() - RADIUS
    edges = cloth.get_particles_pos()[cloth.edges].diff(dim=1).norm(dim=2).sum().item()
    scene.reset(impact)
    for _ in range(STEPS - 30):
        scene.step()
    assert scene.get_state().equal(end), "from the impact on again: no bit differs"
    scene.reset()
    stretch = edges / cloth.get_particles_pos()[cloth.edges].diff(dim=1).norm(dim=2).sum().item()
    print(
        f"{cloth.n_particles} particles, the nearest {1000 * gap:.1f} mm off the ball; all edges "
        f"together are {stretch:.4f} times as long"
    )
    assert gap > 0, "nothing passed the ball's surface"
    assert abs(stretch - 1) < 0.02
    strip.save(options.picture)
