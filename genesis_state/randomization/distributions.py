"""Samples of the three distributions, of ranges that may differ by environment."""

from __future__ import annotations

from collections.abc import Sequence

import torch

DISTRIBUTIONS = ("uniform", "loguniform", "gaussian")
OPERATIONS = ("additive", "scaling")


def standard_draw(
    distribution: str,
    shape: Sequence[int],
    generator: torch.Generator,
    dtype: torch.dtype,
) -> torch.Tensor:
    """Random numbers before a range is applied: normal for "gaussian", else uniform in [0, 1)."""
    draw = torch.randn if distribution == "gaussian" else torch.rand
    return draw(tuple(shape), generator=generator, dtype=dtype, device=generator.device)


def ranged(
    distribution: str, standard: torch.Tensor, first: torch.Tensor, second: torch.Tensor
) -> torch.Tensor:
    """A sample of a distribution, from a standard draw.

    Args:
        distribution: "uniform" in [first, second], "loguniform" exp(U(ln first, ln second)), or
            "gaussian" of mean first and standard deviation second.
        standard: From `standard_draw`, shape (n, k).
        first: A shape that fits standard's: (n, 1) for a range per environment, or ().
        second: Like first.

    Returns:
        Shape (n, k). Where both ends of a uniform or loguniform range are equal, exactly that.
    """
    if distribution == "gaussian":
        return first + standard * second
    if distribution == "loguniform":
        drawn = (first.log() + standard * (second.log() - first.log())).exp()
    else:
        drawn = first + standard * (second - first)
    return drawn.maximum(first).minimum(second)


def sample(
    distribution: str,
    operation: str,
    standard: torch.Tensor,
    first: torch.Tensor,
    second: torch.Tensor,
    factor: float = 1.0,
) -> torch.Tensor:
    """A sample that a schedule has in part in force.

    What has no effect is 0 if the operation is additive and 1 if it is scaling; `factor` goes
    from there (0) to the whole range (1). A loguniform scaling stays loguniform on the way: its
    ends are moved, x · factor + 1 − factor, and not the sample.

    Args:
        distribution: As for `ranged`.
        operation: "additive" or "scaling".
        standard: As for `ranged`.
        first: As for `ranged`.
        second: As for `ranged`.
        factor: Of the schedule, from 0 to 1.

    Returns:
        Shape (n, k).
    """
    if operation == "scaling" and distribution == "loguniform":
        return ranged(
            distribution,
            standard,
            first * factor + (1 - factor),
            second * factor + (1 - factor),
        )
    return blended(operation, ranged(distribution, standard, first, second), factor)


def blended(operation: str, drawn: torch.Tensor, factor: float) -> torch.Tensor:
    """Between what has no effect (factor 0) and the sample (factor 1)."""
    if factor == 1.0:
        return drawn
    return drawn * factor if operation == "additive" else drawn * factor + (1 - factor)


def operate(operation: str, original: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
    """original + drawn if additive, original · drawn if scaling."""
    return original + drawn if operation == "additive" else original * drawn


def bucketed(drawn: torch.Tensor, low: float, step: float) -> torch.Tensor:
    """Samples brought down to the edges low + i · step, of any i: nothing is cut off at an end."""
    # A sample that is an edge may be a rounding error below it.
    return low + ((drawn - low) / step + 1e-4).floor() * step


def stochastic_round(values: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Whole numbers whose mean is the value: 2.3 becomes 2 with chance 0.7 and 3 with chance 0.3.

    For parameters that change smoothly, as ADR's do, where a count of steps is needed.

    Returns:
        int64, of the shape of `values`.
    """
    chance = standard_draw("uniform", values.shape, generator, values.dtype)
    below = values.floor()
    return (below + (chance < values - below)).long()


def gaussian_of_spread(
    spread: torch.Tensor, columns: int, generator: torch.Generator
) -> torch.Tensor:
    """Normal samples of standard deviation exp(v²) − 1 for a spread v; 0 for v of 0 or less.

    As in the environments of Handa et al. 2022, "DeXtreme": the deviation begins flat, so that a
    range that grows by equal steps from 0 brings noise in gently.

    Args:
        spread: v of each environment, shape (n,).
        columns: Samples for each.
        generator: Where they come from.

    Returns:
        Shape (n, columns).
    """
    standard = standard_draw("gaussian", (len(spread), columns), generator, spread.dtype)
    return standard * spread.clamp(min=0).square().expm1()[:, None]
