"""Calls on the sheet (16 particles), the jelly, the ball and the hose of test_pbd_entity.py."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

BAD: list[tuple[type[Exception], str, Callable[[SimpleNamespace], Any]]] = [
    (
        IndexError,
        "sheet: particles_idx_local has 16, out of range for n_particles=16.",
        lambda s: s.sheet.fix_particles(16),
    ),
    (
        ValueError,
        "sheet: particles_idx_local names 3 more than once; name it once.",
        lambda s: s.sheet.fix_particles([3, 4, 3]),
    ),
    (
        ValueError,
        "sheet.fix_particles: particles_idx_local has shape (2, 1), needs (3, n), one row for "
        "each environment.",
        lambda s: s.sheet.fix_particles([[1], [2]]),
    ),
    (
        IndexError,
        "sheet: particles_idx_local has 99, out of range",
        lambda s: s.sheet.release_particles([[1], [2], [99]]),
    ),
    (
        TypeError,
        "sheet.fix_particles: zero_velocity is 0, needs True or False.",
        lambda s: s.sheet.fix_particles([1], zero_velocity=0),
    ),
    (
        IndexError,
        "sheet.fix_particles_to_link: link_idx is 2, out of range for the 2 links of the scene.",
        lambda s: s.sheet.fix_particles_to_link(2, [0]),
    ),
    (
        IndexError,
        "sheet.fix_particles_to_link: link_idx is -1, out of range for the 2 links",
        lambda s: s.sheet.fix_particles_to_link(-1, [0]),
    ),
    (
        TypeError,
        "sheet.fix_particles_to_link: link_idx is 'hand', needs an int such as link.idx.",
        lambda s: s.sheet.fix_particles_to_link("hand", [0]),
    ),
    (
        ValueError,
        "sheet.set_particles_pos: a particle is 8 m above the domain, which ends at z=2 (at "
        "upper_bound); move it or enlarge the domain.",
        lambda s: s.sheet.set_particles_pos([0, 0, 10]),
    ),
    (
        ValueError,
        "jelly.set_velocity is nan at [1], needs finite numbers",
        lambda s: s.jelly.set_velocity([0, np.nan, 0]),
    ),
    (
        IndexError,
        "envs_idx: 3 is out of range for n_envs=3",
        lambda s: s.sheet.fix_particles([0], envs_idx=3),
    ),
    (
        ValueError,
        "hose.emit: a particle is 0.025 m above the domain, which ends at z=2",
        lambda s: s.hose.emit("square", 0.1, 0.1, pos=(0, 0, 2.025)),
    ),
]
