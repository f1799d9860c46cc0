"""What every command has: `--json`, errors in one sentence, and status 2 for them."""

from __future__ import annotations

from typing import Any

import click

from genesis_state.text import printable

TROUBLE = 2
_INTERRUPTED = 130  # as shells have it; 1 would mean that diff found a difference

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
force = click.option("--force", is_flag=True, help="Replace the file if there is one.")


class Trouble(click.ClickException):
    """A user's error: its sentence goes to stderr."""

    exit_code = TROUBLE

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


class Command(click.Command):
    """A command whose errors about files are sentences and not tracebacks."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # click ends quietly when the reader of a pipe has gone
        except (OSError, ValueError) as error:
            raise Trouble(sentence(error)) from error
        except MemoryError as error:
            raise Trouble(
                "there is not enough memory to hold the arrays; use a machine with more."
            ) from error
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(_INTERRUPTED)


def sentence(error: OSError | ValueError) -> str:
    """What an error says to a user, with the name of the file."""
    if not isinstance(error, OSError) or error.filename is None:
        return str(error)
    if isinstance(error, FileNotFoundError):
        return f"{error.filename}: there is no such file; check the name."
    if isinstance(error, PermissionError):
        return f"{error.filename}: {error.strerror}; change its permissions, or name another."
    return f"{error.filename}: {error.strerror}."
