"""What of a page of the docs runs, and running it.

    ```python          runs; the blocks of a page share their names, as in one session
    ```output          what the block before it printed; ... stands for anything
    ```yaml            a file, if its first line is a comment that names it; so is a python block
    ```console         lines `$ genesis-state …` run where the page has said `run with`

Comments, which a reader of the page does not see, say what differs:

    <!-- not run: why -->                    of the block below it
    <!-- run with: num_envs=16 -->           of all commands below it, which get these arguments too
    <!-- run
    code                                     runs, and is not shown
    -->
"""

from __future__ import annotations

import contextlib
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from genesis_state.cli import main

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGES = sorted(DOCS.glob("**/*.md"))

_BLOCK = re.compile(
    r"^```(?P<kind>\w+)\n(?P<text>.*?)^```|^<!-- (?P<said>[\w ]+?)(?::(?P<with>[^\n]*?))?"
    r"(?:\n(?P<hidden>.*?))? ?-->",
    re.MULTILINE | re.DOTALL,
)
_FILE = re.compile(r"# (\S+\.\w+)\n")


@dataclass(frozen=True)
class Block:
    """A block that runs, or what one has to print, or a comment that says something."""

    kind: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    """Those of a page, in order."""
    source = page.read_text(encoding="utf-8")
    found, skipped = [], False
    for match in _BLOCK.finditer(source):
        said, kind = match["said"], match["kind"]
        start = "hidden" if said == "run" else "text"
        line = source.count("\n", 0, match.start(start) if match[start] else match.start())
        if said == "not run":
            skipped = True
        elif said == "run":
            found.append(Block("python", match["hidden"] or "", line))
        elif said == "run with":
            found.append(Block(said, match["with"].strip(), line))
        elif said:
            assert said in ("figures", "end of figures"), f"{page}:{line}: what is {said!r}?"
        elif skipped:
            skipped = False
        else:
            found.append(Block(kind, match["text"], line))
    return found


def runs(page: Path) -> bool:
    """Whether anything of it does."""
    return any(block.kind == "python" for block in blocks(page))


def run(page: Path) -> None:
    """Runs a page in the folder that is current, as somebody would who pastes block after block."""
    names: dict[str, Any] = {"__name__": "page"}
    printed, arguments = "", None
    for block in blocks(page):
        file = _FILE.match(block.text)
        if block.kind == "run with":
            arguments = block.text.split()
        elif block.kind in ("python", "yaml") and file is not None:
            path = Path(file[1])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        elif block.kind == "python":
            # The lines before it are left empty, so that a traceback names the line of the page.
            code = compile("\n" * block.line + block.text, str(page), "exec")
            with contextlib.redirect_stdout(io.StringIO()) as stdout:
                exec(code, names)
            printed = stdout.getvalue()
        elif block.kind == "output":
            assert agree(block.text, printed), f"{page}:{block.line} printed\n{printed}"
        elif block.kind == "console" and arguments is not None:
            for command in re.findall(r"^\$ genesis-state (.*)$", block.text, re.MULTILINE):
                result = CliRunner().invoke(main, [*command.split(), *arguments])
                assert result.exit_code == 0, (command, result.output, result.exception)


def agree(wanted: str, printed: str) -> bool:
    """Whether the words are the same, `...` being any; how they are spaced does not matter."""
    pattern = ".*?".join(re.escape(" ".join(part.split())) for part in wanted.split("..."))
    return re.fullmatch(pattern.replace(r"\ ", " "), " ".join(printed.split())) is not None
