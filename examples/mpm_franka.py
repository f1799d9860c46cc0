"""A Franka grasps a soft cube from the floor, lifts it and holds it for two seconds.

Then the state goes back to the grasp, that of one environment into all of them, and each lifts the
cube to another height.
"""

import matter_pictures as pictures
import torch

import genesis_state as gs

EDGE = 0.04
LIFTS = torch.tensor([0.10, 0.06, 0.08, 0.12])  # of each environment, the second time [m]
GRIP = 4.0  # force of each finger [N]
ELBOW_UP = [0.0, 0.3, 0.0, -2.2, 0.0, 2.5, 0.785, 0.04, 0.04]
ARM, FINGERS = range(7), [7, 8]
DRAWN = ("hand", "left_finger", "right_finger", "plane_baselink")
PADS = [0.0, 0.0, 0.0994]  # where the pads of the fingers are in the frame of the hand
DOWN = [0.0, 1.0, 0.0, 0.0]

if __name__ == "__main__":
    options = pictures.arguments(__doc__).parse_args()
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=4e-3, substeps=5),
        mpm_options=gs.options.MPMOptions(
            # Fingers are 2 cm wide: the grid is fine, and small.
            grid_density=100, lower_bound=(0.4, -0.1, -0.05), upper_bound=(0.6, 0.1, 0.25),
        ),
    )  # fmt: skip
    scene.add_entity(gs.morphs.Plane())
    franka = scene.add_entity(
        gs.morphs.MJCF(file="franka.xml"),
        gs.materials.Rigid(coup_friction=2.0, gravity_compensation=1.0),
    )
    cube = scene.add_entity(
        gs.morphs.Box(pos=(0.5, 0.0, EDGE / 2), size=(EDGE, EDGE, EDGE)),
        gs.materials.MPM.Elastic(E=5e4),
    )
    scene.build(n_envs=len(LIFTS))

    def with_pads_at(heights: torch.Tensor) -> torch.Tensor:
        """Positions of the arm's joints, shape (n_envs, 7)."""
        goals = torch.tensor([0.5, 0.0, 0.0]).repeat(scene.n_envs, 1)
        goals[:, 2] = heights
        found = franka.inverse_kinematics(
            franka.get_link("hand"), goals, DOWN, local_point=PADS, init_qpos=ELBOW_UP
        )
        assert isinstance(found, torch.Tensor)
        return found[:, ARM]

    def height() -> torch.Tensor:
        """Of the middle of each cube, shape (n_envs,) [m]."""
        return cube.get_particles_pos()[:, :, 2].mean(dim=1)

    def move(goal: torch.Tensor, steps: int) -> None:
        """The arms go there in that time and wait for half a second."""
        begin = franka.get_dofs_position(ARM)
        for step in range(1, steps + 126):
            franka.control_dofs_position(begin + min(1.0, step / steps) * (goal - begin), ARM)
            scene.step()

    low = with_pads_at(torch.full_like(LIFTS, EDGE / 2))
    high = with_pads_at(EDGE / 2 + LIFTS)
    franka.set_dofs_position(high, ARM)
    franka.set_dofs_position([0.04, 0.04], FINGERS)
    franka.control_dofs_position([0.04, 0.04], FINGERS)
    strip = pictures.Strip(scene, across=(-0.12, 0.12), up=(-0.02, 0.24), plane="yz", links=DRAWN)
    strip.take("above it")
    move(low, 75)
    franka.control_dofs_force([-GRIP, -GRIP], FINGERS)
    for _ in range(40):
        scene.step()
    strip.take("grasped")
    grasp, lying = scene.get_state(), height()

    move(high[:1].expand(scene.n_envs, -1), 75)
    lifted, risen = scene.get_state(), height()
    for _ in range(500):
        scene.step()
    strip.take("held for 2 s")
    sunk = 1e3 * (risen - height())
    print(f"lifted by {1e3 * (risen - lying)[0]:.1f} mm, {sunk.abs().max():.2f} mm off after 2 s")
    assert (risen - lying - LIFTS[0]).abs().max() < 2e-3
    assert sunk.abs().max() < 1

    scene.reset(grasp[0])
    move(high, 75)
    risen = height() - lying[0]
    print("back to the grasp, and lifted by", *(f"{1e3 * z:.1f}" for z in risen), "mm")
    for env in (1, 3):
        strip.take(f"again, to {100 * LIFTS[env]:.0f} cm", env)
    assert (risen - LIFTS).abs().max() < 2e-3
    assert scene.get_state()[0].equal(lifted[0]), "the same lift, whatever the others do"
    strip.save(options.picture)
