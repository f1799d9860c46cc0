"""Tables of the docs say what the code, the contract suite and the benchmarks say."""

from __future__ import annotations

import re
from typing import Any

import doc_pages
import pytest
import test_contract

import genesis_state as gs
from docs import guarantee, measured, state
from genesis_state import assembly
from genesis_state.randomization import adr_settings, adr_spec, domain_spec
from genesis_state.tasks.registry import TASKS, task_class

DOCS = doc_pages.DOCS
API = "\n".join(page.read_text(encoding="utf-8") for page in (DOCS / "api").glob("*.md"))


def text_of(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def rows_below(heading: str, text: str) -> list[list[str]]:
    """The cells of the table below a row of headings, without the line of dashes."""
    lines = text[text.index(heading) :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize(
    ("heading", "keys"),
    [
        ("| key | default | |", adr_settings.KEYS),
        ("| key of a parameter | default | |", adr_spec.KEYS),
        ("| key of an entry | |", {*domain_spec.PROPERTY_KEYS, *domain_spec.NOISE_KEYS}),
    ],
)
def test_tables_of_randomization_name_every_key(heading: str, keys: set[str]) -> None:
    rows = rows_below(heading, text_of("randomization.md"))
    assert {key for row in rows for key in re.findall(r"`(\w+)`", row[0])} == set(keys)


def test_table_of_tasks_is_that_of_their_classes() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .*? \| (\d+), (\d+|–), (\d+) \|$", text_of("tasks.md"), re.M)
    assert [name for name, *_ in rows] == list(TASKS)
    for name, *sizes in rows:
        task: Any = task_class(name)
        wanted = (task.num_observations, task.num_states, task.num_actions)
        assert tuple(0 if size == "–" else int(size) for size in sizes) == wanted


def test_table_of_public_variables_is_that_of_the_schemas() -> None:
    wanted = []
    for solver in assembly.own_solvers():
        variables = solver.schema.variables().items()
        names = [f"`{name}`" for name, var in variables if var.role == "state"]
        wanted.append([f"`{solver.__name__}`", ", ".join(names)])
    lines = "\n".join(f"| {' | '.join(row)} |" for row in wanted)
    found = rows_below("| solver | public variables |", text_of("checkpoints.md"))
    assert found == wanted, f"the table should be\n{lines}"


def test_page_on_states_is_that_of_the_schemas() -> None:
    assert state.PAGE.read_text(encoding="utf-8") == state.document(), "run python docs/state.py"


def test_page_on_the_guarantee_is_that_of_the_results() -> None:
    wanted = guarantee.document(guarantee.load(), guarantee.contract_lines())
    assert guarantee.PAGE.read_text(encoding="utf-8") == wanted, "run python docs/guarantee.py"


def test_every_line_was_run_and_held() -> None:
    results = guarantee.load()
    for suite in ("cpu-32", "cpu-64", "vulkan-32"):
        cases = results[suite]["cases"]
        broken = [case for case in cases if set(cases[case].values()) != {"passed"}]
        assert not broken, f"{suite}: {broken} did not hold"
        run = {line for lines in cases.values() for line in lines}
        missing = set(gs.testing.ALL) - run - ({"transport"} if suite == "vulkan-32" else set())
        how = f"python docs/guarantee.py run --on {suite} -m '' -k 'LINE'"
        assert not missing, f"there is no result of {sorted(missing)}; {how} adds it"


def test_every_scene_of_the_suite_is_described() -> None:
    assert set(test_contract.SUBJECTS) <= set(guarantee.SCENES)


def test_results_are_read_from_a_report_of_pytest() -> None:
    report = """<testsuites><testsuite>
      <testcase name="test_contract[cushion, implicit-7-file]"/>
      <testcase name="test_contract[chain-1-poison]"><failure message="x"/></testcase>
      <testcase name="test_contract[chain-7-batch]"><skipped/></testcase>
      <testcase name="test_contract[('resume', 'poison')]"/>
    </testsuite></testsuites>"""
    found = guarantee.outcomes(report)
    assert found == {
        "cushion, implicit 7": {"file": "passed"},
        "chain 1": {"poison": "failed"},
        "cartpole 4": {"resume": "passed", "poison": "passed"},
    }
    old = {"date": "then", "on": {"taichi": "1"}, "cases": {"chain 1": {"poison": "passed"}}}
    new = {"date": "now", "on": {"taichi": "1"}, "cases": found}
    assert guarantee.merged(old, new)["cases"]["chain 1"] == {"poison": "failed"}
    assert guarantee.merged({**old, "on": {"taichi": "2"}}, new) == new
    page = guarantee.document({"cpu-32": new}, {"poison": "It holds."})
    assert "| `poison` | It holds. | 1 of 2 | never run |" in page


@pytest.mark.parametrize("page", doc_pages.PAGES, ids=lambda page: page.stem)
def test_figures_are_those_of_the_results(page: Any) -> None:
    text = page.read_text(encoding="utf-8")
    assert measured.written(text) == text, "run python docs/measured.py"


@pytest.mark.parametrize(
    "module",
    ["", "checkpoint", "geom", "materials", "morphs", "options", "sensors", "testing"],
)
def test_reference_has_every_public_name(module: str) -> None:
    owner = getattr(gs, module) if module else gs
    if f":: genesis_state.{module}\n" in API:
        return  # all of the module
    for name in owner.__all__:
        path = f"{module}.{name}".lstrip(".")
        paths = {path, name} if name in gs.__all__ else {path}
        assert any(documented(path) for path in paths), f"gs.{path} is in no page of docs/api"


def documented(path: str) -> bool:
    """Whether there is a directive for it, or a word about it."""
    return f":: genesis_state.{path}\n" in API or bool(re.search(rf"\bgs\.{path}\b", API))
