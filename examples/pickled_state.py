"""Pickle a state, hand it to another process, and go on there."""

import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

import genesis_state as gs


def make_scene(n_envs: int) -> gs.Scene:
    scene = gs.Scene()
    scene.add_entity(gs.morphs.MJCF(file="cartpole.xml"))
    scene.build(n_envs=n_envs)
    return scene


def go_on(scene: gs.Scene) -> list[int]:
    """Twenty steps, then one checksum for each environment."""
    for _ in range(20):
        scene.step()
    return scene.get_state().checksum().tolist()


def worker(path: str) -> None:
    """The other process: it needs two of the five environments."""
    with open(path, "rb") as stream:
        state = pickle.load(stream)  # starts nothing and needs no scene
    scene = make_scene(n_envs=2)
    scene.reset(state=state[[1, 4]])
    print(*go_on(scene))


if __name__ == "__main__" and len(sys.argv) == 2:
    worker(sys.argv[1])
elif __name__ == "__main__":
    scene = make_scene(n_envs=5)
    scene.entities[0].set_dofs_position(torch.linspace(0.1, 0.5, 5)[:, None], [1])
    scene.step()
    state = scene.get_state()

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "state.pkl")
        path.write_bytes(pickle.dumps(state.serializable()))
        there = subprocess.run(
            [sys.executable, __file__, str(path)], capture_output=True, text=True, check=True
        )
    here = go_on(scene)

    assert [int(word) for word in there.stdout.split()] == [here[1], here[4]]
    print("environments 1 and 4 went on alike in both processes:", here[1], here[4])
