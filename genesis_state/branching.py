"""Steps that are taken back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from genesis_state.rollout import Recorder, read_controls
from genesis_state.state import SimState

if TYPE_CHECKING:
    from genesis_state.scene import Scene


@contextmanager
def branch(scene: Scene) -> Iterator[None]:
    """See `Scene.branch`."""
    scene._require_built()
    start = scene.get_state(params=True)
    followers, scene._followers = scene._followers, []
    try:
        with scene._memory.untracked():
            try:
                yield
            finally:
                if not scene.closed:
                    scene.reset(start, params=True)
    finally:
        scene._followers = followers


def rollout(
    scene: Scene, controls: Any, state: SimState | None, record: Sequence[str]
) -> dict[str, torch.Tensor]:
    """See `Scene.rollout`."""
    scene._require_built()
    steps = read_controls(scene, controls)
    recorder = Recorder(scene._memory, record, len(steps))
    with branch(scene):
        if state is not None:
            scene.reset(state, params=isinstance(state, SimState) and state.params is not None)
        for t, control in enumerate(steps):
            control()
            scene.step()
            recorder.take(t)
    return recorder.found
