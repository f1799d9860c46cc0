"""Every example runs and its assertions hold; so do the snippets users know."""

import os
import runpy
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import torch

import genesis_state as gs

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT / "examples" / "matter_pictures.py"
EXAMPLES = sorted(path for path in (ROOT / "examples").glob("*.py") if path != SHARED)
SHORTER = {
    "train": ["num_envs=16", "max_epochs=2", "tensorboard=False"],
    "mpm_tutorial": ["--steps", "80"],
    "sph_tutorial": ["--steps", "12"],
    "pbd_tutorial": ["--steps", "40"],
}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Some start processes of their own, which must find the package too.
    found = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    monkeypatch.setenv("PYTHONPATH", found)
    monkeypatch.setattr(sys, "argv", [str(path), *SHORTER.get(path.stem, [])])
    monkeypatch.syspath_prepend(path.parent)  # as Python itself does
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    gs.destroy()  # as when it runs by itself, so that the kernels it needs may be in the cache
    runpy.run_path(str(path), run_name="__main__")
    assert (tmp_path / f"{path.stem}.png").is_file() == ("pictures" in path.read_text())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_is_one_screen_with_an_assertion(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith('"""')
    assert "assert " in text or "check_contract" in text
    assert len(text.splitlines()) <= 100


# Each as users know it, but for the name of the import. They run one after the other in one
# session; `scene.build` needs a scene that is not built yet, so that one is put there first.
NEW_SCENE = """
scene = gs.Scene()
robot = scene.add_entity(gs.morphs.MJCF(file="franka.xml"))
"""

SNIPPETS = {
    "basic save and load": """
import genesis_state as gs

scene = gs.Scene()
robot = scene.add_entity(gs.morphs.MJCF(file="franka.xml"))
scene.build()

# Simulate
for _ in range(100):
    scene.step()

# Save checkpoint
scene.save_checkpoint("checkpoint.pkl")

# Load in new scene
scene2 = gs.Scene()
robot2 = scene2.add_entity(gs.morphs.MJCF(file="franka.xml"))
scene2.build()
scene2.load_checkpoint("checkpoint.pkl")
""",
    "state objects": """
# Get current state (in-memory)
state = scene.get_state()

# Reset to initial state
scene.reset()

# Reset to custom state
scene.reset(state=state)
""",
    "episode resets": NEW_SCENE
    + """
scene.build(n_envs=N)

# Snapshot initial state
init_state = scene.get_state()

for episode in range(num_episodes):
    scene.reset(state=init_state)

    for step in range(episode_length):
        scene.step()
        obs, reward, done = get_observations()

        # Reset environments where episode ended
        if done.any():
            done_envs = torch.where(done)[0].tolist()
            scene.reset(state=init_state, envs_idx=done_envs)
""",
    "selective reset": NEW_SCENE
    + """
scene.build(n_envs=16)

# Reset all environments
scene.reset()

# Reset specific environments
scene.reset(envs_idx=[0, 2, 5])

# Reset with custom state for specific envs
scene.reset(state=init_state, envs_idx=[1, 3, 7])
""",
    "serialization": """
# Make state serializable (detach from graph)
state = scene.get_state()
state_serializable = state.serializable()

# Now safe to pickle
import pickle
with open("state.pkl", "wb") as f:
    pickle.dump(state_serializable, f)
""",
}


def test_snippets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    gs.destroy()
    session: dict[str, Any] = {
        "torch": torch,
        "N": 16,
        "num_episodes": 2,
        "episode_length": 5,
    }

    def get_observations() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Environments 3 and 5 are done after three steps."""
        scene = session["scene"]
        done = (scene.envs_t == 3) & torch.tensor([e in (3, 5) for e in range(scene.n_envs)])
        return session["robot"].get_qpos(), torch.zeros(scene.n_envs), done

    session["get_observations"] = get_observations

    def run(name: str) -> None:
        exec(compile(SNIPPETS[name], name, "exec"), session)

    run("basic save and load")
    assert session["scene2"].t == 100
    assert session["scene2"].get_state().equal(session["scene"].get_state())
    run("state objects")
    assert session["scene"].get_state().equal(session["state"])
    run("episode resets")
    assert session["scene"].envs_t.tolist() == [2 if e in (3, 5) else 5 for e in range(16)]
    run("selective reset")
    init_state, scene = session["init_state"], session["scene"]
    assert scene.get_state()[[1, 3, 7]].equal(init_state[[1, 3, 7]])
    run("serialization")
    assert session["pickle"].loads(Path("state.pkl").read_bytes()).equal(session["state"])
