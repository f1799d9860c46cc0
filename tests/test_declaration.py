"""A scene's declaration as plain values, and a scene of it again."""

import json
from pathlib import Path
from typing import Any

import all_matter
import fem_scenes
import liquids
import matter
import pbd_scenes
import pytest
import scenes
import tendon_hand

import genesis_state as gs
from genesis_state.recording.declaration import declared, scene_of

SUBJECTS = scenes.SUBJECTS | {
    name: subject
    for module in (tendon_hand, matter, liquids, pbd_scenes, fem_scenes, all_matter)
    for name, subject in module.SUBJECTS.items()
}
DECLARED = [name for name in SUBJECTS if name != "beads"]


@pytest.mark.parametrize("name", DECLARED)
def test_a_scene_is_declared_again_from_plain_values(
    name: str, fresh_runtime: None, tmp_path: Path
) -> None:
    scene = SUBJECTS[name].factory()
    said, files = declared(scene)
    plain = json.loads(json.dumps(said))
    again = scene_of(plain, files, tmp_path)
    for mine, other in zip(scene.entities, again.entities, strict=True):
        assert (type(mine), mine.name, mine.material) == (type(other), other.name, other.material)
        if not hasattr(mine.morph, "file"):
            assert mine.morph == other.morph
    assert [s.options for s in scene.sensors] == [s.options for s in again.sensors]
    assert len(scene.emitters) == len(again.emitters)
    assert scene.rigid_options == again.rigid_options and scene.sim_options == again.sim_options


def test_a_model_goes_along_unless_it_needs_other_files(
    fresh_runtime: None, tmp_path: Path, write: Any
) -> None:
    body = '<mujoco><worldbody><geom type="plane" size="1 1 1"/></worldbody></mujoco>'
    alone = write(body, "alone.xml")
    parts = write(body.replace("<worldbody>", '<include file="more.xml"/><worldbody>'), "parts.xml")
    scene = gs.Scene()
    scene.add_entity(gs.morphs.MJCF(file=alone))
    said, files = declared(scene)
    Path(alone).unlink()
    again = scene_of(said, files, tmp_path)
    assert Path(again.entities[0].morph.file).read_text() == body
    scene = gs.Scene()
    scene.add_entity(gs.morphs.MJCF(file=parts))
    said, files = declared(scene)
    assert not files and scene_of(said, files, tmp_path).entities
    Path(parts).write_text(body)
    with pytest.raises(
        FileNotFoundError, match=r"parts\.xml: the model's file is not there, or is"
    ):
        scene_of(said, files, tmp_path)


@pytest.mark.parametrize("kind", ["os.system", "scene.Scene", "", None])
def test_only_declarations_are_made(kind: Any, fresh_runtime: None, tmp_path: Path) -> None:
    said, files = declared(gs.Scene())
    said["options"]["sim_options"]["kind"] = kind
    with pytest.raises(ValueError, match="which is none of ours"):
        scene_of(said, files, tmp_path)
