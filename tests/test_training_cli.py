"""`genesis-state train`: what it composes, runs, refuses, and how it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from genesis_state.cli import main
from genesis_state.tasks.registry import TASKS, task_class
from genesis_state.tasks.settings import Settings
from genesis_state.training import training_checkpoint
from genesis_state.training.hydra_config import FOLDER, compose, train_config
from genesis_state.training.run_directory import event_files

ROOT = Path(__file__).resolve().parent.parent
TASK_FILES = sorted(file.stem for file in FOLDER.glob("task/*.yaml"))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))  # the command adds its folder


def train(*args: str, status: int = 0) -> Result:
    result = CliRunner().invoke(main, ["train", *args])
    assert result.exit_code == status, (result.output, result.exception)
    return result


# What is composed


@pytest.mark.parametrize("envs", [None, 64])
@pytest.mark.parametrize("task", TASK_FILES)
def test_every_task_composes_with_its_training(task: str, envs: int | None) -> None:
    config: Any = compose([f"task={task}", *([f"num_envs={envs}"] if envs else [])])
    assert config.task.name in TASKS and callable(task_class(config.task.name))
    rl_games = config.train.params.config
    assert rl_games.num_actors == config.task.num_envs == (envs or config.task.num_envs)
    for part in (rl_games, rl_games.get("central_value_config")):
        if part is not None:
            of_each = part.get("minibatch_size_per_env", 0) * rl_games.num_actors
            batch = rl_games.horizon_length * rl_games.num_actors
            assert batch % part.get("minibatch_size", of_each) == 0, "does not follow num_envs"
    assert rl_games.get("max_epochs", -1) > 0
    assert set(config.task) - {"name", "num_envs"} >= {"episode_length", "control_frequency_inv"}


def test_overrides_arrive_where_they_belong() -> None:
    config = compose(
        [
            *("num_envs=64", "max_iterations=7", "seed=5", "experiment=mine", "threads=2"),
            *("task.max_push=3", "+task.mine=1", "train.params.config.gamma=0.9"),
            *("checkpoint='runs/a b/last_N_ep=1rew[2].pth'", "keep=3", "sigma=-1.5"),
        ]
    )
    found: Any = train_config(config)
    assert (found.num_envs, found.max_epochs, found.seed_used, found.threads) == (64, 7, 5, 2)
    assert (found.experiment, found.keep, found.sigma) == ("mine", 3, -1.5)
    assert found.checkpoint == "runs/a b/last_N_ep=1rew[2].pth"
    own = found.env.args[0]
    assert (own["max_push"], own["mine"]) == (3, 1) and not own.keys() & {"name", "num_envs"}
    assert Settings.of(own, "Cartpole").episode_length == 500
    params = found.rl_games_params()
    assert params["config"]["gamma"] == 0.9 and params["config"]["max_epochs"] == 7
    assert found.as_dict()["extra"]["task"]["max_push"] == 3


def test_max_epochs_and_its_other_name() -> None:
    for override in ("max_epochs=9", "max_iterations=9"):
        assert train_config(compose([override])).max_epochs == 9


def test_the_config_is_printed_and_nothing_is_run() -> None:
    text = train("--cfg", "job", "num_envs=64", "max_epochs=5").stdout
    assert "\nnum_envs: 64\nmax_epochs: 5\n" in text
    assert "      num_actors: 64\n" in text
    assert not Path("runs").exists()


# What is refused


@pytest.mark.parametrize(
    ("override", "text"),
    [
        ("headless=True", "headless: there is no such setting; --cfg job prints all that there"),
        ("task.foo=1", "task.foo: there is no such setting; --cfg job prints all that there are; "),
        ("+headless=True", "headless: there is no such setting; "),
        ("task=Nope", "task/Nope.yaml: there is no such file; there are "),
        ("cartpole", "cartpole: is no override (missing EQUAL at '<EOF>'); give key=value, "),
        ("seed=1,2", "seed=1,2: several values would be several runs; start each with a command"),
        ("hydra.run.dir=x", "hydra.run.dir: only hydra.searchpath is used of hydra's own "),
        ("experiment=${nope}", "Interpolation key 'nope' not found"),
        ("num_envs=many", "num_envs: 'many', needs a whole number of at least 1, or None."),
        ("test=yess", "test: 'yess', needs True or False."),
        ("sigma=small", "sigma: 'small', needs a number, or None."),
        ("task.name=Nope", "name: 'Nope' is no task; it is one of Cartpole, "),
        ("task.name=no.such:Task", "name: 'no.such:Task': there is no module no; install it, or"),
        ("task.name=os:path", "name: 'os:path': os has no class path; check it."),
        ("backend=tpu", "gs.init: backend is 'tpu', needs one of "),
        ("checkpoint=no.pth", "no.pth: there is no such file; check the name."),
        ("test=True", "runs/Cartpole: has no checkpoint to play; train first, or name one."),
    ],
)
def test_what_cannot_be_is_one_sentence(override: str, text: str) -> None:
    result = train(override, status=2)
    assert result.stderr.startswith(f"Error: {text}"), result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == "" and not Path("runs").exists()


def test_weights_and_biases_has_to_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    offline = ("wandb_activate=True", "wandb_mode=offline")
    found: Any = None
    monkeypatch.setattr("genesis_state.training.hydra_config.find_spec", lambda _: found)
    assert "wandb is not installed; pip install wandb, or" in train(*offline, status=2).stderr
    found = ModuleSpec("wandb", None)  # of the folder that wandb makes where it runs
    assert "wandb is not installed; pip install wandb, or" in train(*offline, status=2).stderr
    found.origin = "wandb/__init__.py"
    assert train_config(compose(offline)).wandb == {"project": "genesis_state", "mode": "offline"}


def test_help_starts_nothing_and_a_missing_extra_is_named() -> None:
    code = """
import sys
from genesis_state.cli import main
sys.modules["hydra"] = None
main(["train", "--help"], standalone_mode=False)
heavy = ("taichi", "torch", "omegaconf", "rl_games", "genesis_state.training.run")
print([name for name in heavy if name in sys.modules])
main(["train"])
"""
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert ended.stdout.splitlines()[-1] == "[]"
    assert "Tasks:\n  " + ", ".join(TASK_FILES) in ended.stdout
    assert ended.stderr == (
        "Error: train needs hydra, which is not installed; pip install 'genesis-state[train]'.\n"
    )
    assert ended.returncode == 2


# What is run


def test_a_run_is_made_resumed_and_played() -> None:
    said = train("num_envs=16", "max_epochs=2").stdout.splitlines()
    assert said[-1] == "runs/Cartpole/nn/last.pth: epoch 2, no best reward yet"
    assert len(list(event_files(Path("runs/Cartpole/summaries")))) == 1
    assert "holds a run; go on with resume=auto" in train("num_envs=16", status=2).stderr

    longer = ("num_envs=16", "max_epochs=4", "train.params.config.save_best_after=1")
    result = train(*longer, "resume=auto")
    assert "runs/Cartpole/nn/last.pth: the run goes on from there." in result.stderr
    last = result.stdout.splitlines()[-1]
    assert last.startswith("runs/Cartpole/nn/last.pth: epoch 4, best reward ")
    assert training_checkpoint.read("runs/Cartpole/nn/last.pth")["epoch"] == 4

    played = train("num_envs=16", "task.episode_length=20", "test=True").stdout.splitlines()[-1]
    assert played.startswith("runs/Cartpole/nn/last.pth: epoch 4, mean reward ")
    assert played.endswith(", mean episode length 20 of 16 episodes")


@pytest.fixture
def own_task() -> Iterator[tuple[str, ...]]:
    """A task of somebody's, with its files, and how it is named."""
    Path("conf/task").mkdir(parents=True)
    Path("conf/train").mkdir()
    Path("somebodys.py").write_text(
        "from training_toy import Toy\n"
        "class Point(Toy):\n"
        "    def __init__(self, config, num_envs, seed=0):\n"
        "        super().__init__(num_envs, seed)\n"
        "        self.limit = config['limit']\n"
        "    def step(self, actions):\n"
        "        if self.calls == self.limit:\n"
        "            raise ValueError('the task is wrong')\n"
        "        return super().step(actions)\n"
    )
    Path("conf/task/Point.yaml").write_text("name: somebodys:Point\nnum_envs: 8\nlimit: null\n")
    Path("conf/train/PointPPO.yaml").write_text(
        "defaults: [CartpolePPO, _self_]\nparams: {config: {name: point, max_epochs: 2}}\n"
    )
    yield ("task=Point", "threads=1")
    sys.modules.pop("somebodys", None)


def test_a_task_of_ones_own_is_found(own_task: tuple[str, ...]) -> None:
    for where in (("--config-dir", "conf"), (f"hydra.searchpath=['{os.getcwd()}/conf']",)):
        said = train(*where, *own_task, f"experiment=a{len(where)}").stdout
        assert said.splitlines()[-1].startswith(f"runs/a{len(where)}/nn/last.pth: epoch 2, ")
    there = f"there are {', '.join(TASK_FILES)}, and --config-dir"
    assert there in train(*own_task, status=2).stderr
    # An error in somebody's code is looked for with its traceback.
    result = train("--config-dir", "conf", *own_task, "task.limit=9", "experiment=b", status=1)
    assert "Traceback" in result.stderr and "somebodys.py" in result.stderr
    assert result.stderr.endswith("ValueError: the task is wrong\n")


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_sigterm_saves_and_says_so(own_task: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "genesis_state", "train", "--config-dir", "conf", *own_task]
    run = subprocess.Popen(
        [*command, "max_epochs=-1", "train.params.config.save_frequency=5"],
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        last, end = Path("runs/point/nn/last.pth"), time.monotonic() + 120
        while not last.exists() and run.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        run.send_signal(signal.SIGTERM)
        output, errors = run.communicate(timeout=60)
    finally:
        run.kill()
    assert run.returncode == 128 + signal.SIGTERM, errors
    epoch = training_checkpoint.read(last)["epoch"]
    assert output.splitlines()[-1].startswith(f"{last}: epoch {epoch}, ")
    assert "SIGTERM: the epoch is ended and saved" in errors
