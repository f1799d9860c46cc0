"""Practice where it fails: a policy begins its episodes where it fell before, out of a bank."""

from typing import Any

import torch

import genesis_state as gs

N, STEPS, ROUNDS = 256, 80, 12


def observe(cart: Any) -> torch.Tensor:
    """Position, angle and their rates, shape (N, 4)."""
    return torch.cat([cart.get_dofs_position(), cart.get_dofs_velocity()], dim=1)


def falls(scene: gs.Scene, cart: Any, gains: torch.Tensor) -> torch.Tensor:
    """Whether each pole falls under a policy of four gains, from where the scene is."""
    fell = torch.zeros(N, dtype=torch.bool)
    for _ in range(STEPS):
        cart.control_actuators((gains * observe(cart)).sum(1, keepdim=True).clamp(-1, 1))
        scene.step()
        fell |= observe(cart)[:, 1].abs() > 0.8
    return fell


if __name__ == "__main__":
    random = torch.Generator().manual_seed(0)
    scene = gs.Scene()
    cart = scene.add_entity(gs.morphs.MJCF(file="cartpole.xml"))
    scene.build(n_envs=N)

    # Poles on their way down: the later, the harder to save.
    bank = gs.StateBank(scene, capacity=2000)
    cart.set_dofs_position(0.1 * torch.randn(N, 1, generator=random), [1])
    for step in range(51):
        if step % 10 == 0:
            upright = observe(cart)[:, 1].abs() < 0.5
            bank.add(scene.get_state(), envs_idx=upright, tags=step)
        scene.step()
    print(bank)

    # The policy follows the gains that held the pole; what fell is drawn more often.
    mean, std = torch.zeros(4), torch.full((4,), 3.0)
    shares = []
    for _ in range(ROUNDS):
        gains = mean + std * torch.randn(N, 4, generator=random)
        entries = bank.reset(scene)
        fell = falls(scene, cart, gains)
        bank.update(entries, weights=0.1 + fell.float(), rate=0.5)
        mean, std = gains[~fell].mean(0), gains[~fell].std(0)
        shares.append(float(fell.float().mean()))
    print("fell:", " ".join(f"{share:.0%}" for share in shares))
    print("gains:", " ".join(f"{gain:.1f}" for gain in mean))

    known = bank.entries
    weights = {step: known.weight[known.tag == step].mean() for step in range(0, 51, 10)}
    for step, weight in weights.items():
        print(f"after {step} steps of falling, mean weight {weight:.2f}")
    assert shares[-1] < shares[0] / 2, "it learned"
    assert weights[50] > 1.2 * weights[0], "and practices what is hard"
