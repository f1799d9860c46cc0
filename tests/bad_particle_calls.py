"""Calls on the jelly (27 particles), the ball and the hose of test_mpm_entity.py to be refused."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

BAD: list[tuple[type[Exception], str, Callable[[SimpleNamespace], Any]]] = [
    (
        ValueError,
        "jelly.set_particles_pos: shape (2, 3), needs (27, 3) or (3, 27, 3).",
        lambda s: s.jelly.set_particles_pos(np.zeros((2, 3))),
    ),
    (
        ValueError,
        "jelly.set_particles_pos: a single number, needs (27, 3).",
        lambda s: s.jelly.set_particles_pos(0.5),
    ),
    (
        ValueError,
        "jelly.set_particles_pos is nan at [1, 2], needs finite numbers.",
        lambda s: s.jelly.set_particles_pos([[0, 0, 0.5], [0, 0, np.nan]], [0, 1]),
    ),
    (
        ValueError,
        "jelly.set_particles_pos: a particle is 1.3125 m below the domain, which begins at "
        "y=-0.8125 (3 cells inside of lower_bound); move it or enlarge the domain.",
        lambda s: s.jelly.set_particles_pos([[0, 0, 0.5], [0.9, -2.125, 0.5]], [0, 1], 2),
    ),
    (
        ValueError,
        "jelly.set_position: a particle is 0.2875 m above the domain, which ends at z=0.8125",
        lambda s: s.jelly.set_position([[0, 0, 0.5], [0, 0, 1], [0, 0, 0.5]]),
    ),
    (
        ValueError,
        "jelly.set_position: shape (4, 3), needs (27, 3) or (3, 27, 3).",
        lambda s: s.jelly.set_position(np.zeros((4, 3))),
    ),
    (
        ValueError,
        "hose.set_position: it has no shape to put somewhere; give a position for each particle.",
        lambda s: s.hose.entity.set_position([0, 0, 0.5]),
    ),
    (
        IndexError,
        "jelly: particles_idx_local has 27, out of range for n_particles=27.",
        lambda s: s.jelly.set_particles_vel([0, 0, 1], [27]),
    ),
    (
        ValueError,
        "jelly: particles_idx_local names 1 more than once",
        lambda s: s.jelly.set_particles_vel([0, 0, 1], [1, 1]),
    ),
    (
        TypeError,
        "jelly.set_velocity is of str, needs numbers",
        lambda s: s.jelly.set_velocity("fast"),
    ),
    (
        ValueError,
        "jelly.set_velocity is inf at [2], needs finite numbers",
        lambda s: s.jelly.set_velocity([0, 0, np.inf]),
    ),
    (
        ValueError,
        "jelly.set_velocity: envs_idx names an environment more than once",
        lambda s: s.jelly.set_velocity(np.zeros((2, 3)), envs_idx=[1, 1]),
    ),
    (
        TypeError,
        "jelly.set_active is of float64, needs bools, or zeros and ones.",
        lambda s: s.jelly.set_active(0.5),
    ),
    (ValueError, "jelly.set_active has 2, needs 0 or 1.", lambda s: s.jelly.set_active([2] * 27)),
    (
        ValueError,
        "jelly.set_active: shape (3,), needs (27,) or (3, 27).",
        lambda s: s.jelly.set_active(torch.ones(3, dtype=torch.bool)),
    ),
    (
        ValueError,
        "hose.activate: a particle is 999999 m above the domain",
        lambda s: s.hose.entity.activate(),
    ),
    (
        IndexError,
        "envs_idx: 3 is out of range for n_envs=3",
        lambda s: s.jelly.deactivate(envs_idx=3),
    ),
    (
        ValueError,
        "jelly.find_closest_particle: shape (2, 3), needs (3,) or (3, 3).",
        lambda s: s.jelly.find_closest_particle(np.zeros((2, 3))),
    ),
    (
        ValueError,
        "hose.emit: droplet_shape is 'star', needs one of circle, sphere, square, rectangle.",
        lambda s: s.hose.emit("star", 0.1),
    ),
    (
        ValueError,
        "hose.emit: droplet_size is 0.1, needs width and height in metres for a rectangle.",
        lambda s: s.hose.emit("rectangle", 0.1),
    ),
    (
        ValueError,
        "hose: direction is [0, 0], needs three finite numbers.",
        lambda s: s.hose.emit("circle", 0.1, direction=[0, 0]),
    ),
    (
        ValueError,
        "hose.emit: direction is zero, needs one.",
        lambda s: s.hose.emit("circle", 0.1, direction=(0, 0, 0)),
    ),
    (
        ValueError,
        "hose: speed is -1, needs a finite number that is not negative.",
        lambda s: s.hose.emit("circle", 0.1, speed=-1),
    ),
    (
        ValueError,
        "hose: droplet_length is 0, needs a finite number that is positive.",
        lambda s: s.hose.emit("circle", 0.1, droplet_length=0),
    ),
    (
        ValueError,
        "hose.emit: a droplet of 64 particles, there are only 40; use a smaller droplet",
        lambda s: s.hose.emit("square", 0.4, 0.4, pos=(0, 0, 0.5)),
    ),
    (
        ValueError,
        "hose.emit: a particle is 0.1875 m above the domain, which ends at z=0.8125",
        lambda s: s.hose.emit("square", 0.1, 0.1, pos=(0, 0, 1)),
    ),
    (
        ValueError,
        "hose: envs_idx names an environment more than once; name it once.",
        lambda s: s.hose.emit("circle", 0.1, 0.1, pos=(0, 0, 0.5), envs_idx=[0, 0]),
    ),
    (
        ValueError,
        "hose.emit_omni: no particles of particle_size=0.9 fit between the radii 0.08 and 0.2",
        lambda s: s.hose.emit_omni(0.2, pos=(0, 0, 0.5), particle_size=0.9),
    ),
]
