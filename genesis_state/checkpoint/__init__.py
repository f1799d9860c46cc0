"""The file: formats, safe loading, atomic writing, comparison of scene signatures.

Also saving in the background, and folders of checkpoints. Knows dictionaries of NumPy arrays and
plain values, and nothing of scenes or solvers.
"""

from genesis_state.checkpoint.background import Saving, flush, submit
from genesis_state.checkpoint.directory import Directory
from genesis_state.checkpoint.file import FORMATS, Checkpoint, open, read, require_suffix, write
from genesis_state.checkpoint.manifest import Manifest
from genesis_state.checkpoint.signature import differences
from genesis_state.checkpoint.stored import Stored

__all__ = [
    "FORMATS",
    "Checkpoint",
    "Directory",
    "Manifest",
    "Saving",
    "Stored",
    "differences",
    "flush",
    "open",
    "read",
    "require_suffix",
    "submit",
    "write",
]
