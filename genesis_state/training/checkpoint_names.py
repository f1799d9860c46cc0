"""What the names of a run's checkpoints say: ours, and those that rl_games gives."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

SUFFIX = ".pth"
LAST = "last"
BEST = "best"

_NUMBER = r"-?(?:\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|inf|nan)"
_FORMS = tuple(
    re.compile(form.replace("REWARD", f"(?P<reward>{_NUMBER})"))
    for form in (
        r"last_(?P<name>.+)ep(?P<epoch>\d+)rewREWARD\.pth",
        # rl_games 1.6.5: periodic; at the end; out of frames; and its older releases.
        r"last_(?P<name>.+)_ep_(?P<epoch>\d+)_rew_[_\[]?REWARD[_\]]?\.pth",
        r"last_(?P<name>.+)_frame_\d+_rew_[_\[]?REWARD[_\]]?\.pth",
        r"last_(?P<name>.+)ep=(?P<epoch>\d+)rew=?\[?REWARD\]?\.pth",
    )
)


@dataclass(frozen=True)
class NumberedName:
    """What the name of a periodic checkpoint says.

    Attributes:
        name: Name of the training, `config.name` of rl_games.
        epoch: Epochs done; None where the name has frames instead.
        reward: Mean reward of the last episodes; -inf if none had ended.
    """

    name: str
    epoch: int | None
    reward: float


def numbered_name(name: str, epoch: int, reward: float) -> str:
    """The file name of a periodic checkpoint: `last_<name>ep<epoch>rew<reward>.pth`."""
    return f"last_{name}ep{epoch}rew{_text(reward)}{SUFFIX}"


def read_numbered_name(file: str) -> NumberedName | None:
    """What a file name says, ours or one of rl_games; None if it is no periodic checkpoint's.

    rl_games 1.6.5 writes `last_<name>_ep_<N>_rew_<R>.pth`, `last_<name>_ep_<N>_rew__<R>_.pth` at
    the end and `last_<name>_frame_<F>_rew__<R>_.pth` when it runs out of frames; older releases
    wrote `last_<name>ep=<N>rew[<R>].pth`. A name that looks like a number itself ends at the last
    place that fits.
    """
    for form in _FORMS:
        found = form.fullmatch(file)
        if found is not None:
            parts = found.groupdict()
            epoch = parts.get("epoch")
            number = None if epoch is None else int(epoch)
            return NumberedName(parts["name"], number, float(parts["reward"]))
    return None


def _text(reward: float) -> str:
    """A number as rl_games writes it, in the fewest digits of single precision."""
    return str(np.float32(reward))
