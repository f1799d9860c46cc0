"""A bank of marks in plain Python: one row at a time, in whole numbers."""

import bisect
import hashlib
import math
from dataclasses import dataclass, field

MASK = 2**64 - 1


def bits_53(seed: int, name: str, index: int) -> int:
    """Number `index` of a stream: SplitMix64, its upper 53 bits."""
    key = int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8], "little")
    z = (key + (index + 1) * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return (z ^ (z >> 31)) >> 11


@dataclass
class Oracle:
    """What a bank should hold and draw.

    Attributes:
        marks: What is in each place.
        weights: Its weight.
        seen: Marks that were new.
        drawn: Draws so far.
    """

    capacity: int
    policy: str
    seed: int
    marks: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    seen: int = 0
    drawn: int = 0

    def add(self, marks: list[int], weights: list[float]) -> None:
        """What is there is refreshed first, then the others come in order."""
        known = set(self.marks)
        for mark, weight in zip(marks, weights, strict=True):
            if mark in known:
                self.weights[self.marks.index(mark)] = weight
        last = dict(zip(marks, weights, strict=True))
        for mark in dict.fromkeys(marks):
            if mark not in known:
                self._come(mark, last[mark])

    def _come(self, mark: int, weight: float) -> None:
        if self.seen < self.capacity:
            self.marks.append(mark)
            self.weights.append(weight)
        else:
            place = self.seen % self.capacity
            if self.policy == "reservoir":
                place = bits_53(self.seed, "keep", self.seen) * (self.seen + 1) >> 53
            if place < self.capacity:
                self.marks[place], self.weights[place] = mark, weight
        self.seen += 1

    def draw(self, n: int) -> list[int]:
        """Marks by weight."""
        count, largest = len(self.marks), max(self.weights)
        scale = 2.0 ** (52 - count.bit_length() - math.frexp(largest)[1])
        whole = [max(1, math.floor(w * scale)) if w else 0 for w in self.weights]
        ends = [sum(whole[: k + 1]) for k in range(count)]
        found = []
        for index in range(self.drawn, self.drawn + n):
            value = bits_53(self.seed, "draw", index) * ends[-1] >> 53
            found.append(self.marks[bisect.bisect_right(ends, value)])
        self.drawn += n
        return found
