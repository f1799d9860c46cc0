"""Contact against closed forms: slopes, an impact, a tower, a ball that rolls."""

import math

import pytest
import torch

import genesis_state as gs

G = 9.81
STEEP, GENTLE = math.radians(30), math.radians(20)

# Each thing meets one plane alone. The coefficient of a contact is the larger of its geoms'.
THINGS = """
<mujoco>
  <option cone="elliptic" impratio="100" integrator="implicitfast"/>
  <default><geom friction="0.1" conaffinity="0"/></default>
  <worldbody>
    <geom type="plane" size="0 0 1" euler="0 30 0" conaffinity="16"/>
    <geom type="plane" size="0 0 1" euler="0 20 0" conaffinity="32"/>
    <geom type="plane" size="0 0 1" conaffinity="64" condim="1"/>
    <body name="sliding" pos="0.01 0 0.01732" euler="0 30 0"><freejoint/>
      <geom type="box" size="0.1 0.1 0.02" contype="16" friction="0.3"/></body>
    <body name="sticking" pos="0.01 1 0.01732" euler="0 30 0"><freejoint/>
      <geom type="box" size="0.1 0.1 0.02" contype="16" friction="0.7"/></body>
    <body name="rolling" pos="0.0342 0 0.09397"><freejoint/>
      <geom type="sphere" size="0.1" contype="32" friction="1"/></body>
    <body name="landing" pos="0 0 0.15"><freejoint/>
      <geom type="sphere" size="0.1" mass="2" contype="64" condim="1"/></body>
  </worldbody>
</mujoco>
"""
SLIDING, STICKING, ROLLING, LANDING = (slice(6 * i, 6 * i + 6) for i in range(4))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Velocities of all dofs after each of 500 steps of 2 ms, and force on the ball that lands."""
    gs.destroy()
    gs.init(precision="64")
    path = tmp_path_factory.mktemp("closed_forms") / "things.xml"
    path.write_text(THINGS)
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=0.002),
        rigid_options=gs.options.RigidOptions(tolerance=1e-12),
    )
    things = scene.add_entity(gs.morphs.MJCF(file=path))
    scene.build(n_envs=1)
    start = torch.zeros(24)
    start[LANDING.start] = 0.5
    things.set_dofs_velocity(start)
    velocities, forces = [], []
    for _ in range(500):
        scene.step()
        velocities.append(things.get_dofs_velocity()[0])
        forces.append(things.get_links_net_contact_force()[0, 3])
    yield torch.stack(velocities).double(), torch.stack(forces).double()
    scene.close()


def along(velocity, slope):
    """Speed down a slope that falls along x."""
    return velocity[..., 0] * math.cos(slope) - velocity[..., 2] * math.sin(slope)


def off(velocity, slope):
    """Speed away from it."""
    return velocity[..., 0] * math.sin(slope) + velocity[..., 2] * math.cos(slope)


def test_block_below_the_friction_angle_stays(run):
    speed = run[0][:, STICKING][:, :3].norm(dim=1)
    assert speed[250:].max() < 1e-4


def test_block_above_the_friction_angle_slides_with_coulomb_friction(run):
    velocity = run[0][-1, SLIDING]
    # Friction is mu times the normal force at any time, also if the block chatters: so it is the
    # impulse of the normal force that counts, which has carried the weight and what is left.
    gained = G * math.sin(STEEP) - 0.3 * (G * math.cos(STEEP) + off(velocity, STEEP))
    assert along(velocity, STEEP) == pytest.approx(float(gained), rel=1e-6)
    coulomb = G * (math.sin(STEEP) - 0.3 * math.cos(STEEP))
    assert along(velocity, STEEP) == pytest.approx(coulomb, rel=0.03)


def test_ball_rolls_without_slipping(run):
    velocity = run[0][:, ROLLING]
    speed, spin = along(velocity, GENTLE), 0.1 * velocity[:, 4]
    # Whether or not it slips, friction moves the centre and turns the ball with one force; its
    # arm is shorter than the radius by half the overlap.
    assert float(speed[-1] + 0.4 * spin[-1]) == pytest.approx(G * math.sin(GENTLE), rel=2e-3)
    acceleration = (speed[-1] - speed[249]) / 0.5
    assert float(acceleration) == pytest.approx(5 / 7 * G * math.sin(GENTLE), rel=5e-3)
    assert ((speed - spin).abs() < 5e-3 * speed + 1e-3)[100:].all()


def test_landing_takes_the_momentum_and_gives_none_back(run):
    velocity, force = run[0][:, LANDING], run[1]
    fall, mass = velocity[:, 2], 2.0
    assert fall.min() < -0.9
    assert fall[-1].abs() < 1e-3
    # What the floor gave is what the ball lost and what gravity brought.
    impulse = force.sum(0) * 0.002
    assert float(impulse[2]) == pytest.approx(mass * float(fall[-1] + G), rel=1e-6)
    # Overlap is pushed out again, which is all that comes back of the blow.
    assert fall.max() < 0.15 * fall.min().abs()
    # Without friction nothing happens along the floor.
    assert (velocity[:, 0] - 0.5).abs().max() < 1e-9
    assert force[:, :2].abs().max() < 1e-9


@pytest.fixture(scope="module")
def tower(run):
    """Ten boxes on one another, and their positions during 5 s."""
    scene = gs.Scene(sim_options=gs.options.SimOptions(dt=0.005))
    scene.add_entity(gs.morphs.Plane())
    for i in range(10):
        scene.add_entity(gs.morphs.Box(size=(0.1, 0.1, 0.1), pos=(0.0, 0.0, 0.05 + 0.1 * i)))
    scene.build(n_envs=1)
    positions = []
    for _ in range(1000):
        scene.step()
        positions.append(torch.stack([box.get_pos()[0] for box in scene.entities[1:]]))
    yield torch.stack(positions).double()
    scene.close()


def test_tower_of_ten_boxes_stands(tower):
    # It sinks a little under its weight and then stands.
    assert (tower[..., :2]).abs().max() < 2e-3
    assert (tower[0, -1, 2] - tower[-1, -1, 2]).abs() < 0.01
    assert (tower[-200:] - tower[-1]).abs().max() < 1e-3
    assert (tower[-1, :, 2].diff() > 0.098).all()
