"""Whether this process belongs to a notebook."""

from __future__ import annotations

import sys


def in_notebook() -> bool:
    """Whether this is the kernel of a notebook, whose output is no terminal but is looked at."""
    return "ipykernel" in sys.modules


def hidden() -> bool | None:
    """The `disable` of a progress bar: shown in a notebook, elsewhere where there is a terminal."""
    return False if in_notebook() else None
