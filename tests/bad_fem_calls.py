"""Calls on the beam (18 vertices, 24 elements) of test_fem_entity.py to be refused.

In environment 1 its vertices 0 and 1 are held.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

BAD: list[tuple[type[Exception], str, Callable[[SimpleNamespace], Any]]] = [
    (
        IndexError,
        "beam: verts_idx_local has 18, out of range for n_vertices=18.",
        lambda s: s.beam.set_vertices_pos([0, 0, 0], [18]),
    ),
    (
        ValueError,
        "beam.set_vertices_pos: shape (3, 3), needs (2, 3) or (3, 2, 3).",
        lambda s: s.beam.set_vertices_pos(np.zeros((3, 3)), [0, 1]),
    ),
    (
        ValueError,
        "beam.set_vertices_vel is inf at [0, 2], needs finite numbers",
        lambda s: s.beam.set_vertices_vel([0, 0, np.inf], [0]),
    ),
    (
        ValueError,
        "beam.set_position: shape (17, 3), needs (18, 3) or (3, 18, 3).",
        lambda s: s.beam.set_position(np.zeros((17, 3))),
    ),
    (
        IndexError,
        "beam: elements_idx_local has 24, out of range for n_elements=24.",
        lambda s: s.beam.set_elements_active(True, [24]),
    ),
    (
        TypeError,
        "beam.set_elements_active is of float64, needs bools, or zeros and ones.",
        lambda s: s.beam.set_elements_active(0.5),
    ),
    (
        ValueError,
        "beam.set_vertex_constraints: stiffness is 0.0, needs a positive number in 1/s^2 for a "
        "soft constraint.",
        lambda s: s.beam.set_vertex_constraints([0], is_soft_constraint=True),
    ),
    (
        ValueError,
        "beam.set_vertex_constraints: stiffness is 5, needs to be left out, or "
        "is_soft_constraint=True beside it.",
        lambda s: s.beam.set_vertex_constraints([0], stiffness=5),
    ),
    (
        TypeError,
        "beam.set_vertex_constraints: link is a int, needs one of entity.links.",
        lambda s: s.beam.set_vertex_constraints([0], link=0),
    ),
    (
        ValueError,
        "beam.set_vertex_constraints: RigidLink('box_baselink' of 'block', idx_local=0) is of "
        "another scene.",
        lambda s: s.beam.set_vertex_constraints([0], link=s.stranger),
    ),
    (
        ValueError,
        "beam.set_vertex_constraints: target_poss: shape (3, 3), needs (2, 3) or (3, 2, 3).",
        lambda s: s.beam.set_vertex_constraints([0, 1], target_poss=np.zeros((3, 3))),
    ),
    (
        ValueError,
        "beam.update_constraint_targets: vertex 2 is not held in environment 1; use "
        "set_vertex_constraints first.",
        lambda s: s.beam.update_constraint_targets([1, 2], [0, 0, 1], envs_idx=1),
    ),
    (
        ValueError,
        "beam.update_constraint_targets: vertex 1 is not held in environment 0; use",
        lambda s: s.beam.update_constraint_targets([1], [0, 0, 1]),
    ),
    (
        ValueError,
        "beam.remove_vertex_constraints: envs_idx names an environment more than once",
        lambda s: s.beam.remove_vertex_constraints(envs_idx=[1, 1]),
    ),
]
