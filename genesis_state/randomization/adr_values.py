"""Values of the parameters that are one number per environment."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

import torch

from genesis_state.randomization.adr_spec import ParameterSpec

# Ends move by sums of deltas: 1 − 5 × 0.2 is a little above 0, and yet it is 0 that is meant.
ROUNDING = 1e-6


def integers_within(ranges: torch.Tensor) -> torch.Tensor:
    """The first and last whole number in each range (…, 2), int64.

    Every range of a categorical parameter has one, as it begins with whole ends and only grows.
    """
    lower = (ranges[..., 0] - ROUNDING).ceil()
    upper = (ranges[..., 1] + ROUNDING).floor()
    return torch.stack((lower, upper), dim=-1).long()


def pin(
    modes: torch.Tensor, params: torch.Tensor, drawn: torch.Tensor, ends: torch.Tensor
) -> torch.Tensor:
    """Replaces drawn values by the ends that environments evaluate.

    Args:
        modes: As in `Workers`, shape (n,).
        params: Which parameters these are, int64, shape (K,).
        drawn: Values, shape (K, n).
        ends: Lower and upper value to evaluate, shape (K, 2).
    """
    lower = modes[None, :] == 2 * params[:, None]
    upper = modes[None, :] == 2 * params[:, None] + 1
    drawn = torch.where(lower, ends[:, :1], drawn)
    return torch.where(upper, ends[:, 1:], drawn)


def pinned(
    modes: torch.Tensor, param: int, ends: torch.Tensor, evaluated: torch.Tensor
) -> torch.Tensor:
    """Between what each environment's value of one parameter is to be drawn.

    Args:
        modes: As in `Workers`, shape (n,).
        param: Number of the parameter.
        ends: Its range, shape (2,).
        evaluated: Values at which its ends are evaluated, shape (2,).

    Returns:
        float64, shape (n, 2): the range, or one end twice for those that evaluate it.
    """
    which = torch.full((2,), param, dtype=torch.int64, device=modes.device)
    drawn = ends[:, None].expand(2, len(modes))
    return pin(modes, which, drawn, evaluated.expand(2, 2)).T.contiguous()


class TensorValues:
    """A value per environment of each parameter without a range_path.

    Attributes:
        uniform: float32, shape (number of uniform parameters, N).
        categorical: int64, shape (number of categorical parameters, N).
    """

    def __init__(self, specs: Sequence[ParameterSpec], num_envs: int, device: torch.device) -> None:
        def of(kind: str) -> list[int]:
            return [place for place, spec in enumerate(specs) if spec.kind == kind]

        reals, whole = of("uniform"), of("categorical")
        self._reals = torch.tensor(reals, dtype=torch.int64, device=device)
        self._whole = torch.tensor(whole, dtype=torch.int64, device=device)
        self.uniform = torch.zeros(len(reals), num_envs, device=device)
        self.categorical = torch.zeros(len(whole), num_envs, dtype=torch.int64, device=device)
        rows = [(specs[place].name, row, False) for row, place in enumerate(reals)]
        rows += [(specs[place].name, row, True) for row, place in enumerate(whole)]
        self._rows = {name: (row, is_whole) for name, row, is_whole in rows}

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that have values, sorted."""
        return tuple(sorted(self._rows))

    def of(self, name: str) -> torch.Tensor:
        """One parameter's values, shape (N,): a view of the stored ones."""
        row, is_whole = self._rows[name]
        return self.categorical[row] if is_whole else self.uniform[row]

    @contextmanager
    def kept(self, names: Collection[str]) -> Iterator[None]:
        """Whatever is drawn inside, these parameters have their values back afterwards."""
        before = {name: self.of(name).clone() for name in names}
        yield
        for name, values in before.items():
            self.of(name)[:] = values

    def sample(
        self,
        envs: torch.Tensor,
        modes: torch.Tensor,
        ranges: torch.Tensor,
        evaluated: torch.Tensor,
        generator: torch.Generator,
    ) -> None:
        """Draws new values: uniform in the range, or the end which an environment evaluates.

        Args:
            envs: Whose values, int64, shape (n,).
            modes: Of these environments, shape (n,).
            ranges: Of all parameters, float64, shape (P, 2).
            evaluated: Values at which ends are evaluated, float64, shape (P, 2).
            generator: Where the draws come from.
        """
        if len(self._reals):
            ends = ranges[self._reals].float()
            low, high = ends[:, :1], ends[:, 1:]
            drawn = self._draw(len(self._reals), len(envs), generator)
            # Rounding may carry the sum past the upper end.
            drawn = (low + drawn * (high - low)).minimum(high)
            pinned = evaluated[self._reals].float()
            self.uniform[:, envs] = pin(modes, self._reals, drawn, pinned)
        if len(self._whole):
            ends = integers_within(ranges[self._whole])
            low, high = ends[:, :1], ends[:, 1:]
            drawn = self._draw(len(self._whole), len(envs), generator)
            drawn = (low + (drawn * (high - low + 1)).floor().long()).minimum(high)
            pinned = integers_within(evaluated[self._whole])
            self.categorical[:, envs] = pin(modes, self._whole, drawn, pinned)

    def _draw(self, rows: int, count: int, generator: torch.Generator) -> torch.Tensor:
        return torch.rand(rows, count, generator=generator, device=self.uniform.device)
