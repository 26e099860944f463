"""Sphinx: `sphinx-build -W --keep-going docs build/docs` makes the site, and fails for a link that leads nowhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # `hairgan` in the notebooks

from site_pages import write_pages
from site_pages.api_reference import readable_docstring
from site_pages.name_links import link_names

project = "hairgan"
copyright = "the hairgan developers"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["site_pages", "images"]

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 4
nb_execution_mode = "force"  # the notebooks are kept without outputs, and run whenever the site is built
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True
highlight_language = "none"  # indented blocks are commands, trees and tables; fenced ones name their language

default_role = "code"  # docstrings use single backquotes, as the pages do
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 88
napoleon_use_rtype = False
napoleon_use_ivar = True  # "Attributes:" of a dataclass describes its fields, which are listed anyway

html_theme = "furo"
html_title = "hairgan"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False


def mend_docstring(app: Any, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Called by autodoc for each docstring."""
    readable_docstring(lines)


def setup(app: Any) -> None:
    """Write the generated pages first; then mend docstrings and link names while Sphinx works."""
    app.connect("builder-inited", lambda app: write_pages())
    app.connect(
        "autodoc-process-docstring", lambda app, what, name, obj, options, lines: readable_docstring(lines), 400
    )
    app.connect("doctree-resolved", link_names)
