"""The names under which ADR is logged, and their values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from genesis_state.randomization.adr_spec import SIDES


def scalars(
    ranges: Mapping[str, tuple[float, float]],
    means: Sequence[float],
    counts: Sequence[int],
    performance: float | None,
    npd: float,
) -> dict[str, float]:
    """What is worth a curve, by name.

    Args:
        ranges: Lower and upper end of each parameter.
        means: Of both ends of each parameter in turn, the mean when a result last came; NaN if
            none ever did, and then there is no point in the curve.
        counts: Of both ends of each parameter in turn, the results in the queue.
        performance: Running mean of the rollout workers' objectives, if there is one.
        npd: Entropy of the ranges [nats per dimension].
    """
    found: dict[str, float] = {}
    for place, (name, ends) in enumerate(ranges.items()):
        for side, word in enumerate(SIDES):
            queue = f"adr/objective_perf/boundary/{name}/{word}"
            mean = means[2 * place + side]
            found[f"adr/params/{name}/{word}"] = ends[side]
            found[f"{queue}/queue_len"] = float(counts[2 * place + side])
            if not math.isnan(mean):
                found[f"{queue}/value"] = mean
    if performance is not None:
        found["adr/objective_perf/rollouts"] = performance
    found["adr/npd"] = npd
    return found
