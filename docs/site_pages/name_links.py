"""Names in the pages become links: `Salon` to its docstring, `trainer.precision` and `model=sean` to the config.

The pages stay plain Markdown, which also reads well where no site is built.
"""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx

from site_pages import config_reference


def link_names(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Turn code that is a public name or a setting into a link, except on its own page and inside links and titles."""
    targets = _targets(app)
    for literal in list(doctree.findall(nodes.literal)):
        text = literal.astext()
        target, _, anchor = (targets.get(text) or targets.get(text.split("=")[0].removesuffix("()"), "")).partition("#")
        if not target or target == page or isinstance(literal.parent, nodes.reference | nodes.title | nodes.term):
            continue
        address = app.builder.get_relative_uri(page, target) + f"#{anchor}"
        link = nodes.reference("", "", literal.deepcopy(), refuri=address, internal=True)
        literal.replace_self(link)


def _targets(app: Sphinx) -> dict[str, str]:
    """Name -> page and anchor."""
    found: dict[str, str] = {}
    short: dict[str, list[str]] = {}
    for name, entry in app.env.domains.python_domain.objects.items():
        place = f"{entry.docname}#{entry.node_id}"
        found.setdefault(name, place)
        package, _, last = name.rpartition(".")
        if entry.docname == f"reference/api/{package}":  # a public name, not one of a class
            short.setdefault(last, []).append(place)
    found |= {name: places[0] for name, places in short.items() if name not in found}
    return config_reference.targets() | found
