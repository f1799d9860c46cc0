"""Solvers that break the contract, each in the way of a mistake that is easily made."""

import functools
import os

import scenes
import torch
from scenes import BeadSolver, BeadState

import genesis_state as gs


class ForgetfulState(BeadState):
    """What the last step left is said to be scratch, and the next one reads it."""

    last_vel = gs.StateVar("Velocity of the step before [m/s]", ("bead",), (3,), role="scratch")


class ForgetfulSolver(BeadSolver):
    """Reads a scratch variable before writing it."""

    schema = ForgetfulState

    def step(self):
        with self.arena.edit("last_vel") as (last,):
            was = last.clone()
            last.copy_(self.arena.get("vel"))
        with self.arena.edit("vel") as (vel,):
            vel -= 0.01 * was
        super().step()


class HoardingState(BeadState):
    """What was found at build is said to be scratch."""

    offset = gs.StateVar("Found once, at build [N]", ("bead",), role="scratch")


class HoardingSolver(BeadSolver):
    """Keeps in scratch what is computed once: on one scene everything looks right."""

    schema = HoardingState

    def start(self):
        super().start()
        with self.arena.edit("offset") as (offset,):
            offset[:] = torch.arange(4.0)

    def step(self):
        offset = self.arena.get("offset")
        with self.arena.edit("vel") as (vel,):
            vel[:, :, 1] += 1e-3 * offset
        super().step()


class CountingSolver(BeadSolver):
    """Keeps its state in a Python attribute."""

    steps = 0

    def step(self):
        self.steps += 1
        with self.arena.edit("vel") as (vel,):
            vel += 1e-3 * self.steps
        super().step()


class CoupledSolver(BeadSolver):
    """Environments feel each other."""

    def step(self):
        with self.arena.edit("vel") as (vel,):
            vel += 1e-3 * vel.mean(0)
        super().step()


class PlacedSolver(BeadSolver):
    """Each environment has its own place in one world."""

    def step(self):
        with self.arena.edit("vel") as (vel,):
            vel[:, :, 1] += 1e-3 * torch.arange(float(self.n_envs))[:, None]
        super().step()


class ThreadySolver(BeadSolver):
    """Depends on the number of threads, as sums over threads do."""

    def step(self):
        with self.arena.edit("vel") as (vel,):
            vel += 1e-6 * int(os.environ.get("TI_CPU_MAX_NUM_THREADS", "2"))
        super().step()


class LocalSolver(BeadSolver):
    """Reads something of the process it runs in."""

    def step(self):
        with self.arena.edit("vel") as (vel,):
            vel += 1e-9 * os.getpid()
        super().step()


class PeekingSolver(BeadSolver):
    """Keeps a view of the memory, which it has only where state is seen in place."""

    def start(self):
        super().start()
        self.view = self.arena.block_of("vel").get("vel")

    def step(self):
        self.view += 1e-3
        super().step()


class ShowingSolver(BeadSolver):
    """A getter reads scratch."""

    def get_force(self) -> torch.Tensor:
        return self.arena.get("force")


class MeddlingSolver(BeadSolver):
    """A getter changes what it looks at."""

    def get_awake(self) -> torch.Tensor:
        with self.arena.edit("hits") as (hits,):
            hits += 1
        return hits.clone()


class LeakingSolver(BeadSolver):
    """Its padding is not clean: a bool that is neither 0 nor 1 is told apart by its bytes."""

    def step(self):
        super().step()
        with self.arena.edit("awake") as (awake,):
            awake.view(torch.uint8).mul_(2)


def scene_of(solver: type[BeadSolver]) -> gs.Scene:
    """A scene of one of them."""
    scene = gs.Scene()
    scene.add_solver(solver())
    return scene


def contract_of(solver: type[BeadSolver]) -> gs.testing.Contract:
    """The contract of one of them."""
    return gs.testing.Contract(
        functools.partial(scene_of, solver), start=scenes.start_beads, drive=scenes.drive_beads
    )
