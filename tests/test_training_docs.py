"""docs/training.md and docs/tasks.md run as they stand there."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner

from genesis_state.cli import main
from genesis_state.tasks.registry import TASKS, task_class

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = DOCS / "training.md"
TASKS_PAGE = (DOCS / "tasks.md").read_text(encoding="utf-8")


# A command of the page is made short by these.
SHORT = ("num_envs=16", "max_epochs=2", "task.episode_length=20")


def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))  # commands add their folder
    torch.set_num_threads(1)
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"^```(\w+)\n(.*?)^```", text, re.M | re.S)
    kinds = [kind for kind, _ in blocks]
    assert [kinds.count(kind) for kind in ("python", "yaml", "console")] == [5, 2, 2]
    names: dict[str, Any] = {}
    for kind, block in blocks:
        file = re.match(r"# (\S+)\n", block)
        if file is not None:
            path = Path(file[1])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block)
        elif kind == "python":
            exec(compile(block, str(PAGE), "exec"), names)
        else:
            for command in re.findall(r"^\$ genesis-state (.*)$", block, re.M):
                result = CliRunner().invoke(main, [*command.split(), *SHORT])
                assert result.exit_code == 0, (command, result.output, result.exception)
    files = {path.name for path in (tmp_path / "runs" / "Reach" / "nn").iterdir()}
    assert {"Reach.pth", "best.pth", "last.pth"} < files
    assert (tmp_path / "runs" / "Balance" / "nn" / "last.pth").is_file()
    sys.modules.pop("balance", None)


def test_the_page_on_tasks_runs() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", TASKS_PAGE, re.M | re.S)
    assert len(blocks) == 3
    exec(compile("\n".join(blocks), "docs/tasks.md", "exec"), {"__name__": "page"})


def test_the_table_of_tasks_is_that_of_their_classes() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .*? \| (\d+), (\d+|–), (\d+) \|$", TASKS_PAGE, re.M)
    assert [name for name, *_ in rows] == list(TASKS)
    for name, *sizes in rows:
        task: Any = task_class(name)
        wanted = (task.num_observations, task.num_states, task.num_actions)
        assert tuple(0 if size == "–" else int(size) for size in sizes) == wanted
