"""Where a run keeps its files: `runs/<experiment>/nn/*.pth`, `config.yaml` and `summaries/`."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from genesis_state.checkpoint.atomic import replacing
from genesis_state.training import training_checkpoint
from genesis_state.training.checkpoint_names import (
    BEST,
    LAST,
    SUFFIX,
    numbered_name,
    read_numbered_name,
)

_log = logging.getLogger("genesis_state.training")


class RunDirectory:
    """The files of one run.

    - `nn/<name>.pth`: the best so far; `nn/best.pth` is a link to it
    - `nn/last_<name>ep<N>rew<R>.pth`: each `save_frequency` epochs
    - `nn/last.pth`: always the newest, whichever rule wrote it
    - `config.yaml`: what the run was started with
    - `summaries/`: the event files of TensorBoard

    A file is written whole or not at all, so whatever kills a run leaves a whole newest one.

    Args:
        experiment: Name of the folder, as it is.
        root: The folder that it stands in.
        name: Name of the training, in file names; the experiment's where there is none.
        keep: How many periodic checkpoints stay, the newest ones; None for all.
        keep_every: Periodic checkpoints of epochs that this divides stay always.
    """

    def __init__(
        self,
        experiment: str,
        root: str | os.PathLike[str] = "runs",
        *,
        name: str | None = None,
        keep: int | None = None,
        keep_every: int | None = None,
    ) -> None:
        name = experiment if name is None else name
        for what, value in (("experiment", experiment), ("name", name)):
            if value in ("", "..") or Path(value).name != value:
                raise ValueError(
                    f"{what}: {value!r} is no name of a file; use one without slashes."
                )
        if name == LAST:
            raise ValueError(f"name: {name!r} is taken by {LAST}{SUFFIX}; use another.")
        for what, number in (("keep", keep), ("keep_every", keep_every)):
            if number is not None and number < 1:
                raise ValueError(f"{what}: {number}, needs at least 1, or None.")
        self.experiment = experiment
        self.name = name
        self.path = Path(root) / experiment
        self.checkpoints = self.path / "nn"
        self.summaries = self.path / "summaries"
        self.config_file = self.path / "config.yaml"
        self.last = self.checkpoints / f"{LAST}{SUFFIX}"
        self.best = self.checkpoints / f"{name}{SUFFIX}"
        self._keep = keep
        self._keep_every = keep_every

    def create(self) -> None:
        """Makes the folders that are not there."""
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        self.summaries.mkdir(parents=True, exist_ok=True)

    def write_config(self, config: Mapping[str, Any]) -> None:
        """Writes `config.yaml`, in place of the one that is there."""
        with replacing(self.config_file) as stream:
            stream.write(yaml.safe_dump(dict(config), sort_keys=False).encode())

    def read_config(self) -> dict[str, Any]:
        """What `config.yaml` says; an empty dict where there is none."""
        with suppress(FileNotFoundError):
            return yaml.safe_load(self.config_file.read_text(encoding="utf-8")) or {}
        return {}

    def save(
        self,
        content: Mapping[str, Any],
        *,
        numbered: tuple[int, float] | None = None,
        best: bool = False,
    ) -> Path:
        """Writes a checkpoint under each name that is due, `last.pth` among them.

        Args:
            content: What `training_checkpoint.write` takes.
            numbered: Epochs and mean reward, where a periodic one is due.
            best: Whether it is the best so far.

        Returns:
            `last.pth`.

        Raises:
            TypeError, OSError: As `training_checkpoint.write`.
        """
        self.create()
        names = [self.best.name] if best else []
        if numbered is not None:
            names.append(numbered_name(self.name, *numbered))
        # Always under one name first, where the next save removes what a kill in this one leaves.
        training_checkpoint.write(self.last, {**content, "names": names})
        self._name(self.last, names)
        return self.last

    def finish(self, checkpoint: Path) -> None:
        """Gives a checkpoint of this run the names that a kill in its save kept from it.

        Raises:
            ValueError, OSError: As `training_checkpoint.read`.
        """
        names = training_checkpoint.read(checkpoint).get("names", [])
        numbered = [name for name in names if read_numbered_name(name) and Path(name).name == name]
        known = [name for name in names if name == self.best.name] + numbered
        self._name(checkpoint, known)

    def files(self) -> list[Path]:
        """All checkpoints in `nn/`, the newest first; links are left out."""
        found = []
        with suppress(FileNotFoundError), os.scandir(self.checkpoints) as entries:
            for entry in entries:
                if entry.name.endswith(SUFFIX) and entry.is_file(follow_symlinks=False):
                    numbers = read_numbered_name(entry.name)
                    # Files of one save have one time: last.pth comes first, since it is the newest
                    # by what its name says.
                    age = (
                        entry.stat().st_mtime_ns,
                        entry.name == self.last.name,
                        (numbers.epoch or 0) if numbers else -1,
                        entry.name,
                    )
                    found.append((age, Path(entry.path)))
        return [path for _, path in sorted(found, reverse=True)]

    def newest_whole(self, *, warn: Callable[[str], None] = _log.warning) -> Path | None:
        """The newest checkpoint that opens and is whole; None if there is none at all.

        Args:
            warn: Takes a sentence about each broken one that is passed over.

        Raises:
            ValueError: There are checkpoints, and all are broken.
        """
        seen = 0
        for path in self.files():
            seen += 1
            try:
                training_checkpoint.read(path)
            except (ValueError, OSError) as error:
                warn(f"{error} It is passed over.")
                continue
            return path
        if seen:
            raise ValueError(
                f"{self.checkpoints}: none of its {seen} checkpoints is whole; move them away to "
                "start afresh, or name another run."
            )
        return None

    def clear_summaries(self) -> None:
        """Removes the event files of a try that left no checkpoint, for a run from the start."""
        for path in event_files(self.summaries):
            path.unlink()

    def _name(self, source: Path, names: list[str]) -> None:
        for name in names:
            _same_file(source, self.checkpoints / name)
            if name == self.best.name:
                self._link_best()
        self._prune()

    def _link_best(self) -> None:
        link = self.checkpoints / f"{BEST}{SUFFIX}"
        if link == self.best:
            return
        with suppress(OSError):
            if os.readlink(link) == self.best.name:
                return
        beside = link.with_name(f".{link.name}.link")  # one name, so that the next save removes it
        try:
            beside.unlink(missing_ok=True)
            beside.symlink_to(self.best.name)
            os.replace(beside, link)
        except OSError as error:  # a file system without links: the file itself is there
            _log.warning(f"{link}: no link could be made ({error.strerror}); see {self.best}.")

    def _prune(self) -> None:
        """Removes periodic checkpoints that need not stay."""
        if self._keep is None:
            return
        numbered = []
        for path in self.files():
            parts = read_numbered_name(path.name)
            if parts is None or parts.epoch is None or parts.name != self.name:
                continue
            if self._keep_every is None or parts.epoch % self._keep_every:
                numbered.append(path)
        for path in numbered[self._keep :]:
            with suppress(OSError):
                path.unlink()


def event_files(summaries: Path) -> Iterator[Path]:
    """The event files of TensorBoard in a folder, in the order of their names."""
    if summaries.is_dir():
        yield from sorted(path for path in summaries.iterdir() if ".tfevents." in path.name)


def _same_file(source: Path, target: Path) -> None:
    """Gives a file a second name, at once and whole."""
    if target.exists() and os.path.samefile(source, target):
        return
    beside = target.with_name(f".{target.name}.link")
    try:
        beside.unlink(missing_ok=True)
        os.link(source, beside)
        os.replace(beside, target)
    except OSError:  # a file system without second names
        beside.unlink(missing_ok=True)
        with replacing(target) as stream:
            stream.write(source.read_bytes())
