"""Which environments failed in a step, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from genesis_state.arena import Arena
from genesis_state.state import SimState

if TYPE_CHECKING:
    from genesis_state.scene import Scene

FLAGS = {
    "error": "its state stopped being one: a number is not finite, or beyond all bounds",
    "overflow": "more contacts than there is room for",
}
"""Variables by which solvers say that an environment failed."""


class Failures:
    """Looks at a scene after each step.

    Args:
        scene: The scene.
        predicate: predicate(scene) gives bools of shape (n_envs,): which of them failed.
    """

    def __init__(self, scene: Scene, predicate: Callable[[Scene], torch.Tensor] | None):
        self._scene = scene
        self._predicate = predicate
        self._known: dict[str, torch.Tensor] = {}
        self.known()

    def known(self) -> None:
        """Takes what has failed by now as known."""
        self._known = self._found()

    def fresh(self) -> dict[str, torch.Tensor]:
        """Environments that failed since they were known, by reason: bools of shape (n_envs,)."""
        found = self._found()
        new = {reason: mask & ~self._known[reason] for reason, mask in found.items()}
        self._known = found
        return {reason: mask for reason, mask in new.items() if bool(mask.any())}

    def _found(self) -> dict[str, torch.Tensor]:
        found: dict[str, torch.Tensor] = {}
        for arena in self._scene._memory.arenas:
            flags = [name for name in FLAGS if name in arena.saved.layout]
            for name in flags:
                found[f"{arena.name}: {FLAGS[name]}"] = arena.get(name)
            if "error" not in flags and any(
                v.role == "state" for v in arena.layout.saved.variables
            ):
                found[f"{arena.name}: a number is not finite"] = _not_finite(arena)
        if self._predicate is not None:
            found["the predicate held"] = self._asked()
        return found

    def _asked(self) -> torch.Tensor:
        assert self._predicate is not None
        n = self._scene.n_envs
        found = self._predicate(self._scene)
        if not isinstance(found, torch.Tensor) or found.dtype != torch.bool or found.shape != (n,):
            what = (
                f"{found.dtype} of shape {tuple(found.shape)}"
                if isinstance(found, torch.Tensor)
                else type(found).__name__
            )
            raise TypeError(
                f"guard: the predicate gave {what}, needs a bool tensor of shape ({n},)."
            )
        return found.to(self._scene.device, copy=True)


def is_sound(row: SimState) -> bool:
    """Whether no solver says that a state of one environment failed, and its numbers are finite."""
    for owner in row.layout.owners:
        for var in owner.saved.variables:
            values = row[f"{owner.name}.{var.name}"]
            if var.name in FLAGS and bool(values.any()):
                return False
            if var.role == "state" and not bool(values.isfinite().all()):
                return False
    return True


def _not_finite(arena: Arena) -> torch.Tensor:
    """Environments in which a number of the state is not finite."""
    wrong = torch.zeros(arena.n_envs, dtype=torch.bool, device=arena.saved.device)
    rows = arena.saved.rows()
    for var in arena.layout.saved.variables:
        if var.role == "state" and var.torch_dtype.is_floating_point:
            values = arena.layout.saved.view(rows, var.name)
            wrong |= ~values.reshape(arena.n_envs, -1).isfinite().all(1)
    return wrong
