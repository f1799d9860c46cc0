"""Save a checkpoint, load it into a new scene, and go on exactly where the first one was."""

import tempfile
from pathlib import Path

import genesis_state as gs


def make_scene() -> gs.Scene:
    scene = gs.Scene()
    scene.add_entity(gs.morphs.MJCF(file="cartpole.xml"), name="cart")
    scene.build(n_envs=4)
    return scene


def push(scene: gs.Scene, steps: int) -> None:
    """Pushes the cart one way, then the other."""
    for _ in range(steps):
        scene.get_entity("cart").control_actuators(0.3 if scene.t % 40 < 20 else -0.3)
        scene.step()


if __name__ == "__main__":
    scene = make_scene()
    scene.get_entity("cart").set_dofs_position([[0.1], [0.2], [0.3], [0.4]], [1])
    push(scene, 50)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "checkpoint.pkl")
        scene.save_checkpoint(path)
        push(scene, 50)  # this run never stops

        again = make_scene()
        again.load_checkpoint(path)
        push(again, 50)

    assert again.t == scene.t == 100
    assert again.get_state().equal(scene.get_state())
    print("after loading, 50 steps on:", again.get_state().rigid.qpos[:, 1].tolist())
    print("without a stop, the same:  ", scene.get_state().rigid.qpos[:, 1].tolist())
