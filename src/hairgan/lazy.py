"""Public names of a package that are imported when they are first used.

So `import hairgan` and `import hairgan.networks` are fast: they load neither torch nor other slow modules.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def lazy_names(package: str, places: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a package.

    Args:
        package: its `__name__`.
        places: public name -> `module:name`, with the module's name below the package.
    """

    def get(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, _, attribute = places[name].partition(":")
        return getattr(importlib.import_module(f"{package}.{module}"), attribute)

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *places})

    return get, names
