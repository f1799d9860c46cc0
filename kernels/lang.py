"""The one module that imports Taichi, so that a maintained fork can take its place."""

import os

# Read by Taichi while it is imported: no banner, no call home.
os.environ.setdefault("ENABLE_TAICHI_HEADER_PRINT", "False")
os.environ.setdefault("TI_SKIP_VERSION_CHECK", "ON")

import taichi as ti

__all__ = ["ti"]
