"""The one place that imports Taichi, so that a maintained fork can take its stead.

Beyond the import it makes Taichi quicker at what every start waits for: `reading` of kernels, their
`products` of vectors and matrices, and `launching` of what is compiled.
"""

from genesis_state.kernels.lang import launching, products, reading
from genesis_state.kernels.lang.importing import LIBRARY, ti

__all__ = ["LIBRARY", "ti"]

reading.install()
products.install()
launching.install()
