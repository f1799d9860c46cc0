"""What a scene took from a checkpoint that need not fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, repr=False)
class LoadReport:
    """What `Scene.load_checkpoint` did.

    Attributes:
        path: The file.
        loaded: Keys that were loaded whole.
        partial: Keys of which only some entities' values were loaded, with these entities' names;
            the rest has reset values.
        reset: Keys that have reset values, because the file has nothing for them.
        ignored: Keys in the file that nothing here takes.
        differences: All that differs between the file and the scene, one sentence each.
    """

    path: Path
    loaded: tuple[str, ...]
    partial: Mapping[str, tuple[str, ...]]
    reset: tuple[str, ...]
    ignored: tuple[str, ...]
    differences: tuple[str, ...]

    def __repr__(self) -> str:  # what a notebook shows
        lines = [f"{self.path}: {len(self.loaded)} variables loaded whole"]
        for key, entities in self.partial.items():
            lines.append(f"  in part: {key}, of {', '.join(entities) or 'no entity'}")
        for what, keys in (("reset", self.reset), ("ignored", self.ignored)):
            if keys:
                lines.append(f"  {what}: {', '.join(keys)}")
        lines += [f"  differs: {sentence}" for sentence in self.differences]
        return "\n".join(lines)
