"""A dam breaks: a column of water, twice as high as wide, runs out along a channel.

The front of such a column was measured by J. C. Martin and W. J. Moyce, "An experimental study of
the collapse of liquid columns on a rigid horizontal plane", Phil. Trans. R. Soc. A 244 (1952).
"""

import matter_pictures as pictures

import genesis_state as gs

WIDTH, HEIGHT, CHANNEL = 0.1, 0.2, 0.06
GRAVITY = 9.81
# Where the front was, in widths of the column, at which times, in sqrt(width / (2 g)).
MEASURED = ((1.63, 1.89), (1.98, 2.33), (2.32, 2.78), (2.65, 3.22), (2.98, 3.67))

if __name__ == "__main__":
    options = pictures.arguments(__doc__).parse_args()
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=2e-3, substeps=4),
        sph_options=gs.options.SPHOptions(
            particle_size=0.01,
            pressure_solver="DFSPH",
            lower_bound=(0.0, -CHANNEL / 2, 0.0),
            upper_bound=(0.6, CHANNEL / 2, 0.4),
        ),
    )
    column = gs.morphs.Box(lower=(0, -CHANNEL / 2, 0), upper=(WIDTH, CHANNEL / 2, HEIGHT))
    water = scene.add_entity(column, gs.materials.SPH.Liquid(mu=0.0, gamma=0.0))
    scene.build()
    strip = pictures.Strip(scene, across=(0.0, 0.6), up=(0.0, 0.25), speed=2.0)

    unit = (WIDTH / (2 * GRAVITY)) ** 0.5
    fronts = []
    steps = round(MEASURED[-1][0] * unit / scene.dt)
    for step in range(steps + 1):
        if step in (0, steps // 2, steps):
            strip.take(f"{scene.t * scene.dt:.2f} s")
        # The tip itself is a few particles: they are not the front yet.
        x = water.get_particles_pos()[:, 0].sort().values
        fronts.append((x[-20].item() + 0.005) / WIDTH)
        scene.step()
    for time, place in MEASURED:
        found = fronts[round(time * unit / scene.dt)]
        print(f"time {time:.2f}: front at {found:.2f} widths, measured {place:.2f}")
        assert abs(found / place - 1) < 0.15

    speed = water.get_particles_vel().norm(dim=1).max().item()
    assert speed < 1.5 * (2 * GRAVITY * HEIGHT) ** 0.5, "nothing is faster than what falls, nearly"
    assert not scene.sph_solver.get_error_envs_mask().any()
    strip.save(options.picture)
