"""What a user declared of a scene as plain values, and a scene of them again."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from enum import Enum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from genesis_state import materials, morphs, options, sensors
from genesis_state.entities.emitter import Emitter
from genesis_state.morphs import ASSETS, find_file
from genesis_state.options import Options

if TYPE_CHECKING:
    from genesis_state.scene import Scene

LARGEST = 1 << 20  # bytes of a model's file that is taken along

SETTINGS = (
    *("sim_options", "rigid_options", "mpm_options", "sph_options", "pbd_options", "fem_options"),
)


def declared(scene: Scene) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """All that `scene_of` needs to make such a scene.

    Returns:
        Plain values, and the contents of model files that need no others, uint8, by name.
    """
    files: dict[str, np.ndarray] = {}
    of_emitter = {emitter.entity.name: emitter for emitter in scene.emitters}
    entities: list[dict[str, Any]] = []
    for entity in scene.entities:
        emitter: Emitter | None = of_emitter.get(entity.name)
        if emitter is None:
            found = {"name": entity.name, "morph": _plain(entity.morph, files)}
        else:
            found = {"emits": entity.morph.n_particles}
        if carrier := getattr(entity, "attached_to", None):
            found["attached"] = [carrier[0].name, carrier[1]]
        entities.append(found | {"material": _plain(entity.material, files)})
    own = [type(solver).__name__ for solver in scene.solvers if not _ours(solver)]
    said = {
        "options": {name: _plain(getattr(scene, name), files) for name in SETTINGS},
        "entities": entities,
        "sensors": [_plain(sensor.options, files) for sensor in scene.sensors],
        "own_solvers": own,
    }
    return said, files


def scene_of(
    said: Mapping[str, Any], files: Mapping[str, np.ndarray], folder: str | os.PathLike[str]
) -> Scene:
    """An unbuilt scene from what `declared` gave.

    Args:
        said: Plain values.
        files: Contents of model files by name.
        folder: Where to put these, so that they can be read.

    Raises:
        ValueError: It has solvers of a user's own, or something in `said` is no declaration.
        FileNotFoundError: A model's file is not here, or is another by now.
    """
    from genesis_state.scene import Scene

    if said["own_solvers"]:
        raise ValueError(
            f"it has solvers of your own ({', '.join(said['own_solvers'])}), which a file cannot "
            "hold; pass a built scene of one environment."
        )
    place = Path(folder)
    for name, content in files.items():
        place.joinpath(name).write_bytes(content.tobytes())
    scene = Scene(**{name: _made(value, place) for name, value in said["options"].items()})
    for entity in said["entities"]:
        material = _made(entity["material"], place)
        if "emits" in entity:
            scene.add_emitter(material, max_particles=entity["emits"])
        else:
            added = scene.add_entity(_made(entity["morph"], place), material, name=entity["name"])
            if "attached" in entity:
                parent, link = entity["attached"]
                added.attach(scene.get_entity(parent), link)
    for sensor in said["sensors"]:
        scene.add_sensor(_made(sensor, place))
    return scene


def _ours(solver: object) -> bool:
    return type(solver).__module__.startswith("genesis_state.")


def _plain(value: Any, files: dict[str, np.ndarray]) -> Any:
    """A value of a declaration as plain values."""
    if isinstance(value, Options):
        given = {field.name: getattr(value, field.name) for field in fields(value) if field.init}
        said = {name: _plain(item, files) for name, item in given.items()}
        if "file" in given:
            said["file"] = _file(given["file"], files)
        return {"kind": _name(type(value)), "given": said}
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, (tuple, list)):
        return [_plain(item, files) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"declared: a {type(value).__name__} cannot be kept in a file.")


def _file(file: str | os.PathLike[str], files: dict[str, np.ndarray]) -> dict[str, str]:
    path = find_file(file)
    content = path.read_bytes()
    said = {"path": str(path), "sha256": hashlib.sha256(content).hexdigest()}
    if path.is_relative_to(ASSETS):
        said["shipped"] = path.relative_to(ASSETS).as_posix()
    elif len(content) <= LARGEST and not _names_files(path, content):
        said["kept"] = f"file.{len(files)}{path.suffix}"
        files[said["kept"]] = np.frombuffer(content, dtype=np.uint8)
    return said


def _names_files(path: Path, content: bytes) -> bool:
    """Whether a model says that there is more of it in other files."""
    if path.suffix.lower() in (".xml", ".urdf"):
        return re.search(rb"file(name)?\s*=", content) is not None
    return path.suffix.lower() in (".gltf", ".dae")


def _made(value: Any, folder: Path) -> Any:
    """The value that `_plain` gave these plain values for."""
    if isinstance(value, Mapping):
        kind = _kinds().get(value.get("kind", ""))
        if kind is None:
            raise ValueError(f"it declares a {value.get('kind')!r}, which is none of ours.")
        given = {
            name: _made(item, folder) for name, item in value["given"].items() if name != "file"
        }
        if "file" in value["given"]:
            given["file"] = _found(value["given"]["file"], folder)
        return kind(**given)
    if isinstance(value, list):
        return tuple(_made(item, folder) for item in value)
    return value


def _found(said: Mapping[str, str], folder: Path) -> str:
    """Where a model's file is, with the content that it had."""
    places = [Path(said["path"]), folder / Path(said["path"]).name]
    if "shipped" in said:
        places.insert(0, ASSETS / said["shipped"])
    if "kept" in said:
        places.insert(0, folder / said["kept"])
    for place in places:
        if place.is_file() and hashlib.sha256(place.read_bytes()).hexdigest() == said["sha256"]:
            return str(place)
    raise FileNotFoundError(
        f"{said['path']}: the model's file is not there, or is not what it was; put back the one "
        f"with SHA-256 {said['sha256']}."
    )


def _name(kind: type[Options]) -> str:
    return f"{kind.__module__.removeprefix('genesis_state.')}.{kind.__qualname__}"


@cache
def _kinds() -> dict[str, type[Options]]:
    """Everything that can be declared, by name. No other class is ever made from a file."""
    assert materials and morphs and options and sensors  # they define them
    found: dict[str, type[Options]] = {}

    def add(kinds: Iterable[type[Options]]) -> None:
        for kind in kinds:
            if kind.__module__.startswith("genesis_state."):
                found[_name(kind)] = kind
            add(kind.__subclasses__())

    add(Options.__subclasses__())
    return found
