"""A directive for classes whose calls come from several bases, each with a subject of its own.

    .. membersof:: genesis_state.entities.control.EntityControl
       :owner: genesis_state.entities.rigid_entity.RigidEntity

says what the base says of them (not with `:calls-only:`), and documents its calls as those of the
owner.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class MembersOf(SphinxDirective):
    required_arguments = 1
    option_spec: ClassVar[Any] = {
        "owner": directives.unchanged_required,
        "calls-only": directives.flag,
    }

    def run(self) -> list[nodes.Node]:
        path, owner = self.arguments[0], self.options["owner"]
        module, _, name = path.rpartition(".")
        base = getattr(import_module(module), name)
        said = "" if "calls-only" in self.options else inspect.getdoc(base) or ""
        lines = [*said.splitlines(), ""]
        for member, value in vars(base).items():
            if member.startswith("_") or not _documented(value):
                continue
            kind = "autoproperty" if isinstance(value, property) else "automethod"
            lines += [f".. {kind}:: {owner}.{member}", ""]
        found = nodes.Element()
        content = StringList(lines, source=path)
        self.state.nested_parse(content, self.content_offset, found)
        return found.children


def _documented(value: object) -> bool:
    return bool(getattr(value, "__doc__", None)) and (
        isinstance(value, property) or inspect.isfunction(value)
    )


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("membersof", MembersOf)
    return {"parallel_read_safe": True}
