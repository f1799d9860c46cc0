"""Which environment evaluates which end of which range."""

from __future__ import annotations

import torch

ROLLOUT, BOUNDARY = 0, 1
NO_MODE = -1


class Workers:
    """The part that each of N environments has in the running episode.

    Attributes:
        modes: 2n for an environment that evaluates the lower end of parameter n, 2n + 1 for its
            upper end, -1 for a rollout worker, all of whose parameters are drawn from the ranges.
            int64, shape (N,).
        counted: Whether the running episode's objective will count, bool, shape (N,). It does not
            if the end that it evaluated has moved meanwhile, or if the episode is cut short.
    """

    def __init__(self, num_envs: int, device: torch.device) -> None:
        self.modes = torch.full((num_envs,), NO_MODE, dtype=torch.int64, device=device)
        self.counted = torch.ones(num_envs, dtype=torch.bool, device=device)

    @property
    def types(self) -> torch.Tensor:
        """0 for rollout workers, 1 for boundary workers, int64, shape (N,)."""
        return (self.modes >= 0).long()

    def assign(
        self,
        envs: torch.Tensor,
        open_modes: torch.Tensor,
        fraction: float,
        generator: torch.Generator,
    ) -> None:
        """Gives new parts to environments at the beginning of their episodes.

        Args:
            envs: int64, shape (n,).
            open_modes: Modes to draw from with equal chances, int64, shape (m,). With none of
                them every environment becomes a rollout worker.
            fraction: Chance to become a boundary worker.
            generator: Where the chances come from.
        """
        self.counted[envs] = True
        if not len(open_modes):
            self.modes[envs] = NO_MODE
            return
        device = self.modes.device
        chance = torch.rand(len(envs), generator=generator, device=device)
        drawn = torch.randint(
            len(open_modes), (len(envs),), generator=generator, device=device, dtype=torch.int64
        )
        self.modes[envs] = torch.where(chance < fraction, open_modes[drawn], NO_MODE)

    def retire(self, which: torch.Tensor) -> None:
        """Makes boundary workers of the marked modes, bool (2P,), rollout workers.

        They finish their episodes with the values they have, and what comes out does not count.
        """
        # A rollout worker's -1 looks at the last mark and must not be moved by it.
        theirs = which[self.modes] & (self.modes >= 0)
        self.counted = self.counted & ~theirs
        self.modes = self.modes.masked_fill(theirs, NO_MODE)
