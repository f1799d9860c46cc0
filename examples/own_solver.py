"""A solver of your own: declare its variables, write its step, and the contract is yours.

Kernels live in files, and in files without `from __future__ import annotations`.
"""

# pyright: reportInvalidTypeForm=false
# Taichi's annotations are calls.

import torch

import genesis_state as gs
from genesis_state.kernels.lang import ti  # Taichi, started without its banner


class DropState(gs.Schema):
    height = gs.StateVar("Height above the ground [m]", ("ball",), reset=1.0)
    speed = gs.StateVar("Upward velocity [m/s]", ("ball",))
    bounces = gs.StateVar("Bounces so far", ("ball",), dtype="int", role="memory")
    bounce = gs.StateVar("Share of speed kept in a bounce", reset=0.8, role="param")


@ti.kernel
def fall(height: ti.template(), speed: ti.template(), bounces: ti.template(),
         bounce: ti.template(), dt: float):  # fmt: skip
    """One step of all balls, shape (n_envs, ball)."""
    for e, b in height:
        speed[e, b] -= 9.81 * dt
        height[e, b] += speed[e, b] * dt
        if height[e, b] < 0 and speed[e, b] < 0:
            speed[e, b] *= -bounce[e]
            bounces[e, b] += 1


class DropSolver(gs.Solver):
    schema = DropState

    def sizes(self):
        return {"ball": 3}

    def step(self):
        d = self.fields
        fall(d.height, d.speed, d.bounces, d.bounce, self.dt)


def make_scene() -> gs.Scene:
    scene = gs.Scene()
    scene.add_solver(DropSolver())
    return scene


def throw(scene: gs.Scene, streams: torch.Tensor) -> None:
    """Each environment throws its balls at another speed."""
    state = scene.get_state()
    state.drop.speed += streams[:, None] + torch.arange(3)
    scene.reset(state=state)


if __name__ == "__main__":
    gs.testing.check_contract(make_scene, start=throw, before=100, after=100)

    scene = make_scene()
    scene.build(n_envs=2)
    for _ in range(200):
        scene.step()
    state = scene.get_state()
    assert state["DropSolver.bounces"].min() >= 2
    print("it keeps every line of the contract:", *gs.testing.ALL)
    print(state)
