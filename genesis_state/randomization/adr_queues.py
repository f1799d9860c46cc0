"""Ring buffers that keep the newest results of each end of each range."""

from __future__ import annotations

import torch


class ResultQueues:
    """Q queues of at most `length` results each, written many at a time.

    Attributes:
        results: Ring buffers, float64, shape (Q, length); 0 where there is no result.
        counts: Results in each queue, int64, shape (Q,).
        heads: Where each queue's next result goes, int64, shape (Q,).
    """

    def __init__(self, queues: int, length: int, device: torch.device) -> None:
        self.results = torch.zeros(queues, length, dtype=torch.float64, device=device)
        self.counts = torch.zeros(queues, dtype=torch.int64, device=device)
        self.heads = torch.zeros(queues, dtype=torch.int64, device=device)

    @property
    def length(self) -> int:
        """The most results that a queue keeps."""
        return self.results.shape[1]

    def push(self, queue: torch.Tensor, result: torch.Tensor) -> None:
        """Appends results, in their order; of more than fit a queue keeps the newest.

        Args:
            queue: To which queue each result goes, int64, shape (n,).
            result: Results, float64, shape (n,).
        """
        # A stable sort keeps the order within each queue, so that a result's place among those
        # of its own queue is its place in the sorted list less where that queue begins there.
        order = torch.sort(queue, stable=True).indices
        queue, result = queue[order], result[order]
        arrived = torch.bincount(queue, minlength=len(self.counts))
        begins = arrived.cumsum(0) - arrived
        rank = torch.arange(len(queue), device=queue.device) - begins[queue]
        if len(queue) > self.length:  # no place may be written twice
            kept = rank >= arrived[queue] - self.length
            queue, result, rank = queue[kept], result[kept], rank[kept]
        self.results[queue, (self.heads[queue] + rank) % self.length] = result
        self.heads = (self.heads + arrived) % self.length
        self.counts = (self.counts + arrived).clamp(max=self.length)

    def full(self) -> torch.Tensor:
        """Whether each queue has all the results it can keep, bool, shape (Q,)."""
        return self.counts >= self.length

    def means(self) -> torch.Tensor:
        """Each queue's mean, float64, shape (Q,); 0 for an empty one."""
        return self.results.sum(dim=1) / self.counts.clamp(min=1)

    def clear(self, which: torch.Tensor) -> None:
        """Empties the marked queues, bool, shape (Q,)."""
        self.results = self.results.masked_fill(which[:, None], 0.0)
        self.counts = self.counts.masked_fill(which, 0)


def in_order(results: torch.Tensor, count: int, head: int) -> torch.Tensor:
    """One ring buffer's results, oldest first.

    Args:
        results: The ring, shape (length,).
        count: Results in it.
        head: Where its next result would go.

    Returns:
        Shape (count,).
    """
    places = torch.arange(head - count, head, device=results.device) % len(results)
    return results[places]
