"""Tables, folds and pages of HTML; the one place where text becomes markup."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from itertools import islice

from genesis_state.text import printable

MAX_ROWS = 200
"""Rows that a table shows; the rest is counted."""

_LONGEST = 400  # characters of one cell

# Every rule begins with the class, so that nothing else on the page is touched. Jupyter sets tables
# of its own way with selectors as strong as these, hence !important where it would win.
_STYLE = """
.gs{font-size:13px;line-height:1.45;max-width:100%;overflow-x:auto;text-align:left}
.gs *{box-sizing:border-box}
.gs .gs-title{font-weight:600;font-size:14px;padding:2px 0 4px}
.gs .gs-title span{font-weight:400;opacity:.7}
.gs details{margin:1px 0}
.gs details>:not(summary){margin-left:16px}
.gs summary{cursor:pointer;padding:2px 4px;border-radius:4px;display:list-item}
.gs summary:hover{background:rgba(128,128,128,.15)}
.gs summary>span{opacity:.75}
.gs table.gs-t{border-collapse:collapse!important;border:0!important;margin:2px 0 8px!important;
width:auto!important;table-layout:auto;font-size:12px!important;color:inherit!important}
.gs table.gs-t th,.gs table.gs-t td{padding:2px 10px 2px 4px!important;border:0!important;
text-align:left!important;vertical-align:middle!important;white-space:nowrap;
background:transparent!important;max-width:none}
.gs table.gs-t th{font-weight:600!important;opacity:.75;
border-bottom:1px solid rgba(128,128,128,.45)!important}
.gs table.gs-t tr{background:transparent!important;border:0!important}
.gs table.gs-t tr+tr td{border-top:1px solid rgba(128,128,128,.15)!important}
.gs table.gs-t .gs-r{text-align:right!important;font-variant-numeric:tabular-nums}
.gs table.gs-t td.gs-w{white-space:normal;min-width:14em;max-width:34em;opacity:.85}
.gs code{background:transparent;color:inherit;font-size:12px;padding:0}
.gs .gs-n{opacity:.7;padding:1px 4px;max-width:60em}
.gs .gs-b{border-radius:8px;padding:0 6px;font-size:11px;background:rgba(128,128,128,.2)}
.gs .gs-bad{background:rgba(229,72,77,.2);color:#e5484d}
.gs .gs-ok{background:rgba(48,164,108,.2);color:#30a46c}
.gs svg{display:block;color:#4c8bf5}
""".replace("\n", "")


class Markup(str):
    """HTML that a piece made; any other text is escaped where it is put in."""

    __slots__ = ()


def escape(value: object) -> Markup:
    """A value as HTML: escaped and cut, control characters shown, unless a piece made it."""
    if isinstance(value, Markup):
        return value
    text = str(value)
    if len(text) > _LONGEST:
        text = text[: _LONGEST - 1] + "…"
    return Markup(html.escape(printable(text)))


def code(value: object) -> Markup:
    """A name as it is typed."""
    return Markup(f"<code>{escape(value)}</code>")


def badge(value: object, kind: str = "") -> Markup:
    """A word in a coloured field.

    Args:
        value: The word.
        kind: "" for grey, "bad" for red, "ok" for green.
    """
    return Markup(f'<span class="gs-b{f" gs-{kind}" if kind else ""}">{escape(value)}</span>')


def note(value: object) -> Markup:
    """A sentence in a paler colour."""
    return Markup(f'<div class="gs-n">{escape(value)}</div>')


def table(
    head: Sequence[object],
    rows: Iterable[Sequence[object]],
    right: Sequence[int] = (),
    wide: Sequence[int] = (),
    max_rows: int = MAX_ROWS,
) -> Markup:
    """A table; what goes beyond `max_rows` is counted, not shown.

    Args:
        head: Titles of the columns; empty for none.
        rows: Cells, as many in each row.
        right: Columns of numbers, aligned to the right.
        wide: Columns of sentences, which may take several lines.
        max_rows: Rows to show.
    """

    def row(cells: Sequence[object], tag: str) -> str:
        kinds = ["gs-r" if i in right else "gs-w" if i in wide else "" for i in range(len(cells))]
        return "".join(
            f"<{tag}{f' class={kind}' if kind else ''}>{escape(cell)}</{tag}>"
            for cell, kind in zip(cells, kinds, strict=True)
        )

    given = iter(rows)
    shown = [f"<tr>{row(cells, 'td')}</tr>" for cells in islice(given, max_rows)]
    rest = sum(1 for _ in given)
    top = f"<thead><tr>{row(head, 'th')}</tr></thead>" if head else ""
    text = f'<table class="gs-t">{top}<tbody>{"".join(shown)}</tbody></table>'
    return Markup(text + (note(f"and {rest:,} more") if rest else ""))


def pairs(items: Iterable[tuple[object, object]], max_rows: int = MAX_ROWS) -> Markup:
    """Names and their values."""
    return table((), items, max_rows=max_rows)


def details(title: object, *body: object, aside: object = "", open: bool = False) -> Markup:
    """Something that folds.

    Args:
        title: What stands there when it is folded.
        body: What it hides.
        aside: What follows the title in a paler colour.
        open: Whether it is unfolded at first.
    """
    said = f" <span>{escape(aside)}</span>" if aside != "" else ""
    inner = "".join(map(escape, body))
    return Markup(
        f"<details{' open' if open else ''}><summary>{escape(title)}{said}</summary>"
        f"<div>{inner}</div></details>"
    )


def page(title: object, *body: object, aside: object = "") -> str:
    """What `_repr_html_` returns: a title and what follows it, with the style they need."""
    said = f" <span>{escape(aside)}</span>" if aside != "" else ""
    inner = "".join(map(escape, body))
    return (
        f'<div class="gs"><style>{_STYLE}</style>'
        f'<div class="gs-title">{escape(title)}{said}</div>{inner}</div>'
    )
