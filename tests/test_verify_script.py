"""`genesis-state verify SCENE.py`: the contract on scripts that somebody wrote; `replay`."""

import runpy
from pathlib import Path
from typing import Any

import cli_runs
import pytest
import torch

import genesis_state as gs
from genesis_state.testing.script import check_script

SOLVER = """
import torch
import genesis_state as gs


class BallState(gs.Schema):
    pos = gs.StateVar("Height [m]", ("ball",))
    vel = gs.StateVar("Velocity [m/s]", ("ball",))


class BallSolver(gs.Solver):
    schema = BallState

    def sizes(self):
        return {"ball": 2}

    def start(self):
        self.steps = 0

    def step(self):
        self.steps += 1
        with self.arena.edit("pos", "vel") as (pos, vel):
            vel -= 9.81 * self.dt
            pos += vel * self.dt
            BREAK


gs.init(backend=gs.cpu)
scene = gs.Scene(show_viewer=False)
ball = scene.add_solver(BallSolver())
scene.build(n_envs=3)
with ball.arena.edit("pos") as (pos,):
    pos[:] = torch.rand(3, 2)
for _ in range(1000):
    print("a step")
    scene.step()
"""

MAKE = """
def make():
    scene = gs.Scene()
    scene.add_solver(BallSolver())
    return scene
"""


def check(tmp_path: Path, broken: str, *lines: str) -> dict[str, str | None]:
    script = tmp_path / "scene.py"
    script.write_text(SOLVER.replace("BREAK", broken))
    found: dict[str, str | None] = {}
    good = check_script(
        str(script), lines=lines, said=lambda line, said: found.update({line: said})
    )
    assert good == (set(found.values()) == {None})
    return found


def test_a_script_that_keeps_the_contract(fresh_runtime: None, tmp_path: Path, capsys: Any) -> None:
    lines = tuple(line for line in gs.testing.ALL if line not in ("threads", "file"))
    assert check(tmp_path, "pass", *lines) == dict.fromkeys(lines)
    assert not capsys.readouterr().out, "what the script prints is not shown"


def test_the_first_step_environment_and_variable_that_differ_are_named(
    fresh_runtime: None, tmp_path: Path
) -> None:
    # Sixty steps: a snapshot at 20, and a run on from there in which something counted goes on.
    found = check(tmp_path, "pos[2, 1] += 1.0 if self.steps == 75 else 0.0", "resume")["resume"]
    assert found is not None
    assert "It begins at step 35, in environment 2: BallSolver.pos[1] was " in found
    was, now = (float(word.strip(".,")) for word in found.split(" was ")[1].split(" and is "))
    assert now - was == pytest.approx(1.0, abs=1e-3)


@pytest.mark.slow  # three processes
def test_what_depends_on_threads_is_named_with_its_step(
    fresh_runtime: None, tmp_path: Path
) -> None:
    broken = (
        "pos[1, 0] += (self.steps > 8) * 1e-3 * int(__import__('os').environ.get("
        "'TI_CPU_MAX_NUM_THREADS', 1))"
    )
    found = check(tmp_path, broken, "threads")["threads"]
    assert found is not None and "with 2 threads instead of 1" in found
    assert "It begins at step 9, in environment 1: BallSolver.pos[0] was" in found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", r"builds no gs\.Scene; needs one, and steps of it"),
        (
            SOLVER.replace("BREAK", "pass").replace("range(1000)", "range(3)"),
            "makes 3 steps, needs 6",
        ),
        (
            SOLVER.replace("BREAK", "pass").replace(
                "    scene.step()", "    scene.reset(); scene.step()"
            ),
            r"sets or resets state itself before step \d; needs 6 or more",
        ),
        ("import sys; sys.exit(3)", "ends with status 3"),
    ],
)
def test_a_script_that_cannot_be_checked_is_refused(
    fresh_runtime: None, tmp_path: Path, text: str, message: str
) -> None:
    script = tmp_path / "scene.py"
    script.write_text(text)
    with pytest.raises(ValueError, match=message):
        check_script(str(script), lines=("resume",), said=lambda line, said: None)


def test_the_command_says_so(fresh_runtime: None, tmp_path: Path) -> None:
    script = tmp_path / "scene.py"
    script.write_text(SOLVER.replace("BREAK", "vel[1] += self.steps * 1e-3"))
    text = cli_runs.run("verify", script, status=1).stdout
    assert "scene.py: resume: resume: 20 steps on" in text and "scene.py: permutation: " in text
    found = cli_runs.told("verify", tmp_path / "none.py", status=1)
    assert found["files"][0]["problems"] == [
        f"{tmp_path / 'none.py'}: there is no such file; check the name."
    ]


def test_a_capsule_is_replayed_by_the_command(fresh_runtime: None, tmp_path: Path) -> None:
    script = tmp_path / "scene.py"
    solver = SOLVER.split("gs.init")[0].replace("BREAK", "pos[pos < -4] = torch.nan")
    script.write_text(solver + MAKE)
    scene: gs.Scene = runpy.run_path(str(script))["make"]()
    scene.build(n_envs=5)
    with scene.solvers[0].arena.edit("pos") as (pos,):
        pos[:] = torch.arange(5.0)[:, None]
    guard = scene.guard(tmp_path / "capsules", keep=12, restore="initial")
    for _ in range(100):
        scene.step()
    first = guard.capsules[0]
    assert first.name.startswith("env0_")
    scene.close()
    given = ("--scene", f"{script}:make")
    found = cli_runs.told("replay", first, *given)
    assert found["same"] and found["env"] == 0 and found["not_finite"] == ["BallSolver.pos"]
    assert "bit for bit" in cli_runs.run("replay", first, *given).stdout
    assert "pass a built scene" in cli_runs.run("replay", first, status=2).stderr
    assert (
        "no function 'made'"
        in cli_runs.run("replay", first, "--scene", f"{script}:made", status=2).stderr
    )
