"""How Sphinx builds the site: `make docs`, which takes docs/ and writes build/site."""

from __future__ import annotations

import dataclasses
import re
import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.domains.python import PythonDomain

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from genesis_state.options import Options  # noqa: E402
from genesis_state.version import __version__  # noqa: E402

project = "genesis_state"
author = "the genesis_state authors"
copyright = f"2026, {author}. Apache License 2.0"
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
    "members_of",
]
nitpicky = False
exclude_patterns = ["_build"]

# Pages
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
copybutton_prompt_text = "$ "
copybutton_exclude = ".linenos, .gp, .go"

# Docstrings
default_role = "py:obj"  # as in Markdown, one backtick is code; names that are known are links
autoclass_content = "class"
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_inherit_docstrings = True
autodoc_default_options = {"members": True, "inherited-members": "object,ABC,Generic,Protocol"}
napoleon_numpy_docstring = False
napoleon_use_param = False
napoleon_use_rtype = False
napoleon_use_ivar = True
python_maximum_signature_line_length = 88
python_display_short_literal_types = True
python_use_unqualified_type_names = True
add_module_names = False
toc_object_entries_show_parents = "hide"

# Looks
html_theme = "furo"
html_title = "genesis_state"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
pygments_style = "tango"
pygments_dark_style = "github-dark"
html_theme_options = {
    "navigation_with_keys": True,
    "light_css_variables": {
        "color-brand-primary": "#14606b",
        "color-brand-content": "#14606b",
        "color-api-name": "#14606b",
        "color-api-pre-name": "#5c6b76",
        "font-stack": "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif",
    },
    "dark_css_variables": {
        "color-brand-primary": "#7fd0da",
        "color-brand-content": "#7fd0da",
        "color-api-name": "#7fd0da",
        "color-api-pre-name": "#9aa8b1",
    },
}


def as_literal_blocks(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Makes code of what a docstring indents below plain text, as a reader of it takes it."""
    found: list[str] = []
    inside = False
    for line in lines:
        text = line.strip()
        if not text:
            found.append(line)
            continue
        indented = line.startswith("    ")
        opens = indented and not inside and bool(found) and not found[-1].strip()
        if opens and not _lists(found):
            found += [".. code-block:: python", ""]
            inside = True
        elif not indented:
            inside = False
        found.append(line if inside else _plain(line))
    lines[:] = found


def _plain(line: str) -> str:
    """Bars and stars are themselves in our docstrings, not reStructuredText's marks."""
    return re.sub(r"\||(?<![*\\])\*(?=[\w*])", r"\\\g<0>", line)


def _lists(before: list[str]) -> bool:
    """Whether the last line of text belongs to a list or a section, which indent by themselves."""
    text = next((line for line in reversed(before) if line.strip()), "")
    return bool(re.match(r"\s*([*\-] |\.\. |[A-Z][a-z]+:$)", text)) or text.startswith(" ")


def with_defaults(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, signature: str | None, returns: Any
) -> tuple[str, Any] | None:
    """The fields of options, which are made through a base that takes anything and refuses most."""
    if what != "class" or not issubclass(obj, Options) or not dataclasses.is_dataclass(obj):
        return None
    fields = [field for field in dataclasses.fields(obj) if field.init]
    given = [
        f.name if f.default is dataclasses.MISSING else f"{f.name}={f.default!r}" for f in fields
    ]
    return (f"(*, {', '.join(given)})" if given else "()"), returns


def setup(app: Sphinx) -> dict[str, bool]:
    fields: Any = PythonDomain.directives["class"]
    for field in fields.doc_field_types:
        if field.name == "variable":
            field.label = "Attributes"  # as the docstrings say
    # Before napoleon, which has a priority of 500.
    app.connect("autodoc-process-docstring", as_literal_blocks, priority=400)
    app.connect("autodoc-process-signature", with_defaults)
    return {"parallel_read_safe": True}
