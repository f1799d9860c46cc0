"""Pieces of HTML for what a notebook shows: tables that fold, small plots of values.

Everything a piece is given is escaped unless a piece made it. There is no script and nothing is
fetched; colours are half transparent, so that they suit a dark page and a light one. What is shown
stays small however many environments and variables there are.
"""

from genesis_state.notebook.html import (
    Markup,
    badge,
    details,
    escape,
    note,
    page,
    pairs,
    table,
)
from genesis_state.notebook.plots import bars, curve, strip
from genesis_state.notebook.values import Glance, GlanceCells, glance, glance_cells

__all__ = [
    "Glance",
    "GlanceCells",
    "Markup",
    "badge",
    "bars",
    "curve",
    "details",
    "escape",
    "glance",
    "glance_cells",
    "note",
    "page",
    "pairs",
    "strip",
    "table",
]
