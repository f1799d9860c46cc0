"""What watches a run: when it is called, that it cannot end it, and what it gathers."""

import importlib
import json
import logging
import struct
import sys
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from training_runs import StopAfter, run, scalars

from genesis_state.training.observers.episode_statistics import EpisodeStatistics
from genesis_state.training.observers.multi_observer import MultiObserver
from genesis_state.training.observers.observer import Observer
from genesis_state.training.scalar_writer import ScalarWriter

METHODS = [name for name in vars(Observer) if not name.startswith("_") and name != "name"]


class Recorder(Observer):
    """Notes every call."""

    def __init__(self, name: str = "recorder") -> None:
        self._name = name
        self.calls: list[tuple[str, tuple[Any, ...]]] = []

    @property
    def name(self) -> str:
        return self._name

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name not in METHODS:
            return found

        def noted(*args: Any) -> Any:
            self.calls.append((name, args))
            return found(*args)

        return noted


@pytest.mark.parametrize("kind", ["toy", "discrete"])
def test_the_runner_calls_observers_in_this_order(kind: str, tmp_path: Path) -> None:
    recorder = Recorder()
    run(tmp_path, kind, observers=[recorder], config={"save_best_after": 100})
    epoch = ["process_infos"] * 8 + ["after_steps", "after_print_stats"]
    start = ["before_init", "after_init", "state_dict"]  # once to see whether it can be saved
    three = epoch * 3 + ["state_dict"]
    assert [name for name, _ in recorder.calls] == start + three + three + ["close"]
    printed = [args for name, args in recorder.calls if name == "after_print_stats"]
    # The agent for continuous actions tells the frames before the epoch.
    first = 0 if kind == "toy" else 64
    assert [args[:2] for args in printed] == [(first + 64 * i, i + 1) for i in range(6)]
    seconds = [args[2] for args in printed]
    assert seconds == sorted(seconds)
    done = [args[1] for name, args in recorder.calls if name == "process_infos"]
    assert all(indices.dtype == torch.int64 and indices.shape[1] == 1 for indices in done)


def test_a_resumed_run_gives_observers_their_state(tmp_path: Path) -> None:
    class Counter(Observer):
        epochs = 0
        seconds: tuple[float, ...] = ()

        def after_print_stats(self, frame: int, epoch_num: int, total_time: float) -> None:
            self.epochs += 1
            self.seconds += (total_time,)

        def state_dict(self) -> dict[str, Any]:
            return {"epochs": self.epochs, "seconds": self.seconds}

        def load_state_dict(self, state: dict[str, Any]) -> None:
            self.epochs, self.seconds = state["epochs"], state["seconds"]

    run(tmp_path, observers=[Counter(), StopAfter(2)])
    recorder, counter = Recorder(), Counter()
    run(tmp_path, observers=[recorder, counter], resume="auto")
    assert counter.epochs == 6
    assert list(counter.seconds) == sorted(counter.seconds)
    assert [name for name, _ in recorder.calls[:3]] == ["before_init", "after_init", "state_dict"]


@pytest.mark.parametrize("method", [name for name in METHODS if name != "after_clear_stats"])
def test_an_observer_that_fails_is_reported_and_switched_off(
    method: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    failed = []

    def fail(*_: Any) -> None:
        failed.append(method)
        raise RuntimeError("the observer is broken")

    class Failing(Observer):
        pass

    setattr(Failing, method, fail)
    recorder = Recorder()
    if method == "load_state_dict":
        run(tmp_path, observers=[Failing(), recorder, StopAfter(3)])
    result = run(tmp_path, observers=[Failing(), recorder], resume="auto")
    assert (result.epoch, result.stopped) == (6, None)
    assert failed == [method]
    assert f"observer Failing: {method} failed, so it is switched off" in caplog.text
    assert "the observer is broken" in caplog.text
    assert recorder.calls[-1][0] == "close"


def test_state_that_cannot_be_saved_switches_an_observer_off(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Odd(Observer):
        def state_dict(self) -> dict[str, Any]:
            return {"x": object()}

    assert run(tmp_path, observers=[Odd()]).epoch == 6
    assert "observer Odd.x: builtins.object cannot be saved" in caplog.text


def test_two_observers_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="observers: Observer stands there twice; give one"):
        MultiObserver([Observer(), Observer()])


def test_a_log_that_fails_is_switched_off(caplog: pytest.LogCaptureFixture) -> None:
    writer = ScalarWriter()
    heard: list[tuple[str, float, int]] = []

    def fail(tag: str, value: float, step: int) -> None:
        raise OSError("disk full")

    writer.add_sink(fail)
    writer.add_sink(lambda *scalar: heard.append(scalar))
    writer.elapsed = 100.0
    writer.add_scalar("a", torch.tensor([2.0]), 3)
    writer.add_scalar("rewards/time", 1.0, 2.5)
    writer.add_scalar("a/time", 1.0, 102.5)
    assert heard == [("a", 2.0, 3), ("rewards/time", 1.0, 102), ("a/time", 1.0, 102)]
    assert caplog.text.count("a log failed and is switched off") == 1


class Algo:
    """What observers use of an agent."""

    ppo_device = "cpu"
    games_to_track = 3

    def __init__(self) -> None:
        self.writer = ScalarWriter()
        self.logged: dict[str, tuple[float, int]] = {}
        self.writer.add_sink(lambda tag, value, step: self.logged.update({tag: (value, step)}))


def step(observer: Observer, done: list[int], **infos: Any) -> None:
    observer.process_infos(infos, torch.tensor(done, dtype=torch.int64).reshape(-1, 1))


def test_statistics_of_episodes() -> None:
    algo, observer = Algo(), EpisodeStatistics()
    observer.after_init(algo)
    work = torch.tensor([1.0, 10.0, 100.0])
    step(observer, [], episode={"d": torch.tensor([1.0, 2.0]), "n": 4}, a={"b": 1, "c": "text"})
    step(observer, [0], episode={"d": torch.tensor(6.0), "n": 5}, episode_cumulative={"w": work})
    step(observer, [], episode_cumulative={"w": work}, a={"b": 2})
    step(observer, [0, 1], episode_cumulative={"w": work}, a={"b": torch.tensor(3.0)}, s=work)
    observer.after_print_stats(640, 5, 7.5)
    assert algo.logged == {
        "Episode/d": (3.0, 5),
        "Episode/n": (4.5, 5),
        "episode_cumulative/w": (11.0, 640),  # of 1, 2 and 30
        "episode_cumulative_min/w_min": (1.0, 640),
        "episode_cumulative_max/w_max": (30.0, 640),
        "a/b/frame": (3.0, 640),
        "a/b/iter": (3.0, 5),
        "a/b/time": (3.0, 7),
    }
    other = EpisodeStatistics()
    other.after_init(Algo())
    other.load_state_dict(observer.state_dict())
    step(other, [2], episode_cumulative={"w": work})
    other.after_print_stats(1, 6, 8.0)
    assert other._algo.logged["episode_cumulative/w"] == (pytest.approx((2 + 30 + 400) / 3), 1)
    assert "Episode/d" not in other._algo.logged


def test_successes_of_each_environment_count_where_its_episode_ended() -> None:
    algo, observer = Algo(), EpisodeStatistics()
    observer.after_init(algo)
    for done in ([1], [0], [], [2], [3]):
        step(observer, done, consecutive_successes=torch.arange(4) * 10)
    observer.after_print_stats(64, 1, 2.0)
    assert algo.logged["consecutive_successes/frame"] == (pytest.approx(50 / 3), 64)


def test_statistics_go_on_with_another_number_of_environments() -> None:
    observer = EpisodeStatistics()
    observer.after_init(Algo())
    step(observer, [], episode_cumulative={"w": torch.ones(2)})
    step(observer, [2], episode_cumulative={"w": torch.ones(3)})
    assert observer.state_dict()["ended"]["w"].tolist() == [1.0]


class FakeRun:
    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.steps: list[tuple[int, dict[str, float]]] = []
        self.finished = False

    def log(self, scalars: dict[str, float], step: int) -> None:
        self.steps.append((step, scalars))

    def finish(self) -> None:
        self.finished = True


@pytest.fixture
def wandb_runs(monkeypatch: pytest.MonkeyPatch) -> list[FakeRun]:
    """The runs that a stand-in of wandb was asked for."""
    runs: list[FakeRun] = []
    module: Any = types.ModuleType("wandb")

    def init(**settings: Any) -> FakeRun:
        runs.append(FakeRun(settings))
        return runs[-1]

    module.init = init
    monkeypatch.setitem(sys.modules, "wandb", module)
    return runs


def test_weights_and_biases_continues_its_run(tmp_path: Path, wandb_runs: list[FakeRun]) -> None:
    wandb = {"project": "p", "mode": "offline"}
    run(tmp_path, wandb=wandb, observers=[StopAfter(4)])
    result = run(tmp_path, wandb=wandb, resume="auto")
    first, second = wandb_runs
    assert len(first.settings["id"]) == 8
    assert first.settings["id"] == second.settings["id"]
    assert first.settings["project"] == "p" and first.settings["mode"] == "offline"
    assert first.settings["resume"] == "allow"
    assert first.settings["config"]["params"]["config"]["num_actors"] == 8
    assert first.finished and second.finished
    assert [step for step, _ in first.steps] == [1, 2, 3, 4]
    assert [step for step, _ in second.steps] == [5, 6]
    # One step has all of an epoch: what comes before `after_print_stats` and what comes after.
    assert {"losses/a_loss", "rewards/step", "Episode/distance", "adr/npd"} <= set(
        first.steps[2][1]
    )
    assert [scalars["info/epochs"] for _, scalars in first.steps] == [1, 2, 3, 4]
    run(tmp_path / "other", wandb=wandb, experiment="other", checkpoint=result.checkpoint)
    assert len(wandb_runs) == 2  # at its end already
    run(tmp_path, wandb=wandb, experiment="more", checkpoint=result.checkpoint, max_epochs=7)
    # Another experiment is another run.
    assert wandb_runs[2].settings["id"] != first.settings["id"]


def offline_records(folder: Path) -> Iterator[Any]:
    """The records in the file of a run of Weights & Biases.

    The file is a log as LevelDB has them: a header of 7 bytes, then blocks of 32 KiB with chunks
    of records, each after its checksum (4 bytes), length (2) and kind (1: whole, 4: the last).
    """
    messages: Any = importlib.import_module("wandb.proto.wandb_internal_pb2")
    (path,) = folder.glob("*.wandb")
    data, at, parts = path.read_bytes(), 7, b""
    while at + 7 <= len(data):
        if 32768 - at % 32768 < 7:  # too little for another chunk
            at += 32768 - at % 32768
            continue
        length, kind = struct.unpack_from("<HB", data, at + 4)
        parts += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):
            yield messages.Record.FromString(parts)
            parts = b""


def logged_offline(folder: Path) -> list[dict[str, float]]:
    """What a run has in its file, a dict for each step; waits for the process that writes it."""
    until = time.monotonic() + 60
    while not any(record.HasField("exit") for record in offline_records(folder)):
        assert time.monotonic() < until, "the file of the run has no end"
        time.sleep(0.05)
    return [
        {".".join(item.nested_key) or item.key: json.loads(item.value_json) for item in items}
        for items in (
            record.history.item for record in offline_records(folder) if record.HasField("history")
        )
    ]


def test_weights_and_biases_itself_works_offline_and_resumes(tmp_path: Path) -> None:
    pytest.importorskip("wandb")
    wandb = {"project": "p", "mode": "offline"}
    run(tmp_path, wandb=wandb, observers=[StopAfter(4)])
    result = run(tmp_path, wandb=wandb, resume="auto")
    folders = sorted((result.directory / "wandb").glob("offline-run-*"))
    ids = {folder.name.rsplit("-", 1)[1] for folder in folders}
    assert len(folders) == 2 and len(ids) == 1
    first, second = map(logged_offline, folders)
    assert [step["epoch"] for step in first] == [1, 2, 3, 4]
    assert [step["epoch"] for step in second] == [5, 6]
    curve = [value for tag, _, value in scalars(result) if tag == "adr/npd"]
    assert [step["adr/npd"] for step in first + second] == pytest.approx(curve)


def test_without_wandb_training_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with caplog.at_level(logging.ERROR):
        assert run(tmp_path, wandb={}).epoch == 6
    assert "wandb is not installed; pip install wandb." in caplog.text


def test_the_bar_shows_epochs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    run(tmp_path, progress=True, observers=[StopAfter(4)])
    assert "4/6" in capsys.readouterr().err
    run(tmp_path, progress=True, resume="auto")
    shown = capsys.readouterr().err
    assert "6/6" in shown and "reward=" in shown
