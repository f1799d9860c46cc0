"""The rigid solver against MuJoCo C in 64 bits, every model beside the others in one scene."""

import math

import mujoco
import numpy as np
import pytest
import torch

import genesis_state as gs
from tests import oracle, rigid_models, tendon_models

INTEGRATORS = ("Euler", "implicitfast", "RK4")
# Servos far stiffer than an explicit step of this length can follow, on either side.
IMPLICIT_ONLY = ("franka",)
SPINNING = "actuated_ball_and_free"


def supported(models):
    """Those that the rigid solver does not refuse."""
    refused = oracle.refusals(models)
    return {name: path for name, path in models.items() if name not in refused}


@pytest.fixture(scope="module")
def robots():
    """Our models and gymnasium's, by name."""
    return supported({**oracle.our_models(), **oracle.gymnasium_models()})


@pytest.fixture(scope="module")
def small_models(tmp_path_factory):
    """One small model for each element, by name."""
    folder = tmp_path_factory.mktemp("models")
    found = {}
    for name, text in (rigid_models.MODELS | tendon_models.MODELS).items():
        found[name] = folder / f"{name}.xml"
        found[name].write_text(text)
    return found


@pytest.fixture
def in_64_bits():
    gs.destroy()
    gs.init(precision="64")
    yield
    gs.destroy()


@pytest.mark.parametrize("integrator", INTEGRATORS)
def test_acceleration_and_next_state_are_mujocos(integrator, robots, small_models, in_64_bits):
    case = oracle.build({**robots, **small_models}, integrator, n_envs=100)
    errors = oracle.acceleration_errors(case)
    assert set(small_models) < set(errors)
    assert not {name: e for name, e in errors.items() if not e < 1e-6}


@pytest.mark.parametrize("integrator", INTEGRATORS)
def test_robots_follow_mujoco_for_one_second(integrator, robots, in_64_bits):
    case = oracle.build(robots, integrator, n_envs=3)
    errors = oracle.trajectory_errors(case, seconds=1.0)
    stiff = IMPLICIT_ONLY if integrator != "implicitfast" else ()
    assert not {name: e for name, e in errors.items() if name not in stiff and not e < 1e-4}


def test_every_element_follows_mujoco_for_one_second(small_models, in_64_bits):
    # Equalities hold at the start, and steps are short: a random violation is a kick. Two are left
    # out: one whose actuators spin it up without end, and tendons that begin far beyond limits.
    apart = (SPINNING, "tendon_limits")
    models = {name: path for name, path in small_models.items() if name not in apart}
    case = oracle.build(models, "implicitfast", 3, dt=0.001, spread=0.0, speed=0.2)
    errors = oracle.trajectory_errors(case, seconds=1.0)
    assert not {name: e for name, e in errors.items() if not e < 1e-4}


def test_refusals_name_the_element():
    refused = oracle.refusals(oracle.gymnasium_models())
    assert set(refused) <= {"swimmer"}
    for reason in refused.values():
        assert "density" in reason and "viscosity" in reason


PENDULUM = """
<mujoco>
  <option integrator="RK4"/>
  <worldbody>
    <body>
      <joint name="hinge" axis="0 1 0"/>
      <inertial pos="0 0 -0.5" mass="2" diaginertia="0.1 0.1 0.1"/>
    </body>
  </worldbody>
</mujoco>
"""

FREE_BODY = """
<mujoco>
  <option integrator="RK4"/>
  <worldbody>
    <body pos="0 0 1">
      <freejoint/>
      <inertial pos="0.1 0.02 -0.03" mass="2" diaginertia="0.1 0.2 0.25"/>
    </body>
  </worldbody>
</mujoco>
"""


@pytest.fixture(scope="module")
def closed_forms(tmp_path_factory):
    """A pendulum and a free body in one scene, without gravity on neither: see the tests."""
    gs.destroy()
    gs.init(precision="64")
    folder = tmp_path_factory.mktemp("closed_forms")
    scene = gs.Scene(sim_options=gs.options.SimOptions(dt=0.002))
    for name, text in (("pendulum", PENDULUM), ("body", FREE_BODY)):
        (folder / f"{name}.xml").write_text(text)
        scene.add_entity(gs.morphs.MJCF(file=folder / f"{name}.xml"), name=name)
    scene.build(n_envs=2)
    yield scene
    gs.destroy()


def test_pendulum_keeps_its_energy(closed_forms):
    scene = closed_forms
    inertia, mass, length, g = 0.1 + 2 * 0.5**2, 2.0, 0.5, 9.81
    state = scene.get_state()
    state.rigid.qpos[:, 0] = torch.tensor([0.3, 2.5])
    state.rigid.dofs_vel[:, 0] = torch.tensor([0.0, 1.0])
    scene.reset(state=state)

    def energy():
        now = scene.get_state().rigid
        kinetic = 0.5 * inertia * now.dofs_vel[:, 0] ** 2
        return kinetic - mass * g * length * torch.cos(now.qpos[:, 0])

    before = energy()
    largest = 0.0
    for _ in range(1000):
        scene.step()
        largest = max(largest, float((energy() - before).abs().max()))
    assert largest < 1e-6

    # Small swings have the period 2 pi sqrt(I / (m g l)) (1 + a^2 / 16 + 11 a^4 / 3072).
    amplitude = 0.3
    period = 2 * math.pi * math.sqrt(inertia / (mass * g * length))
    period *= 1 + amplitude**2 / 16 + 11 * amplitude**4 / 3072
    scene.reset(state=state)
    angles = []
    for _ in range(round(2.5 * period / scene.dt)):
        scene.step()
        angles.append(float(scene.get_state().rigid.qpos[0, 0]))
    signs = np.sign(angles)
    crossings = np.flatnonzero((signs[:-1] < 0) & (signs[1:] > 0))
    found = []
    for i in crossings:
        found.append((i + 1 + angles[i] / (angles[i] - angles[i + 1])) * scene.dt)
    assert len(found) >= 2
    assert abs(found[1] - found[0] - period) < 1e-4 * period


def test_free_body_keeps_its_momentum_and_falls_as_a_parabola(closed_forms):
    scene = closed_forms
    state = scene.get_state()
    state.rigid.dofs_vel[:, 1:] = torch.tensor([0.5, -0.3, 2.0, 3.0, -1.0, 2.0])
    scene.reset(state=state)
    inertia = torch.diag(torch.tensor([0.1, 0.2, 0.25], dtype=torch.float64))
    com = torch.tensor([0.1, 0.02, -0.03], dtype=torch.float64)

    def rotation():
        quat = scene.get_state().rigid.qpos[0, 4:8].numpy()
        matrix = np.zeros(9)
        mujoco.mju_quat2Mat(matrix, quat)
        return torch.from_numpy(matrix.reshape(3, 3))

    def spin():
        """Angular momentum about the centre of mass, in the world."""
        turn = rotation()
        return turn @ inertia @ scene.get_state().rigid.dofs_vel[0, 4:7]

    def centre():
        return scene.get_state().rigid.qpos[0, 1:4] + rotation() @ com

    before, start = spin(), centre()
    omega = rotation() @ scene.get_state().rigid.dofs_vel[0, 4:7]
    velocity = scene.get_state().rigid.dofs_vel[0, 1:4] + torch.linalg.cross(
        omega, rotation() @ com
    )
    for _ in range(500):
        scene.step()
    t = 500 * scene.dt
    assert (spin() - before).abs().max() < 1e-8
    fall = torch.tensor([0.0, 0.0, -0.5 * 9.81 * t**2], dtype=torch.float64)
    assert (centre() - (start + velocity * t + fall)).abs().max() < 1e-8
