"""A scene's checkpoints: some environments, other scenes, other precisions, while it steps on."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scenes
import torch

import genesis_state as gs
from genesis_state.checkpoint import FORMATS
from genesis_state.materials import FEM, MPM, PBD, SPH
from genesis_state.state_file import with_float_dtype
from genesis_state.testing.getters import public_getters, readings_differences

N = 6


@pytest.fixture(scope="module")
def scene(fresh_runtime: None) -> Iterator[gs.Scene]:
    made = scenes.beads()
    made.build(n_envs=N)
    yield made
    made.close()


@pytest.fixture(scope="module")
def pair(fresh_runtime: None) -> Iterator[gs.Scene]:
    """The same scene with two environments."""
    made = scenes.beads()
    made.build(n_envs=2)
    yield made
    made.close()


@pytest.fixture
def lively(scene: gs.Scene) -> gs.Scene:
    return scenes.enlivened(scene)


def rows(state: gs.SimState) -> list[bytes]:
    """The bytes of each environment."""
    assert state.params is not None
    return [
        b"".join(block[e].numpy().tobytes() for block in (*state.saved, *state.params))
        for e in range(state.n_envs)
    ]


# Which environment goes where


ROWS: dict[str, tuple[dict[str, Any], list[int | None]]] = {
    # What is asked for, and which environment of the file each of the scene's is then; None: as it
    # was. The file has six, and so has the scene.
    "all": ({}, [0, 1, 2, 3, 4, 5]),
    "some": ({"envs_idx": [1, 4]}, [None, 1, None, None, 4, None]),
    "a mask": ({"envs_idx": torch.arange(N) > 3}, [None, None, None, None, 4, 5]),
    "one to all": ({"source_envs": 2}, [2] * 6),
    "one to some": ({"source_envs": [2], "envs_idx": [5, 0]}, [2, None, None, None, None, 2]),
    "some to some": ({"source_envs": [3, 1], "envs_idx": [0, 5]}, [3, None, None, None, None, 1]),
    "backwards": ({"source_envs": slice(0, 3), "envs_idx": [4, 3, 0]}, [2, None, None, 1, 0, None]),
    "turned round": ({"source_envs": range(6), "envs_idx": range(5, -1, -1)}, [5, 4, 3, 2, 1, 0]),
    "one twice": ({"source_envs": [1, 1], "envs_idx": [0, 2]}, [1, None, 1, None, None, None]),
    "none": ({"source_envs": [], "envs_idx": []}, [None] * 6),
    "the same twice": ({"source_envs": [1, 1], "envs_idx": [2, 2]}, [None, None, 1] + [None] * 3),
}


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("case", ROWS)
def test_environments_go_where_they_are_sent(
    case: str, strict: bool, lively: gs.Scene, tmp_path: Path
) -> None:
    asked, wanted = ROWS[case]
    path = tmp_path / "a.safetensors"
    lively.save_checkpoint(path)
    saved = rows(lively.get_state(params=True))
    for _ in range(3):
        lively.step()
    was = rows(lively.get_state(params=True))
    lively.load_checkpoint(path, strict=strict, **asked)
    found = rows(lively.get_state(params=True))
    assert found == [was[e] if source is None else saved[source] for e, source in enumerate(wanted)]
    assert lively.t == (8 if "envs_idx" in asked else 5)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_scene_of_another_size_takes_environments(
    suffix: str, lively: gs.Scene, pair: gs.Scene, tmp_path: Path
) -> None:
    path = tmp_path / f"a{suffix}"
    lively.save_checkpoint(path)
    saved = rows(lively.get_state(params=True))
    pair.load_checkpoint(path, source_envs=[5, 3])
    assert rows(pair.get_state(params=True)) == [saved[5], saved[3]]
    pair.load_checkpoint(path, source_envs=-1, envs_idx=1)
    assert rows(pair.get_state(params=True)) == [saved[5], saved[5]]
    pair.save_checkpoint(path)
    lively.load_checkpoint(path, source_envs=[1, 0], envs_idx=[2, 4])
    found = rows(lively.get_state(params=True))
    assert found == [saved[5] if e in (2, 4) else row for e, row in enumerate(saved)]


MISFITS: list[tuple[dict[str, Any], type[Exception], str]] = [
    (
        {"source_envs": [0, 1]},
        ValueError,
        "6 environments, of which source_envs chooses 2; ",
    ),
    ({"source_envs": [0, 1, 2], "envs_idx": [0, 1]}, ValueError, "takes 1 or 2 of them"),
    ({"source_envs": [0, 1], "envs_idx": [3, 3]}, ValueError, "names environment 3 twice"),
    ({"source_envs": 6}, IndexError, r"a.pkl: source_envs"),
    ({"source_envs": "all"}, TypeError, r"a.pkl: source_envs: got a str"),
    ({"envs_idx": [7]}, IndexError, "envs_idx"),
]


@pytest.mark.parametrize("case", MISFITS, ids=lambda case: str(case[0]))
def test_a_selection_that_does_not_fit_changes_nothing(
    case: tuple[dict[str, Any], type[Exception], str], lively: gs.Scene, tmp_path: Path
) -> None:
    asked, kind, words = case
    path = tmp_path / "a.pkl"
    lively.save_checkpoint(path)
    lively.step()
    was = lively.get_state(params=True)
    with pytest.raises(kind, match=words):
        lively.load_checkpoint(path, **asked)
    assert lively.get_state(params=True).equal(was)
    assert lively.t == 6


# States in files


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_state_comes_back_from_a_file(suffix: str, lively: gs.Scene, tmp_path: Path) -> None:
    by_scene, by_state = tmp_path / f"scene{suffix}", tmp_path / f"state{suffix}"
    state = lively.get_state(params=True)
    lively.save_checkpoint(by_scene, metadata={"reward": 1.5})
    state.save(by_state, metadata={"reward": 1.5})
    for path in (by_scene, by_state):
        found = gs.load_state(path)
        assert found.equal(state)
        assert (found.t, found.layout) == (state.t, state.layout)
        assert gs.load_state(path, source_envs=[4, 0]).equal(state[[4, 0]])
        lively.reset()
        lively.load_checkpoint(path)
        assert lively.get_state(params=True).equal(state)
        with gs.checkpoint.open(path) as stored:
            assert stored.manifest["metadata"] == {"reward": 1.5}


def test_a_state_without_parameters_leaves_those_of_the_scene(
    lively: gs.Scene, tmp_path: Path
) -> None:
    state = lively.get_state()
    state.save(tmp_path / "a.npz")
    found = gs.load_state(tmp_path / "a.npz")
    assert found.params is None
    assert found.equal(state)
    with lively.solvers[0].arena.edit("stiffness") as (stiffness,):
        stiffness.fill_(99)
    lively.step()
    lively.load_checkpoint(tmp_path / "a.npz")
    assert lively.get_state().equal(state)
    assert (lively.solvers[0].arena.get("stiffness") == 99).all()


def test_a_state_is_loaded_without_taichi(lively: gs.Scene, tmp_path: Path) -> None:
    lively.save_checkpoint(tmp_path / "a.safetensors")
    code = (
        "import sys, genesis_state as gs; state = gs.load_state(sys.argv[1]);"
        "print(state.n_envs, state.t, 'taichi' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "a.safetensors"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["6", "5", "False"]


def test_a_file_that_says_nothing_of_solvers_is_no_state(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    gs.checkpoint.write(path, {"S.x": np.zeros(3)}, step_index=0, manifest={})
    with pytest.raises(ValueError, match=r"a.npz: says nothing of solvers, needs a layout"):
        gs.load_state(path)
    gs.checkpoint.write(path, {"S.x": np.zeros(3)}, step_index=0, manifest={"layout": [1]})
    with pytest.raises(ValueError, match=r"a.npz: its layout cannot be read"):
        gs.load_state(path)


# Other scenes


def toys(order: Callable[[list[Any]], list[Any]], n_envs: int, **changed: Any) -> gs.Scene:
    """A scene with matter of every kind, its entities in some order."""
    bounds: dict[str, Any] = {"lower_bound": (-1.0,) * 3, "upper_bound": (1.0,) * 3}
    scene = gs.Scene(
        mpm_options=gs.options.MPMOptions(grid_density=16, particle_size=0.05, **bounds),
        sph_options=gs.options.SPHOptions(particle_size=0.05, **bounds),
        pbd_options=gs.options.PBDOptions(particle_size=0.05, **bounds),
    )

    def box(x: float, y: float, size: float = 0.1) -> gs.morphs.Box:
        return gs.morphs.Box(size=(size,) * 3, pos=(x, y, 0.3))

    declared: list[tuple[str, Any, Any]] = [
        ("plane", gs.morphs.Plane(), None),
        ("cart", gs.morphs.MJCF(file="cartpole.xml"), None),
        ("stone", gs.morphs.Sphere(radius=0.05, pos=(0, 0, 0.5)), None),
        ("sand", box(-0.5, 0), MPM.Sand()),
        ("snow", box(-0.5, 0.5), MPM.Snow()),
        ("pool", box(0, -0.5), SPH.Liquid()),
        ("drop", box(0, 0.5), SPH.Liquid()),
        ("dust", box(0.5, 0.5), PBD.Particle()),
        ("jelly", box(0.5, -0.5), PBD.Elastic()),
        ("rubber", box(-0.5, -0.5), FEM.Elastic()),
        ("foam", box(0.5, 0.0), FEM.Elastic()),
    ]
    for name, morph, material in order(declared):
        scene.add_entity(*changed.get(name, (morph, material)), name=name)
    scene.build(n_envs=n_envs)
    return scene


@pytest.fixture(scope="module")
def toy_file(fresh_runtime: None, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A file of such a scene with a number of its own in every place, and what its getters say."""
    scene = toys(lambda entities: entities, 2)
    state = scene.get_state(params=True)
    random = np.random.default_rng(0)
    for key in state:
        view = state[key]
        numbers = random.uniform(0.1, 1, view.shape)
        view.copy_(torch.from_numpy(numbers if view.is_floating_point() else numbers < 0.7))
    scene.reset(state=state, params=True)
    path = tmp_path_factory.mktemp("toys") / "toys.safetensors"
    scene.save_checkpoint(path)
    readings = public_getters(scene)
    scene.close()
    return path, readings


OWN = re.compile(
    r"^\w+\.get_(qpos|dofs_position|dofs_velocity|dofs_kp|links_pos|links_quat|particles_\w+|"
    r"vertices_pos|vertices_vel|elements_active)$"
)


def test_entities_are_found_by_name(toy_file: Any) -> None:
    """Others come first, some are gone, one is larger now, and one of another kind."""
    path, wanted = toy_file
    gone, larger, other = ("snow", "foam"), "pool", "drop"

    def order(entities: list[Any]) -> list[Any]:
        kept = [entity for entity in entities if entity[0] not in gone]
        return [*reversed(kept), ("ball", gs.morphs.Sphere(radius=0.1, pos=(0, 0, 0.8)), None)]

    changed = {
        larger: (gs.morphs.Box(size=(0.2,) * 3, pos=(0, -0.5, 0.3)), SPH.Liquid()),
        other: (gs.morphs.Box(size=(0.1,) * 3, pos=(0, 0.5, 0.3)), MPM.Liquid()),
    }
    scene = toys(order, 3, **changed)
    new = public_getters(scene)
    with pytest.raises(ValueError, match="is in this scene, not in the checkpoint"):
        scene.load_checkpoint(path, source_envs=[1, 0, 1])
    assert not readings_differences(new, public_getters(scene))
    report = scene.load_checkpoint(path, strict=False, source_envs=[1, 0, 1])
    found = public_getters(scene)
    checked = set()
    for name in filter(OWN.match, found):
        entity = name.split(".")[0]
        loaded = entity not in ("ball", larger, other) and name in wanted
        source = wanted[name][[1, 0, 1]] if loaded else new[name]
        np.testing.assert_array_equal(found[name].numpy(), source.numpy(), err_msg=name)
        checked.add(entity)
    assert checked >= {"cart", "stone", "sand", "dust", "jelly", "rubber", "ball", larger, other}
    assert set(report.partial["RigidSolver.qpos"]) == {"cart", "stone", "plane"} - {"plane"}
    assert report.partial["MPMSolver.pos"] == ("sand",)
    assert "RigidSolver.contact_pos" in report.reset
    assert "PBDSolver.pos" in report.loaded
    assert "PBDSolver.attached_body" in report.reset, "its bodies are numbered otherwise now"
    assert "Scene.envs_t" in report.loaded
    assert not report.ignored
    text = str(report)
    for sentence in (
        "entity snow of MPMSolver is in the checkpoint, not in the scene.",
        "entity ball of RigidSolver is in the scene, not in the checkpoint.",
        "entity pool of SPHSolver is of another size.",
        "in part: MPMSolver.pos, of sand",
    ):
        assert sentence in text
    scene.close()


def test_the_same_scene_is_loaded_whole(toy_file: Any) -> None:
    path, _ = toy_file
    scene = toys(lambda entities: entities, 2)
    report = scene.load_checkpoint(path, strict=False)
    assert set(report.loaded) == set(scene.get_state(params=True))
    assert scene.get_state(params=True).equal(gs.load_state(path))
    assert not (report.partial or report.reset or report.ignored or report.differences)
    scene.close()


def test_every_difference_is_listed(lively: gs.Scene, tmp_path: Path) -> None:
    lively.save_checkpoint(tmp_path / "a.npz")
    found = gs.checkpoint.read(tmp_path / "a.npz")
    arrays = dict(found.arrays)
    del arrays["BeadSolver.vel"]
    arrays["BeadSolver.pos"] = arrays["BeadSolver.pos"][:, 1:]
    arrays["Scene.envs_t"] = arrays["Scene.envs_t"].astype(np.int64)
    arrays["BeadSolver.spin"] = np.zeros((N, 3))
    manifest = dict(found.manifest)
    manifest["settings"] = {"scene step": "1 s in 1 substeps"}
    path = tmp_path / "b.npz"

    gs.checkpoint.write(path, arrays, step_index=0, manifest=manifest)
    was = lively.get_state(params=True)
    with pytest.raises(ValueError) as caught:
        lively.load_checkpoint(path)
    assert lively.get_state(params=True).equal(was)
    text = str(caught.value)
    for words in (
        "b.npz does not fit this scene",
        "BeadSolver.vel is missing",
        r"BeadSolver.pos has shape (6, 3, 3) and dtype float32, needs (6, 4, 3) and float32",
        "Scene.envs_t has shape (6,) and dtype int64, needs (6,) and int32",
        "BeadSolver.spin is not in the layout",
        "scene step: the checkpoint has '1 s in 1 substeps', the scene has",
        "build the scene as the one that was saved, or pass strict=False",
    ):
        assert words in text

    report = lively.load_checkpoint(path, strict=False)
    assert {"BeadSolver.pos", "BeadSolver.vel", "Scene.envs_t"} <= set(report.reset)
    assert report.ignored == ("BeadSolver.spin",)
    initial = lively._initial
    assert torch.equal(lively.get_state().bead.pos, initial.bead.pos)


STRANGE: list[Any] = [None, 1, "text", [], {}, [[1, 2]], {"owners": []}, {"BeadSolver": [{}]}]


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("key", ["layout", "settings", "entities", "dims", "model", "parameters"])
def test_a_strange_manifest_is_refused_or_without_effect(
    key: str, strict: bool, lively: gs.Scene, tmp_path: Path
) -> None:
    path = tmp_path / "a.pkl"
    lively.save_checkpoint(path)
    good = gs.checkpoint.read(path)
    was = lively.get_state(params=True)
    refused = 0
    for value in [*STRANGE, {"owners": [], "model": [[[], 1]]}, {"owners": [[]], "model": []}]:
        manifest = {**good.manifest, key: value}
        if key == "model":
            manifest = {**good.manifest, "layout": {**good.manifest["layout"], "model": value}}
        gs.checkpoint.write(path, good.arrays, step_index=5, manifest=manifest)
        try:
            lively.load_checkpoint(path, strict=strict)
        except ValueError as error:
            assert "a.pkl" in str(error)
            refused += 1
            assert lively.get_state(params=True).equal(was)
        lively.reset(was, params=True)
    assert refused or key in ("dims", "parameters") or not strict


# Precision


def in_64_bits(state: gs.SimState, path: Path) -> gs.SimState:
    """The same state as a scene in 64 bits would save it."""
    wide = gs.SimState.zeros(with_float_dtype(state.layout, "float64"), state.n_envs, params=True)
    for key in state:
        wide[key] = state[key].to(wide[key].dtype)
    wide.t = state.t
    wide.save(path)
    return wide


@pytest.mark.parametrize("strict", [True, False])
def test_precision_is_converted_when_asked_for(
    strict: bool, lively: gs.Scene, tmp_path: Path
) -> None:
    path = tmp_path / "wide.safetensors"
    state = lively.get_state(params=True)
    wide = in_64_bits(state, path)
    lively.step()
    with pytest.raises(ValueError, match="has float64, this scene has float32; pass convert_prec"):
        lively.load_checkpoint(path)
    lively.load_checkpoint(path, strict=strict, convert_precision=True)
    assert lively.get_state(params=True).equal(state)
    wide["BeadSolver.pos"][2, 0, 0] = 1e300
    wide.save(path)
    with pytest.raises(ValueError, match=r"BeadSolver.pos has 1e\+300, float32 ends at 3.4028235e"):
        lively.load_checkpoint(path, strict=strict, convert_precision=True)
    assert lively.get_state(params=True).equal(state)
    wide["BeadSolver.pos"][2, 0, 0] = torch.inf
    wide.save(path)
    lively.load_checkpoint(path, strict=strict, convert_precision=True)
    assert lively.get_state().bead.pos[2, 0, 0] == torch.inf


# While the scene steps on


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_background_save_holds_the_state_of_the_call(
    suffix: str, lively: gs.Scene, tmp_path: Path
) -> None:
    wanted, saved = [], []
    for step in range(6):
        path = tmp_path / f"{step}{suffix}"
        wanted.append(lively.get_state(params=True))
        saved.append(lively.save_checkpoint(path, metadata={"step": step}, block=False))
        lively.step()
    for saving, state in zip(saved, wanted, strict=True):
        saving.wait()
        found = gs.load_state(saving.path)
        assert found.equal(state)
        assert found.t == state.t


def test_what_is_in_flight_is_neither_overtaken_nor_overlooked(
    lively: gs.Scene, tmp_path: Path
) -> None:
    path = tmp_path / "a.npz"
    for _ in range(3):
        lively.save_checkpoint(path, block=False)
        lively.step()
        lively.save_checkpoint(path, block=False)
        assert gs.load_state(path).equal(lively.get_state(params=True))
        lively.step()
        lively.save_checkpoint(path)
        wanted = lively.get_state(params=True)
        gs.checkpoint.flush()
        lively.step()
        lively.load_checkpoint(path)
        assert lively.get_state(params=True).equal(wanted)


def test_a_background_save_refuses_at_once_what_it_can(lively: gs.Scene, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"suffix '.txt'"):
        lively.save_checkpoint(tmp_path / "a.txt", block=False)
    with pytest.raises(TypeError, match=r"metadata\.f: a function"):
        lively.save_checkpoint(tmp_path / "a.pkl", metadata={"f": in_64_bits}, block=False)
    with pytest.raises(TypeError, match="metadata: a list, needs a dict"):
        lively.save_checkpoint(tmp_path / "a.pkl", metadata=[1])  # pyright: ignore
    saving = lively.save_checkpoint(tmp_path / "nowhere" / "a.pkl", block=False)
    assert isinstance(saving.exception(), FileNotFoundError)
    assert not list(tmp_path.iterdir())
