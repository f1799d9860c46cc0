"""Genesis' options of what is drawn: taken, so that scripts run, and mostly without effect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Unseen:
    """What only concerns pictures: any keyword is taken and kept in `given`; nothing is shown."""

    def __init__(self, **given: Any):
        self.given: Mapping[str, Any] = given

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.given.items())})"


class ViewerOptions(Unseen):
    """Genesis' viewer settings.

    `camera_pos`, `camera_lookat`, `camera_up` and `camera_fov` say where views and pictures look
    from, if the first is among them. The rest is taken so that scripts run.
    """


class VisOptions(Unseen):
    """Genesis' rendering settings, taken so that scripts run. This package renders nothing."""


class ProfilingOptions(Unseen):
    """Genesis' settings of what it prints about its speed. This package prints nothing."""
