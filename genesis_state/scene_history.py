"""How a scene goes back in time, and who watches over it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from genesis_state.scene_declaration import SceneDeclaration

if TYPE_CHECKING:
    import torch

    from genesis_state.recording.guard import Guard
    from genesis_state.recording.history import History
    from genesis_state.scene import Scene


class SceneHistory(SceneDeclaration):
    """Base of a scene. What it takes to record one is imported when it is first recorded."""

    def record(
        self, every: int = 10, memory: float | str = "2GB", checksums: bool = True
    ) -> History:
        """Begins to keep what the scene does, so that it can be taken back; see `History`.

        Args:
            every: Steps between two keyframes. More take less memory and longer to go back to.
            memory: Bytes to use, a number or such as "2GB"; the oldest steps are forgotten first.
            checksums: Whether to take a checksum of every environment where each step begins, by
                which `gs.compare` tells runs apart.

        Returns:
            The history, a sequence of states. An earlier one of this scene ends.
        """
        from genesis_state.recording.history import History

        self._require_built()
        return self._follow(History(self._scene, every, memory, checksums))

    def _follow(self, history: History) -> History:
        if self.history is not None:
            self.history.stop()
        self.history = history
        self._followers.insert(0, history)  # before whoever would change what it is to keep
        return history

    def load_history(
        self, path: str | os.PathLike[str], every: int = 10, memory: float | str = "2GB"
    ) -> History:
        """Goes to the end of a history that was saved, from which it may be taken back and forth.

        Of the file only what is asked for is read; it has to stay as long as the history is used.

        Args:
            path: A file that `history.save` wrote, in a scene like this one.
            every, memory: As for `record`, of the steps to come.

        Returns:
            The history. An earlier one of this scene ends.

        Raises:
            ValueError: The file is damaged, holds no history, or is of another scene; nothing has
                been changed.
            OSError: There is no such file, or it cannot be read.
        """
        from genesis_state.recording.history import History

        self._require_built()
        return self._follow(History.from_file(self._scene, path, every, memory))

    def rewind(self, steps: int = 1) -> None:
        """Takes the scene back by a number of steps of its history, bit for bit.

        Commands and edits after that step are undone too. The steps that follow can still be gone
        to by `seek`, until the scene makes a step of its own.

        Raises:
            RuntimeError: `record` was not called.
            ValueError: So many steps are not kept; nothing has been changed.
        """
        self._require_history("rewind").rewind(steps)

    def seek(self, t: int) -> None:
        """Takes the scene to the step of its history at which its `t` was this, back or forth.

        Raises:
            RuntimeError: `record` was not called.
            ValueError: It is not kept; nothing has been changed.
        """
        self._require_history("seek").seek(t)

    def guard(
        self,
        folder: str | os.PathLike[str],
        keep: int = 20,
        predicate: Callable[[Scene], torch.Tensor] | None = None,
        restore: Literal["last_good", "initial"] | None = "last_good",
        most: int = 100,
    ) -> Guard:
        """Keeps the last steps of every environment that fails, and lets the others go on.

        An environment fails when a solver finds its state to be none any more (a number is not
        finite), when it has more contacts than there is room for, or when `predicate` says so. Its
        last steps go to a file of its own, which `gs.replay` and `genesis-state replay` run again
        in a scene of one environment.

        Args:
            folder: Where the files go; it is made when there is one.
            keep: Least number of steps that a file has, if there were so many; it may have twice
                as many.
            predicate: predicate(scene) gives bools of shape (n_envs,); called after each step.
            restore: What becomes of an environment that failed: "last_good" puts it back to where
                its file begins, "initial" to the end of `build`, None leaves it. Other
                environments are not touched.
            most: Files that are written at most.

        Returns:
            The guard, with `capsules`, the files written; `stop()` ends it.
        """
        from genesis_state.recording.guard import Guard

        self._require_built()
        guard = Guard(self._scene, folder, keep, predicate, restore, most)
        self._followers.append(guard)
        return guard

    def _require_history(self, call: str) -> History:
        self._require_built()
        if self.history is None:
            raise RuntimeError(f"{call}: nothing is recorded; call scene.record() first.")
        return self.history
