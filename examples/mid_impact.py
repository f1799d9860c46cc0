"""Quadrupeds drop on the ground; a state taken in the middle of the impact goes on as it did."""

import torch

import genesis_state as gs

STANCE = [0, 0.8, -1.6] * 4

if __name__ == "__main__":
    scene = gs.Scene(sim_options=gs.options.SimOptions(dt=0.005))
    plane = scene.add_entity(gs.morphs.Plane())
    robot = scene.add_entity(gs.morphs.MJCF(file="quadruped.xml"))
    imu = scene.add_sensor(gs.sensors.IMU(entity_idx=robot.idx))
    scene.build(n_envs=16)

    heights = torch.linspace(0.35, 0.6, 16)
    robot.set_pos(torch.stack([torch.zeros(16), torch.zeros(16), heights], dim=1))
    robot.set_dofs_position(STANCE, range(6, 18))
    robot.control_dofs_position(STANCE, range(6, 18))
    while not robot.touches(plane).any():
        scene.step()

    impact = scene.get_state()
    contacts = robot.get_contacts(with_entity=plane)
    env, row = contacts["valid_mask"].nonzero()[0].tolist()
    foot = robot.links[contacts["link_a"][env, row] - robot.link_start].name
    print(f"environment {env}: {foot} lands with {contacts['force_a'][env, row].norm():.0f} N")

    def run() -> torch.Tensor:
        """What the inertial units feel over a second, shape (200, 16, 3) [m/s^2]."""
        felt = []
        for _ in range(200):
            scene.step()
            felt.append(imu.read().lin_acc)
        return torch.stack(felt)

    first = run()
    end = scene.get_state()
    scene.reset(impact)
    assert robot.touches(plane).any()  # readings come back with the state
    assert torch.equal(run(), first) and scene.get_state().equal(end)

    weight = robot.get_links_net_contact_force().sum(dim=1)[:, 2]
    print(f"at rest the ground carries {weight.median():.1f} N; no bit differed in 200 steps")
    assert (weight.median() - 9.81 * robot.get_mass()).abs() < 5
