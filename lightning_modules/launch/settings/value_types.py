"""Types of values that several settings share: counts, shares, sizes, paths, names."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from lightning_modules.launch.settings.validation import LARGEST, Meaning


def whole(low: int, high: int = LARGEST) -> Any:
    """Whole numbers from `low` to `high`, both included."""
    return Annotated[int, Field(ge=low, le=high)]


def one_of(*values: int) -> Any:
    """One of some whole numbers."""

    def member(value: int) -> int:
        if value not in values:
            raise ValueError
        return value

    return Annotated[int, AfterValidator(member), Meaning(f"{', '.join(map(str, values[:-1]))} or {values[-1]}")]


def distinct(kind: Any) -> Any:
    """A list that is not empty and holds no value twice."""
    return Annotated[list[kind], Field(min_length=1), AfterValidator(_distinct)]


def _distinct(values: list[Any]) -> list[Any]:
    if len(values) != len({str(value) for value in values}):
        raise ValueError
    return values


def _power_of_two(size: int) -> int:
    if size < 32 or size > 4096 or size & (size - 1):
        raise ValueError
    return size


def _component(node: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(node.get("_target_"), str) or not node["_target_"]:
        raise ValueError
    return node


def _run_name(name: str) -> str:
    folders = name.split("/")
    usable = all(f not in ("", ".", "..") and f == f.strip() and len(f.encode()) <= 200 for f in folders)
    if not usable or not name.isprintable():
        raise ValueError
    return name


def _path(path: str) -> str:
    if not path.strip() or "\0" in path or len(path.encode()) > 4000:
        raise ValueError
    return path


Count = whole(1)
CountOrZero = whole(0)
Width = whole(1, 16384)  # channels of a layer, or length of a code
Seed = whole(0, 2**32 - 1)
Workers = whole(0, 1024)  # processes
BatchSize = whole(1, 65536)
ImageSize = Annotated[int, Meaning("a power of two from 32 to 4096"), AfterValidator(_power_of_two)]
Number = Annotated[float, Field(allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
ShareAboveZero = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
BelowOne = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Text = Annotated[str, Field(min_length=1, max_length=1000), Meaning("text that is not empty")]
Path = Annotated[str, AfterValidator(_path), Meaning("a path")]
RunName = Annotated[
    str, AfterValidator(_run_name), Meaning("a name for a folder (no empty or '..' parts, no spaces around it)")
]
Trust = Annotated[
    Literal[True] | Text | distinct(Text) | None, Meaning("the name of a module, a list of such names, true or null")
]
"""Modules whose classes a run's config may name."""
Component = Annotated[dict[str, Any], AfterValidator(_component), Meaning("a group with a _target_")]
"""What Hydra builds from a class or function named by `_target_`; its own settings are checked by that target."""
