"""Python API: a page per package, from the docstrings of its public names."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import hairgan

NO_PUBLIC_NAMES = ("hairgan.cli", "hairgan.app", "hairgan.shipped")
PAGE = """\
# {package}

```{{eval-rst}}
.. automodule:: {package}
   :imported-members:
```
"""
RENAMED = """
`{public}` is

```{{eval-rst}}
.. autoclass:: {defined}
```
"""
"""For a public name that differs from the class's own, of which autodoc would only say that it is an alias."""


def pages() -> dict[str, str]:
    """Name of a page -> its Markdown."""
    return {f"api/{package}": PAGE.format(package=package) + _renamed(package) for package in packages()}


def packages() -> list[str]:
    """The packages with public names; `hairgan` itself offers only names of these."""
    below = (f"hairgan.{found.name}" for found in pkgutil.iter_modules(hairgan.__path__) if found.ispkg)
    return [name for name in below if name not in NO_PUBLIC_NAMES]


def _renamed(package: str) -> str:
    """Descriptions of the classes whose public name is not their own."""
    module = importlib.import_module(package)
    found = {public: getattr(module, public) for public in module.__all__}
    return "".join(
        RENAMED.format(public=public, defined=f"{value.__module__}.{value.__qualname__}")
        for public, value in found.items()
        if isinstance(value, type) and value.__name__ != public
    )


def readable_docstring(lines: list[str]) -> None:
    """Turn a docstring's indented examples into reStructuredText literal blocks, in place.

    Docstrings are written like the pages: an example is a block indented by four spaces below a plain paragraph.
    """
    lines[:] = list(_with_literal_blocks(lines))


def _with_literal_blocks(lines: list[str]) -> Iterator[str]:
    section = re.compile(r"^(Args|Returns|Raises|Attributes|Yields|Note|Example)s?:$")
    inside_section = inside_block = False
    for number, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if line and indent == 0:
            inside_section, inside_block = bool(section.match(line)), False
        starts = line and indent >= 4 and number > 0 and not lines[number - 1].strip()
        if starts and not inside_section and not inside_block:
            inside_block = True
            yield from ("::", "")
        yield line
