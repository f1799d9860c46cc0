"""A Franka under control is saved, loaded into a second scene, and goes on bit for bit.

Prints what that proves, and what it costs beside copying the same bytes.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from tqdm import tqdm

import genesis_state as gs

N = 64
STEPS = 200  # before the checkpoint, and again after it
HOME = torch.tensor([0.0, -0.5, 0.0, -2.0, 0.0, 1.6, 0.8, 0.02, 0.02])


def make_scene() -> gs.Scene:
    scene = gs.Scene()
    scene.add_entity(gs.morphs.MJCF(file="franka.xml"), name="franka")
    scene.build(n_envs=N)
    return scene


def run(scene: gs.Scene, what: str) -> None:
    """Each arm follows a curve of its own under PD position control."""
    robot = scene.get_entity("franka")
    phase = torch.linspace(0, 6, N)[:, None] + torch.arange(9)
    for _ in tqdm(range(STEPS), desc=what, unit="step"):
        curve = torch.sin(phase + 0.02 * scene.t)
        curve[:, 7:] *= 0.05
        robot.control_dofs_position(HOME + 0.3 * curve)
        scene.step()


def microseconds(call: Callable[[], object], times: int = 500) -> float:
    """The median of many."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return 1e6 * sorted(taken)[times // 2]


if __name__ == "__main__":
    print(f"{N} Frankas, {STEPS} steps. The first step compiles, once for each scene.")
    first = make_scene()
    first.get_entity("franka").set_qpos(HOME)
    run(first, "the run that is saved")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "checkpoint.pkl")
        first.save_checkpoint(path)
        size = path.stat().st_size
        run(first, "goes on without a stop")
        second = make_scene()
        second.load_checkpoint(path)
    run(second, "goes on from the checkpoint")

    never_stopped, resumed = first.get_state(), second.get_state()
    sums, again = never_stopped.checksum(), resumed.checksum()
    alike = int((sums == again).sum())

    state, half = resumed.clone(), torch.arange(N) % 2 == 0
    block, rows = state.saved[0], half.nonzero().squeeze(1)
    there, some = torch.empty_like(block), block[rows].clone()
    copy = microseconds(lambda: there.copy_(block))
    copy_half = microseconds(lambda: there.index_copy_(0, rows, some))
    get = microseconds(lambda: second.get_state(out=state))
    reset = microseconds(lambda: second.reset(state=state))
    masked = microseconds(lambda: second.reset(state=state, envs_idx=half))

    print(f"""
{alike} of {N} environments are the same to the last bit, {STEPS} steps after the checkpoint
  checksum of environment 0, never stopped    {sums[0]:>20}
  checksum of environment 0, resumed          {again[0]:>20}
bytes per environment                         {never_stopped.nbytes // N:>20,}
checkpoint of {N} environments [bytes]         {size:>20,}

moving the state of {N} environments [µs, median]      takes   copying its bytes
  get_state                                    {get:>13.1f} {copy:>19.1f}
  reset                                        {reset:>13.1f} {copy:>19.1f}
  masked reset of half                         {masked:>13.1f} {copy_half:>19.1f}""")
    assert alike == N and never_stopped.equal(resumed) and first.t == second.t == 2 * STEPS
    assert not second.rigid_solver.get_error_envs_mask().any()
