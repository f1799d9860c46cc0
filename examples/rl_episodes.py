"""Reinforcement learning episodes: environments start over one by one, by a mask of `done`."""

import torch

import genesis_state as gs

N, STEPS, LIMIT = 32, 300, 100


def policy(angle: torch.Tensor, rate: torch.Tensor, gain: torch.Tensor) -> torch.Tensor:
    """A push towards where the pole falls, in [-1, 1]; a small gain is too little."""
    return (gain * (angle + 0.3 * rate)).clamp(-1, 1)


if __name__ == "__main__":
    torch.manual_seed(0)
    scene = gs.Scene()
    cart = scene.add_entity(gs.morphs.MJCF(file="cartpole.xml"))
    scene.build(n_envs=N)
    cart.set_dofs_position(0.1 * torch.randn(N, 1), [1])
    start = scene.get_state()

    gain = torch.linspace(0, 10, N)
    episodes = torch.zeros(N, dtype=torch.long)
    longest = torch.zeros(N, dtype=torch.int32)
    for _ in range(STEPS):
        angle, rate = cart.get_dofs_position()[:, 1], cart.get_dofs_velocity()[:, 1]
        cart.control_actuators(policy(angle, rate, gain)[:, None])
        scene.step()

        age = scene.envs_t  # steps since each environment was new
        done = (cart.get_dofs_position()[:, 1].abs() > 0.5) | (age >= LIMIT)
        longest = torch.maximum(longest, age)
        episodes += done
        scene.reset(state=start, envs_idx=done)

    assert scene.t == STEPS, "resetting some environments leaves the scene's clock alone"
    assert (scene.envs_t < LIMIT).all()
    assert longest[0] < LIMIT, "nothing holds this pole"
    assert longest[-1] == LIMIT, "and this one stays up to the end of its episodes"
    print(f"{int(episodes.sum())} episodes in {N} environments")
    for i in range(0, N, 10):
        print(f"with a gain of {gain[i]:4.1f} the longest lasted {longest[i]} steps")
