"""What keeps the evidence when an environment fails, and lets the others go on."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from genesis_state.recording.capsule import write_capsule
from genesis_state.recording.failures import Failures, is_sound
from genesis_state.recording.history import History
from genesis_state.state import SimState

if TYPE_CHECKING:
    from genesis_state.scene import Scene

_log = logging.getLogger("genesis_state")

RESTORES = ("last_good", "initial", None)


class Guard:
    """Follows a scene; see `Scene.guard`.

    Attributes:
        folder: Where capsules go.
        capsules: Those written so far, in order.
        failures: How many environments failed so far.
    """

    def __init__(
        self,
        scene: Scene,
        folder: str | os.PathLike[str],
        keep: int,
        predicate: Callable[[Scene], torch.Tensor] | None,
        restore: str | None,
        most: int,
    ):
        if restore not in RESTORES:
            raise ValueError(
                f'guard: restore is {restore!r}, needs "last_good", "initial" or None.'
            )
        if isinstance(most, bool) or not isinstance(most, int) or most < 0:
            raise ValueError(f"guard: most is {most!r}, needs a number of files, 0 or more.")
        self.folder = Path(folder)
        self.capsules: list[Path] = []
        self.failures = 0
        self._most = most
        self._restore = restore
        self._keep = keep
        # What it keeps is bounded by its steps.
        self._history = History(scene, keep, float("inf"), checksums=True)
        self._failures = Failures(scene, predicate)

    def edited(self, touched: Mapping[str, list[str]]) -> None:
        """Variables were written, by owner."""
        self._history.edited(touched)
        if not self._history.scene._memory.only_commands(touched):
            self._failures.known()  # an environment may be sound again

    def before_step(self) -> None:
        """Keeps what was written since the last step."""
        self._history.before_step()

    def after_step(self) -> None:
        """Looks for environments that failed, and deals with them."""
        history = self._history
        history.after_step()
        timeline = history.timeline
        while len(timeline.keyframes) > 1 and timeline.keyframes[1].moment <= (
            history.now - self._keep
        ):
            timeline.drop_first()
        if fresh := self._failures.fresh():
            self._deal_with(fresh)

    def stop(self) -> None:
        """Ends the watch."""
        followers = self._history.scene._followers
        if self in followers:
            followers.remove(self)

    def _deal_with(self, fresh: dict[str, torch.Tensor]) -> None:
        scene = self._history.scene
        reasons: dict[int, list[str]] = {}
        for reason, mask in fresh.items():
            for env in mask.nonzero()[:, 0].tolist():
                reasons.setdefault(env, []).append(reason)
        failed = scene.get_state(params=True)
        for env in sorted(reasons):
            self.failures += 1
            self._keep_evidence(env, "; ".join(reasons[env]), failed)
        if self._restore is not None:
            envs = sorted(reasons)
            initial = self._restore == "initial"
            rows = [scene._initial[env] if initial else self._last_good(env) for env in envs]
            scene.reset(SimState.cat(rows), envs_idx=envs, params=True)
            self._failures.known()

    def _last_good(self, env: int) -> SimState:
        """The earliest sound state of an environment that is kept; one row."""
        first, *later = self._history.timeline.keyframes
        # Of a moment at which something failed, that after it was restored comes first.
        edited = bool(later) and later[0].moment == first.moment
        kept = [later[0], first, *later[1:]] if edited else [first, *later]
        found = (keyframe.load()[env] for keyframe in kept)
        return next((row for row in found if is_sound(row)), self._history.scene._initial[env])

    def _keep_evidence(self, env: int, reason: str, failed: SimState) -> None:
        if len(self.capsules) == self._most:
            if self.failures == self._most + 1:
                _log.warning(f"guard: {self._most} capsules are written, there will be no more.")
            return
        scene = self._history.scene
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"env{env}_t{scene.t}.capsule.npz"
        number = 2
        while path.exists():
            path = self.folder / f"env{env}_t{scene.t}_{number}.capsule.npz"
            number += 1
        write_capsule(path, scene, self._history.timeline.of_env(env), env, reason, failed[env])
        self.capsules.append(path)
        _log.warning(f"environment {env} failed at t={scene.t}: {reason}; kept as {path}.")
