"""Tasks of reinforcement learning: batches of environments whose whole state can be saved.

The hierarchy is `VecTask` → `ADRVecTask` → a task.
"""

from genesis_state.tasks.adr_vec_task import ADRVecTask
from genesis_state.tasks.vec_task import VecTask

__all__ = ["ADRVecTask", "VecTask"]
