"""Kinds of values, and the sentence that refuses another one.

A group of settings is a subclass of `Settings`; its annotations are both what is checked and what the sentence says:

    class Checkpoints(Settings):
        every_n_steps: Count                 # "... must be a whole number of 1 or more, not 0"
        mode: Literal["min", "max"] = "max"  # "... must be min or max, not 'typo'"
"""

from __future__ import annotations

import types
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

LARGEST = 10**9
"""Of a count of steps, images, channels: what is above it is a slip of the finger, and not to be counted to."""


class Settings(BaseModel):
    """A group of settings. Values are taken as they are: no text for a number, no `true` for 1.

    Attributes:
        HINTS: what to say of a setting that is not this group's, or not to be set, beside what it must be.
        PARTIAL: whether it is made later, with more arguments (`_partial_: true`).
    """

    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)

    HINTS: ClassVar[Mapping[str, str]] = {}
    PARTIAL: ClassVar[bool] = False


@dataclass(frozen=True)
class Meaning:
    """Says in words what an annotation allows, where that cannot be read off it."""

    words: str


def whole(low: int, high: int = LARGEST) -> Any:
    """Whole numbers of a range, its ends included."""
    return Annotated[int, Field(ge=low, le=high)]


def _power_of_two(size: int) -> int:
    if size < 32 or size > 4096 or size & (size - 1):
        raise ValueError
    return size


def _part(node: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(node.get("_target_"), str) or not node["_target_"]:
        raise ValueError
    return node


def _distinct(values: list[Any]) -> list[Any]:
    if len(values) != len({str(value) for value in values}):
        raise ValueError
    return values


def _run_name(name: str) -> str:
    parts = name.split("/")
    if any(p in ("", ".", "..") or p != p.strip() or len(p.encode()) > 200 for p in parts) or not name.isprintable():
        raise ValueError
    return name


def _path(path: str) -> str:
    if not path.strip() or "\0" in path or len(path.encode()) > 4000:
        raise ValueError
    return path


def _finite(value: int | float) -> int | float:
    if not abs(value) < float("inf"):
        raise ValueError
    return value


Count = whole(1)
CountOrZero = whole(0)
Width = whole(1, 16384)  # channels of a layer, length of a code
Seed = whole(0, 2**32 - 1)
Workers = whole(0, 1024)  # processes
ImageSize = Annotated[int, Meaning("a power of two of 32 or more (at most 4096)"), AfterValidator(_power_of_two)]
Number = Annotated[float, Field(allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
ShareAboveZero = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
BelowOne = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Text = Annotated[str, Field(min_length=1, max_length=1000), Meaning("text that is not empty")]
Path = Annotated[str, AfterValidator(_path), Meaning("a path")]
RunName = Annotated[
    str, AfterValidator(_run_name), Meaning("text that can name a folder (no empty or '..' parts, no spaces around)")
]
Part = Annotated[dict[str, Any], AfterValidator(_part), Meaning("a part with a _target_")]
"""What is made from a class or function that `_target_` names; its own settings are checked with that target."""
TrueOnly = Annotated[Literal[True], Meaning("true")]


def one_of(*values: int) -> Any:
    """One of some whole numbers."""

    def member(value: int) -> int:
        if value not in values:
            raise ValueError
        return value

    return Annotated[int, AfterValidator(member), Meaning(f"{', '.join(map(str, values[:-1]))} or {values[-1]}")]


def distinct(kind: Any) -> Any:
    """A list that is not empty, nothing in it twice."""
    return Annotated[list[kind], Field(min_length=1), AfterValidator(_distinct)]


Trust = Annotated[
    Literal[True] | Text | distinct(Text) | None, Meaning("the name of a module, a list of such names, true or null")
]
"""Whose classes a run's config may name."""


def check(
    kind: type[Settings], values: Any, where: str, *, typed: Container[str] | None = None, target: str = ""
) -> Settings | None:
    """Check a mapping of values, and name the first that cannot be.

    Args:
        kind: what is allowed.
        values: the values, plain.
        where: full name of the group, for the sentence; empty for the outermost.
        typed: full names of which those that are not of this kind are refused; others are let pass. None refuses all.
        target: what the group makes, for the sentence.

    Raises:
        ValueError: naming the setting, what it may be and what it is.
    """
    if not isinstance(values, dict):
        raise ValueError(f"{where} must be a group of settings, not {shown(values)}")
    if typed is not None:
        known = {name for name in values if name in kind.model_fields}
        values = {name: v for name, v in values.items() if name in known or f"{where}.{name}".lstrip(".") in typed}
    try:
        return kind.model_validate({str(name): value for name, value in values.items()})
    except ValidationError as error:
        raise ValueError(_sentence(kind, values, where, error, target)) from None


def _sentence(kind: type[Settings], values: dict[str, Any], where: str, error: ValidationError, target: str) -> str:
    found = error.errors(include_url=False)
    first = next(
        (e for e in found if e["type"] == "extra_forbidden"), found[0]
    )  # a misspelt name also misses the right one
    if not first["loc"]:
        return str(first["ctx"]["error"]) if "ctx" in first else first["msg"]
    path = list(first["loc"])
    while len(path) > 1 and path[0] in kind.model_fields and _is_group(kind.model_fields[str(path[0])].annotation):
        name = str(path.pop(0))
        kind, values, where = kind.model_fields[name].annotation, values[name], f"{where}.{name}"  # type: ignore[assignment]
        target = where
    name = str(path[0])
    full = f"{where}.{name}" if where else name
    hint = f": {kind.HINTS[name]}" if name in kind.HINTS else ""
    if first["type"] == "extra_forbidden":
        return f"there is no setting '{full}'" + (hint or nearest(name, kind.model_fields) or _has(kind, target))
    field = kind.model_fields[name]
    if first["type"] == "missing":
        return f"{full} is missing; it must be {meaning_of(field)}{hint}"
    value = values[name]
    if isinstance(value, dict) and len(path) > 1 and path[1] in value:  # a mapping of names that are the user's
        full, value = f"{full}.{path[1]}", value[path[1]]
    if first["type"] == "less_than_equal" and first["ctx"]["le"] == LARGEST:
        return f"{full} must be at most {LARGEST}, not {shown(value)}{hint}"
    if (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and any(e["type"] == "string_type" for e in found)
    ):
        hint = f"; in quotes it is text: {full}='\"{value}\"'"
    return f"{full} must be {meaning_of(field)}, not {shown(value)}{hint}"


def _has(kind: type[Settings], target: str) -> str:
    return f"; {target} has {', '.join(kind.model_fields) or 'none'}" if target else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """` (did you mean 'X'?)`, or nothing where nothing is near."""
    close = get_close_matches(name, list(known), n=1)
    return f" (did you mean '{close[0]}'?)" if close else ""


def shown(value: Any) -> str:
    """A value as one would type it, cut where it is long."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value) if isinstance(value, (str, list, dict)) else str(value)[:400]
    return text if len(text) <= 60 else f"{text[:57]}..."


def meaning_of(field: FieldInfo) -> str:
    """What a field of a `Settings` may be, in words."""
    return _meaning(field.annotation, field.metadata)


def _meaning(annotation: Any, metadata: Iterable[Any] = ()) -> str:
    metadata = list(metadata)
    while get_origin(annotation) is Annotated:
        annotation, *more = get_args(annotation)
        metadata += [each for m in more for each in (m.metadata if isinstance(m, FieldInfo) else [m])]
    said = [m.words for m in metadata if isinstance(m, Meaning)]
    if said:
        return said[0]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return _or([_meaning(a) for a in arguments])
    if origin is Literal:
        return _or(["null" if a is None else str(a).lower() if isinstance(a, bool) else str(a) for a in arguments])
    if origin is list:
        return f"a list, each of it {_meaning(arguments[0])}"
    if origin is dict or _is_group(annotation):
        return "a group of settings"
    if annotation in (int, float):
        return ("a whole number" if annotation is int else "a number") + _range(metadata)
    return {bool: "true or false", str: "text", type(None): "null"}.get(annotation, "something else")


def _is_group(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Settings)


def _range(metadata: list[Any]) -> str:
    low = next((f"of {m.ge} or more" for m in metadata if isinstance(m, Ge)), "")
    low = next((f"above {m.gt}" for m in metadata if isinstance(m, Gt)), low)
    high = next((f"at most {m.le}" for m in metadata if isinstance(m, Le) and m.le != LARGEST), "")
    high = next((f"below {m.lt}" for m in metadata if isinstance(m, Lt)), high)
    return "".join([f" {low}" if low else "", " and" if low and high else "", f" {high}" if high else ""])


def _or(words: list[str]) -> str:
    words = list(dict.fromkeys(words))
    if len(words) == 1:
        return words[0]
    long = any(" " in word for word in words)
    return f"{', '.join(words[:-1])}{',' if long else ''} or {words[-1]}"
