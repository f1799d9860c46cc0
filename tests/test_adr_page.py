"""docs/randomization.md: its blocks run in order, and its tables name every key there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from genesis_state.randomization import adr_settings, adr_spec, domain_spec

PAGE = Path(__file__).resolve().parent.parent / "docs" / "randomization.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_blocks_run_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    assert "ranges and results of 3 parameters restored" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("heading", "keys"),
    [
        ("| key | default | |", adr_settings.KEYS),
        ("| key of a parameter | default | |", adr_spec.KEYS),
        ("| key of an entry | |", {*domain_spec.PROPERTY_KEYS, *domain_spec.NOISE_KEYS}),
    ],
)
def test_tables_name_every_key(heading: str, keys: set[str]) -> None:
    below = TEXT[TEXT.index(heading) :].split("\n\n")[0].splitlines()[2:]
    named = {key for row in below for key in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert named == set(keys)
