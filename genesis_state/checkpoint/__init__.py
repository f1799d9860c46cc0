"""The file: formats, safe loading, atomic writing, comparison of scene signatures.

Knows dictionaries of NumPy arrays and plain values, and nothing of scenes or solvers.
"""

from genesis_state.checkpoint.file import Checkpoint, open, read, write
from genesis_state.checkpoint.signature import differences
from genesis_state.checkpoint.stored import Stored

__all__ = ["Checkpoint", "Stored", "differences", "open", "read", "write"]
