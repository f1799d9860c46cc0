"""`genesis-state replay`: the failure in a capsule, again."""

from __future__ import annotations

import runpy
from typing import TYPE_CHECKING, Any

import click

from genesis_state import checkpoint
from genesis_state.cli.command import Command, as_json
from genesis_state.cli.text import say, say_json
from genesis_state.text import printable

if TYPE_CHECKING:
    from genesis_state.scene import Scene


@click.command("replay", cls=Command)
@click.argument("capsule", type=click.Path())
@click.option(
    "--scene",
    "script",
    metavar="SCRIPT.py:FUNCTION",
    help="What makes the unbuilt scene, for one with solvers of your own.",
)
@as_json
@click.pass_context
def replay_command(ctx: click.Context, capsule: str, script: str | None, as_json: bool) -> None:
    """Make the last steps of an environment that failed again, alone.

    CAPSULE is a file that scene.guard() wrote. Its scene is made again from what the file says of
    it, with one environment, and stepped as it was.

    Exit status: 0 if the failure is the recorded one, bit for bit; 1 if it is not.

    \b
    Example:
      genesis-state replay capsules/env700_t17.capsule.npz
    """
    with checkpoint.open(capsule) as stored:
        backend, precision = stored.manifest.get("backend"), stored.manifest.get("precision")
    # Taichi and torch take seconds to load: not before it is known that the file is one.
    import genesis_state as gs

    try:
        gs.init(backend=gs.cpu if backend is None else backend, precision=precision or "32")
        found = gs.replay(capsule, None if script is None else _scene(script))
    except RuntimeError as error:
        raise ValueError(str(error)) from error
    if as_json:
        say_json(
            {
                "same": found.same,
                "env": found.env,
                "t": found.t,
                "reason": found.reason,
                "steps": len(found.history) - 1,
                "parted": found.parted,
                "not_finite": found.not_finite,
                "differences": [str(difference) for difference in found.differences],
            }
        )
    else:
        say(printable(str(found)))
    ctx.exit(0 if found.same else 1)


def _scene(script: str) -> Scene:
    """The built scene of one environment that a script's function makes."""
    path, _, name = script.rpartition(":")
    if not path or not name.isidentifier():
        raise ValueError(
            f"--scene: {script!r}, needs a script and a function: scene.py:make_scene."
        )
    made: dict[str, Any] = runpy.run_path(path)
    if not callable(made.get(name)):
        raise ValueError(f"--scene: {path} has no function {name!r}; check the name.")
    scene: Scene = made[name]()
    if not scene.is_built:
        scene.build(n_envs=1)
    return scene
