"""Threads at the size of the benchmarks: 1, 2 and 4 of them move matter alike, bit for bit.

Each number of threads compiles everything anew. Smaller scenes of each solver go through the same
line of the contract in every run.
"""

import functools
import math

import pytest

import genesis_state as gs
from benchmarks import continuum_scenes
from genesis_state import testing
from genesis_state.testing import Contract

LANDED = 0.13  # seconds after which all of them lie on the floor


def scene(name: str) -> gs.Scene:
    """A scene of the benchmarks; cloth falls over a ball."""
    made = continuum_scenes.SCENES[name](gs)
    if name == "cloth":
        made.add_entity(gs.morphs.Sphere(radius=0.03, pos=(0.0, 0.0, 0.04)))
    return made


@pytest.mark.slow
@pytest.mark.parametrize("name", continuum_scenes.SCENES)
def test_threads_do_not_change_a_bit_of_much_matter(name: str, fresh_runtime: None) -> None:
    gs.destroy()
    gs.init(precision="32")
    factory = functools.partial(scene, name)
    before = math.ceil(LANDED / factory().dt)
    with Contract(factory, n_envs=1, before=before, after=5, thread_envs=1) as contract:
        assert contract.recording
        contract.close()
        gs.destroy()
        testing.threads(contract)
