"""A soft beam, clamped at one end, bends under its own weight, and swings back from another push.

For small loads its end sinks by rho g L^4 A / (8 E I) and what shear adds, as beam theory has it
(S. Timoshenko, "Strength of Materials", part I).
"""

import matter_pictures as pictures

import genesis_state as gs

LENGTH, WIDTH = 0.5, 0.08
E, RHO, GRAVITY = 1e7, 1000.0, 9.81

if __name__ == "__main__":
    options = pictures.arguments(__doc__).parse_args()
    gs.init(precision="64")
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=0.02),
        fem_options=gs.options.FEMOptions(
            use_implicit_solver=True,
            enable_vertex_constraints=True,
            n_newton_iterations=3,
            pcg_threshold=1e-10,
            damping_alpha=8.0,
        ),
    )
    beam = scene.add_entity(
        gs.morphs.Box(
            pos=(LENGTH / 2, 0, 0), size=(LENGTH, WIDTH, WIDTH), maxvolume=(WIDTH / 4) ** 3 / 5
        ),
        gs.materials.FEM.Elastic(E=E, nu=0.0, rho=RHO, model="linear_corotated"),
    )
    scene.build()
    clamped = (beam.init_positions[:, 0] < 1e-6).nonzero().flatten()
    beam.set_vertex_constraints(clamped)
    tip = beam.init_positions[:, 0] > LENGTH - 1e-6

    strip = pictures.Strip(scene, across=(-0.05, 0.6), up=(-0.2, 0.1))
    strip.take("at rest, without weight")
    for _ in range(100):
        scene.step()
    strip.take(f"after {scene.t * scene.dt:.1f} s")
    sunk = -beam.get_vertices_pos()[tip][:, 2].mean().item()

    area, inertia = WIDTH**2, WIDTH**4 / 12
    load = RHO * GRAVITY * area
    bending = load * LENGTH**4 / (8 * E * inertia)
    shear = load * LENGTH**2 / (2 * (5 / 6) * (E / 2) * area)
    print(
        f"{beam.n_elements} elements: the end sank {1000 * sunk:.2f} mm, "
        f"theory {1000 * (bending + shear):.2f} mm"
    )
    assert 0.7 < sunk / (bending + shear) < 1.02, "linear elements are a little too stiff"

    state = scene.get_state()
    beam.set_velocity((0.0, 0.0, 2.0))
    for step in range(12):
        scene.step()
        if step in (3, 11):
            strip.take(f"{20 * (step + 1)} ms after a push")
    swung = scene.get_state()
    scene.reset(state)
    beam.set_velocity((0.0, 0.0, 2.0))
    for _ in range(12):
        scene.step()
    assert scene.get_state().equal(swung), "the same push again: no bit differs"
    strip.save(options.picture)
