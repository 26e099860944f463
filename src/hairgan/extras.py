"""Optional dependencies, and how to install them."""

from __future__ import annotations

import re
import shlex

from hairgan import programs


def how_to_install(extra: str) -> str:
    """The command that installs one of the extras of `pyproject.toml`.

    In a clone it is given in the folder of hairgan. An installed package, which no index has, names the packages.
    """
    if not programs.is_installed():
        return f"pip install -e '.[{extra}]'"
    from importlib.metadata import requires

    asked = [line.partition(";") for line in requires("hairgan") or []]
    packages = [package.strip() for package, _, marker in asked if re.search(rf"extra == ['\"]{extra}['\"]", marker)]
    return f"pip install {shlex.join(packages)}"
