"""What test_vulkan.py runs in a process of its own: python tests/vulkan_job.py JOB [ARGUMENT].

A driver that crashes takes its process with it, so none of this runs beside other tests.
"""

import sys
from collections.abc import Callable

import every_kind
import matter
import scenes
import torch

import genesis_state as gs
from genesis_state import testing

STREAMS = torch.arange(4)
_START = scenes.noise(2, 0.3, seed=11)
_PUSH = scenes.table(1, 5.0, seed=12)


def start(scene: gs.Scene, streams: torch.Tensor) -> None:
    """Each pole begins elsewhere."""
    scene.entities[0].set_qpos(_START[streams])


def drive(scene: gs.Scene, steps: torch.Tensor, streams: torch.Tensor) -> None:
    """Each cart is pushed along a curve of its own."""
    scene.entities[0].control_actuators(_PUSH[steps % scenes.PERIOD, streams])


def trajectory(n_steps: int = 100) -> torch.Tensor:
    """Positions and velocities of cartpoles, step by step, shape (n_steps, 4, 4)."""
    scene = scenes.cartpole()
    scene.build(n_envs=len(STREAMS))
    start(scene, STREAMS)
    seen = []
    for _ in range(n_steps):
        drive(scene, scene.envs_t.long(), STREAMS)
        scene.step()
        rigid = scene.get_state().rigid
        seen.append(torch.cat([rigid.qpos, rigid.dofs_vel], dim=1))
    assert not scene.rigid_solver.get_error_envs_mask().any()
    scene.close()
    return torch.stack(seen)


def taken_up(
    scene: gs.Scene, seen: Callable[[gs.SimState], torch.Tensor], n_steps: int
) -> torch.Tensor:
    """What is seen of a scene's states, step by step; its second half comes again after a reset."""

    def run() -> list[torch.Tensor]:
        found = []
        for _ in range(n_steps // 2):
            scene.step()
            found.append(seen(scene.get_state()))
        return found

    begin = run()
    state = scene.get_state()
    end = run()
    scene.reset(state)
    assert all(map(torch.equal, run(), end))
    scene.close()
    return torch.stack(begin + end)


def landing() -> torch.Tensor:
    """Positions and velocities of balls that land and roll."""
    scene = gs.Scene()
    scene.add_entity(gs.morphs.Plane())
    ball = scene.add_entity(gs.morphs.Sphere(radius=0.1, pos=(0, 0, 0.15)))
    scene.build(n_envs=2)
    ball.set_dofs_velocity([[1.0, 0, 0, 0, 0, 0], [0, 2.0, 0, 0, 3.0, 0]])
    return taken_up(scene, lambda s: torch.cat([s.rigid.qpos, s.rigid.dofs_vel], dim=1), 60)


def impact() -> torch.Tensor:
    """Positions of jelly and of a stone that falls onto it."""
    scene = matter.stone_on_jelly()
    scene.build(n_envs=2)
    return taken_up(scene, lambda s: torch.cat([s.rigid.qpos, s.mpm.pos.flatten(1)], dim=1), 16)


def contract(lines: str) -> None:
    """Lines of the contract, bit for bit."""
    given = {"start": start, "drive": drive, "n_envs": len(STREAMS)}
    testing.check_contract(scenes.cartpole, lines=lines.split(), **given)


def main(job: str, argument: str = "") -> None:
    gs.init(backend=gs.vulkan)
    if job == "transport":
        for name in every_kind.SCHEMAS:
            every_kind.check_schema(name, "kernel")
    elif job == "trajectory":
        torch.save(trajectory(), argument)
    elif job == "landing":
        torch.save(landing(), argument)
    elif job == "impact":
        torch.save(impact(), argument)
    elif job == "contract":
        contract(argument)
    elif job == "zero_copy":
        every_kind.check_schema("SceneClock", "zero_copy")
    elif job != "probe":
        raise SystemExit(f"{job}: no such job")


if __name__ == "__main__":
    main(*sys.argv[1:])
