"""The file: formats, safe loading, atomic writing, comparison of scene signatures.

Knows dictionaries of NumPy arrays and plain values, and nothing of scenes or solvers.
"""

from genesis_state.checkpoint.file import Checkpoint, read, write
from genesis_state.checkpoint.signature import differences

__all__ = ["Checkpoint", "differences", "read", "write"]
