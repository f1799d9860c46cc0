"""What every solver of matter must do, whatever it is that it moves."""

from __future__ import annotations

from collections.abc import Callable

import torch

import genesis_state as gs
from genesis_state.solvers.continuum import Continuum


def lost_matter_stops_its_environment_alone(
    scene: gs.Scene, run: Callable[[gs.Scene], torch.Tensor], name: str, value: float
) -> None:
    """Three environments, in the second of which one value of a variable is spoilt.

    Args:
        scene: A built scene of three environments.
        run: Steps it and returns where its matter is, shape (3, …).
        name: The variable.
        value: What a particle or vertex of it becomes.
    """
    (solver,) = (solver for solver in scene.solvers if isinstance(solver, Continuum))
    scene.reset()
    expected = run(scene)
    scene.reset()
    with solver.arena.edit(name) as (view,):
        view[1, 5] = value
    lost = run(scene)
    assert solver.get_error_envs_mask().tolist() == [False, True, False]
    assert torch.equal(lost[[0, 2]], expected[[0, 2]])
    # It stays as it was found, until it is reset.
    after = run(scene)
    assert torch.equal(after[1].isnan(), lost[1].isnan())
    assert torch.equal(after[1].nan_to_num(), lost[1].nan_to_num())
    scene.reset(envs_idx=[1])
    assert not solver.get_error_envs_mask().any()
    assert torch.equal(run(scene)[1], expected[1])
