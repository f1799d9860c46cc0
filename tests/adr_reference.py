"""ADR's update, once more and slowly: plain Python, one environment and one end at a time.

Written from the rules and not from the code. What is random, who evaluates what, is given to it.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Any


class ReferenceADR:
    """Ranges, queues and running episodes as lists, in the order of the names."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.low = config["adr_objective_threshold_low"]
        self.high = config["adr_objective_threshold_high"]
        self.alpha = config.get("adr_rollout_perf_alpha", 0.99)
        self.length = config["adr_queue_threshold_length"]
        self.clear_others = config.get("clear_other_queues", False)
        self.frozen = not config.get("update_adr_ranges", True)
        self.extended = config.get("adr_extended_boundary_sample", False)
        self.names = sorted(config["params"])
        self.specs = [config["params"][name] for name in self.names]
        self.ranges = [[float(end) for end in spec["init_range"]] for spec in self.specs]
        self.queues = [deque(maxlen=self.length) for _ in range(2 * len(self.specs))]
        self.performance: float | None = None

    def update(
        self, done: list[bool], objective: list[float], modes: list[int], counted: list[bool]
    ) -> None:
        """Changes ranges and queues, and modes and counted of environments that go on."""
        if not any(done):
            return
        rollouts = []
        for env, ended in enumerate(done):
            if not ended or not counted[env]:
                continue
            if modes[env] < 0:
                rollouts.append(objective[env])
            elif not self.frozen:
                self.queues[modes[env]].append(objective[env])
        if rollouts:
            mean = sum(rollouts) / len(rollouts)
            old = mean if self.performance is None else self.performance
            first = self.performance is None
            self.performance = mean if first else self.alpha * old + (1 - self.alpha) * mean
        if self.frozen:
            return
        moved = [queue for queue in range(len(self.queues)) if self._move(queue)]
        if moved and self.clear_others:
            moved = list(range(len(self.queues)))
        for queue in moved:
            self.queues[queue].clear()
        for env, mode in enumerate(modes):
            if mode in moved:
                modes[env], counted[env] = -1, False

    def _move(self, queue: int) -> bool:
        results = self.queues[queue]
        if len(results) < self.length:
            return False
        mean = sum(results) / len(results)
        param, side = divmod(queue, 2)
        old = self.ranges[param][side]
        if mean > self.high:
            new = self._outwards(param, side)
        elif mean < self.low:
            new = self._inwards(param, side)
        else:
            return False
        if abs(new - old) <= 1e-9:
            return False
        self.ranges[param][side] = new
        return True

    def _stepped(self, param: int, side: int, up: bool) -> float:
        spec, value = self.specs[param], self.ranges[param][side]
        if spec["delta"] == 0:
            return value
        if spec.get("delta_style") == "multiplicative":
            return value * spec["delta"] if up else value / spec["delta"]
        return value + spec["delta"] if up else value - spec["delta"]

    def _outwards(self, param: int, side: int) -> float:
        new = self._stepped(param, side, up=side == 1)
        limit = self.specs[param].get("limits", [None, None])[side]
        if limit is None:
            return new
        return min(new, limit) if side == 1 else max(new, limit)

    def _inwards(self, param: int, side: int) -> float:
        new = self._stepped(param, side, up=side == 0)
        init = self.specs[param]["init_range"][side]
        return max(new, init) if side == 1 else min(new, init)

    def next_limits(self) -> list[list[float]]:
        """One more move outwards for every end."""
        every = range(len(self.specs))
        return [[self._outwards(param, 0), self._outwards(param, 1)] for param in every]

    def evaluated(self) -> list[list[float]]:
        """The value at which each end is evaluated."""
        return self.next_limits() if self.extended else self.ranges

    def npd(self) -> float:
        """Mean of the logarithms of the widths, of parameters that move, over all."""
        nats = 0.0
        for spec, (lower, upper) in zip(self.specs, self.ranges, strict=True):
            if spec["delta"] >= 1e-9:
                nats += math.log(max(upper - lower, 1e-3))
        return nats / len(self.specs)
