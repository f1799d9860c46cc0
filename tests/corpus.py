"""Robots that others wrote: the model files inside wheels, and which of them load unchanged.

The wheels are installed for their files alone, and nothing of their code runs.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import mujoco

from genesis_state import morphs
from genesis_state.materials import Rigid
from genesis_state.options import RigidOptions, SimOptions
from genesis_state.solvers.rigid.entity_spec import EntitySpec
from genesis_state.solvers.rigid.model import RigidModel, compile_model


@dataclass(frozen=True)
class Corpus:
    """Files of one kind in one package.

    Attributes:
        package: The package's name.
        suffix: ".xml" or ".urdf".
        within: Whether only what lies in a folder that is called so counts, or only the rest.
    """

    package: str
    suffix: str
    within: tuple[str, bool] | None = None

    def files(self) -> list[Path]:
        """Its files; none if it is not installed."""
        root = self.root()
        if root is None:
            return []
        found = sorted(root.rglob(f"*{self.suffix}"))
        if self.within is None:
            return found
        folder, inside = self.within
        return [path for path in found if (folder in path.relative_to(root).parts) == inside]

    def root(self) -> Path | None:
        """The package's folder."""
        # The package is not imported, which would ask for what its code needs.
        spec = find_spec(self.package)
        return None if spec is None or spec.origin is None else Path(spec.origin).parent


CORPORA = {
    "gymnasium-robotics": Corpus("gymnasium_robotics", ".xml"),
    "dm_control": Corpus("dm_control", ".xml"),
    "pybullet": Corpus("pybullet_data", ".urdf", ("random_urdfs", False)),
    "pybullet random": Corpus("pybullet_data", ".urdf", ("random_urdfs", True)),
}


@dataclass(frozen=True)
class Model:
    """A model file.

    Attributes:
        corpus: A key of `CORPORA`.
        name: Its path in the package.
        path: The file.
    """

    corpus: str
    name: str
    path: Path

    def morph(self, fixed: bool = False) -> morphs.FileMorph:
        """The file as an entity of its own."""
        if self.path.suffix == ".urdf":
            return morphs.URDF(file=self.path, fixed=fixed)
        return morphs.MJCF(file=self.path)


@dataclass(frozen=True)
class Outcome:
    """What became of a model.

    Attributes:
        model: The model.
        compiled: It as the only entity of a scene, or None if it is refused.
        reason: Why it is refused, or empty.
        fixed: Whether its base had to be fixed, which its file says in a way of its own.
    """

    model: Model
    compiled: RigidModel | None
    reason: str
    fixed: bool = False

    @property
    def supported(self) -> bool:
        return self.compiled is not None


def models(corpus: str) -> list[Model]:
    """A corpus' models, without the fragments that MuJoCo itself cannot compile alone.

    Every URDF counts: what MuJoCo makes of it is not what we make of it.
    """
    kept, root = CORPORA[corpus], CORPORA[corpus].root()
    return [
        model(corpus, path.relative_to(root).as_posix())
        for path in kept.files()
        if root is not None and (kept.suffix == ".urdf" or _stands_alone(path))
    ]


def model(corpus: str, name: str) -> Model:
    """The model of a path in its package, which is installed."""
    root = CORPORA[corpus].root()
    assert root is not None
    return Model(corpus, name, root / name)


@cache
def _stands_alone(path: Path) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            mujoco.MjModel.from_xml_path(str(path))
    except ValueError:
        return False
    return True


def outcome(model: Model, rigid: RigidOptions | None = None) -> Outcome:
    """Compiles a model as the only entity of a scene.

    The base of a URDF floats, unless the file says otherwise, which the refusal then tells.
    """
    reason = ""
    for fixed in (False, True):
        try:
            return Outcome(model, compiled(model, fixed, rigid), "", fixed)
        except ValueError as error:
            reason = str(error)
        if "pass fixed=True" not in reason:
            break
    return Outcome(model, None, reason)


def compiled(model: Model, fixed: bool = False, rigid: RigidOptions | None = None) -> RigidModel:
    """A model as the only entity of a scene, called "robot"."""
    entity = EntitySpec("robot", model.morph(fixed), Rigid())
    return compile_model([entity], SimOptions(), rigid or RigidOptions())


def outcomes(corpus: str) -> Iterator[Outcome]:
    """What becomes of each model of a corpus."""
    return map(outcome, models(corpus))
