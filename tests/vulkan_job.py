"""What test_vulkan.py runs in a process of its own: python tests/vulkan_job.py JOB [ARGUMENT …].

A driver that crashes takes its process with it, so none of this runs beside other tests.
"""

import sys
from collections.abc import Callable

import every_kind
import fem_scenes
import liquids
import matter
import pbd_scenes
import scenes
import torch

import genesis_state as gs
from genesis_state import testing

STREAMS = torch.arange(4)
_START = scenes.noise(2, 0.3, seed=11)
_PUSH = scenes.table(1, 5.0, seed=12)


def start(scene: gs.Scene, streams: torch.Tensor) -> None:
    """Each pole begins elsewhere."""
    scene.entities[0].set_qpos(_START[streams % scenes.STREAMS])


def drive(scene: gs.Scene, steps: torch.Tensor, streams: torch.Tensor) -> None:
    """Each cart is pushed along a curve of its own."""
    pushes = _PUSH[steps % scenes.PERIOD, streams % scenes.STREAMS]
    scene.entities[0].control_actuators(pushes)


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
    scene: gs.Scene,
    seen: Callable[[gs.SimState], torch.Tensor],
    n_steps: int,
    drive: Callable[[], None] = lambda: None,
) -> torch.Tensor:
    """What is seen of a scene's states, step by step; its second half comes again after a reset."""

    def run() -> list[torch.Tensor]:
        found = []
        for _ in range(n_steps // 2):
            drive()
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


IMPACTS = {
    "jelly": scenes.Subject(matter.stone_on_jelly, None, None),
    "tank": liquids.SUBJECTS["tank"],
    "laundry": pbd_scenes.SUBJECTS["laundry"],
    "cushion": fem_scenes.SUBJECTS["cushion"],
}
"""Stones that fall into matter of each solver."""


def impact(name: str) -> torch.Tensor:
    """Positions of stones and of what they fall into, shape (16, 2, …)."""
    subject = IMPACTS[name]
    scene = subject.factory()
    scene.build(n_envs=2)
    streams = torch.arange(2)
    if subject.start:
        subject.start(scene, streams)
    matter_of = scene.solvers[-1].alias()

    def drive() -> None:
        if subject.drive:
            subject.drive(scene, scene.envs_t.long(), streams)

    def seen(state: gs.SimState) -> torch.Tensor:
        return torch.cat([state.rigid.qpos, getattr(state, matter_of).pos.flatten(1)], dim=1)

    return taken_up(scene, seen, 16, drive)


def contract(lines: str) -> None:
    """Lines of the contract, bit for bit."""
    given = {"start": start, "drive": drive, "n_envs": len(STREAMS)}
    testing.check_contract(scenes.cartpole, lines=lines.split(), **given)


def main(job: str, *arguments: str) -> None:
    gs.init(backend=gs.vulkan)
    if job == "transport":
        for name in every_kind.SCHEMAS:
            every_kind.check_schema(name, "kernel")
    elif job == "trajectory":
        torch.save(trajectory(), arguments[0])
    elif job == "landing":
        torch.save(landing(), arguments[0])
    elif job == "impact":
        torch.save(impact(arguments[0]), arguments[1])
    elif job == "implicit":
        fem_scenes.cushion(True).build()
    elif job == "contract":
        contract(arguments[0])
    elif job == "zero_copy":
        every_kind.check_schema("SceneClock", "zero_copy")
    elif job != "probe":
        raise SystemExit(f"{job}: no such job")


if __name__ == "__main__":
    main(*sys.argv[1:])
