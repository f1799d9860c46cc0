"""Planning by branching: MPPI swings up a cartpole, and reaches with a Franka.

Each environment tries another sequence of controls from the state in which the system is now;
`scene.rollout` puts everything back. The sequences are averaged with weights exp(-cost / lambda)
(Williams et al., Information theoretic model predictive control, ICRA 2017), and the first control
of the mean is carried out.
"""

import time
from collections.abc import Callable
from typing import Any

import torch
from tqdm import tqdm

import genesis_state as gs

Cost = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def mppi(
    scene: gs.Scene,
    command: Callable[[torch.Tensor], None],
    mean: torch.Tensor,
    spread: torch.Tensor,
    key: str,
    cost: Cost,
    steps: int,
    temperature: float,
    low: torch.Tensor,
    high: torch.Tensor,
) -> float:
    """Steers all environments alike for some steps, and tells steps of one of them per second.

    The first guess of the controls is `mean`, shape (T, n); tries stray from it by `spread`, shape
    (n,), more in each step. `cost` is that of a variable (T, n_envs, …) and of controls
    (T, n_envs, n), one for each environment; `temperature`, in its units, is lambda.
    """
    noise = torch.Generator().manual_seed(0)
    scene.rollout({command: mean[:1]})  # which compiles
    began = time.perf_counter()
    for _ in tqdm(range(steps), desc="MPPI", unit="step"):
        tries = torch.randn(len(mean), scene.n_envs, mean.shape[1], generator=noise).cumsum(0)
        controls = (mean[:, None] + spread * tries).clamp(low, high)
        found = scene.rollout({command: controls}, record=[key])[key]
        costs = cost(found, controls)
        weights = torch.softmax(-(costs - costs.min()) / temperature, dim=0)
        mean = torch.einsum("e,ten->tn", weights, controls)
        command(mean[0])
        scene.step()
        mean = torch.cat([mean[1:], mean[-1:]])
    return steps * (len(mean) + 1) * scene.n_envs / (time.perf_counter() - began)


def swing_up() -> None:
    scene = gs.Scene(sim_options=gs.options.SimOptions(dt=0.02))
    cart: Any = scene.add_entity(gs.morphs.MJCF(file="cartpole.xml"))
    scene.build(n_envs=256)
    cart.set_dofs_position([0.0, torch.pi])  # it hangs

    def cost(qpos: torch.Tensor, controls: torch.Tensor) -> torch.Tensor:
        place, angle = qpos[..., 0], qpos[..., 1]
        return ((1 - angle.cos()) + 0.1 * place**2 + 0.01 * controls[..., 0] ** 2).sum(0)

    one = torch.ones(1)
    speed = mppi(
        *(scene, cart.control_actuators, torch.zeros(50, 1), 0.4 * one),
        *("RigidSolver.qpos", cost, 200, 0.5, -one, one),
    )
    angle = torch.remainder(cart.get_dofs_position()[0, 1] + torch.pi, 2 * torch.pi) - torch.pi
    print(f"cartpole: {angle:+.3f} rad from upright, {speed / 1e6:.2f} million steps/s")
    assert abs(angle) < 0.1


def reach() -> None:
    scene = gs.Scene(sim_options=gs.options.SimOptions(dt=0.02))
    robot: Any = scene.add_entity(gs.morphs.MJCF(file="franka.xml"))
    scene.build(n_envs=64)
    home = torch.tensor([0.0, -0.5, 0.0, -2.0, 0.0, 1.6, 0.8, 0.02, 0.02])
    robot.set_dofs_position(home)
    hand = robot.get_link("hand")
    goal = torch.tensor([0.4, 0.3, 0.5])

    def cost(links: torch.Tensor, controls: torch.Tensor) -> torch.Tensor:
        return (links[:, :, hand.idx] - goal).norm(dim=-1).sum(0)

    low, high = robot.get_dofs_limit()
    speed = mppi(
        *(scene, robot.control_dofs_position, home.expand(16, 9).clone(), 0.03 * (home != 0.02)),
        *("RigidSolver.links_pos", cost, 150, 0.02, low, high),
    )
    distance = (hand.get_pos()[0] - goal).norm()
    print(f"Franka: {100 * distance:.1f} cm from its target, {speed / 1e3:.0f} thousand steps/s")
    assert distance < 0.03


if __name__ == "__main__":
    swing_up()
    reach()
