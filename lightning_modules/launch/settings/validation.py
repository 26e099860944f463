"""How settings are checked, and the message for a value that is refused.

A group of settings is a subclass of `Settings`. Its annotations say what is allowed, and the message is made from them:

    class Checkpoints(Settings):
        every_n_steps: Count                 # "... must be a whole number of 1 or more, not 0"
        mode: Literal["min", "max"] = "max"  # "... must be min or max, not 'typo'"
"""

from __future__ import annotations

import types
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from lightning_modules.launch.settings.hints import did_you_mean
from lightning_modules.launch.settings.wording import shown

LARGEST = 10**9
"""The largest count of anything: steps, images, channels."""


class Settings(BaseModel):
    """A group of settings. Nothing is converted: text is no number, and `true` is not 1.

    Attributes:
        HINTS: setting -> what to add to the message when it is unknown or refused.
        PARTIAL: whether Hydra binds the settings and the code calls the result later (`_partial_: true`).
    """

    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)

    HINTS: ClassVar[Mapping[str, str]] = {}
    PARTIAL: ClassVar[bool] = False


@dataclass(frozen=True)
class Meaning:
    """Says in words what an annotation allows, where the annotation alone does not."""

    words: str


def check(
    kind: type[Settings], values: Any, where: str, *, overridden: Container[str] | None = None, target: str = ""
) -> None:
    """Check the values of a group, and refuse the first that is not allowed.

    Args:
        kind: what is allowed.
        values: plain values by name.
        where: full name of the group; empty for the outermost level.
        overridden: full names; unknown settings are refused only if they are among them. None refuses all of them.
        target: what the group builds, for the message.

    Raises:
        ValueError: naming the setting, what it may be and what it is.
    """
    if not isinstance(values, dict):
        raise ValueError(f"{where} must be a group of settings, not {shown(values)}")
    if overridden is not None:
        known = kind.model_fields
        values = {n: v for n, v in values.items() if n in known or f"{where}.{n}".lstrip(".") in overridden}
    try:
        kind.model_validate({str(name): value for name, value in values.items()})
    except ValidationError as error:
        raise ValueError(_message(kind, values, where, error, target)) from None


def _message(kind: type[Settings], values: dict[str, Any], where: str, error: ValidationError, target: str) -> str:
    errors = error.errors(include_url=False)
    # a misspelled name is reported first: the correct one is missing because of it
    first = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])
    if not first["loc"]:  # of a validator of the whole group
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
        tree = {n: value for n, value in (dict.fromkeys(kind.model_fields) | values).items() if n != name}
        for around in reversed(where.split(".") if where else []):
            tree = {around: tree}
        return f"there is no setting '{full}'" + (hint or did_you_mean(name, tree, where) or _names_of(kind, target))
    field = kind.model_fields[name]
    if first["type"] == "missing":
        return f"{full} is missing; it must be {meaning_of(field)}{hint}"
    value = values[name]
    if isinstance(value, dict) and len(path) > 1 and path[1] in value:  # names that the user chooses, e.g. domains
        full, value = f"{full}.{path[1]}", value[path[1]]
    if first["type"] == "less_than_equal" and first["ctx"]["le"] == LARGEST:
        return f"{full} must be at most {LARGEST}, not {shown(value)}{hint}"
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if is_number and any(e["type"] == "string_type" for e in errors):
        hint = f"; quotes make it text: {full}='\"{value}\"'"
    return f"{full} must be {meaning_of(field)}, not {shown(value)}{hint}"


def _names_of(kind: type[Settings], target: str) -> str:
    return f"; {target} has {', '.join(kind.model_fields) or 'none'}" if target else ""


def meaning_of(field: FieldInfo) -> str:
    """What a field of a `Settings` may be, in words."""
    return _meaning(field.annotation, field.metadata)


def _meaning(annotation: Any, metadata: Iterable[Any] = ()) -> str:
    metadata = list(metadata)
    while get_origin(annotation) is Annotated:
        annotation, *more = get_args(annotation)
        metadata += [each for m in more for each in (m.metadata if isinstance(m, FieldInfo) else [m])]
    in_words = [m.words for m in metadata if isinstance(m, Meaning)]
    if in_words:
        return in_words[0]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return _either([_meaning(a) for a in arguments])
    if origin is Literal:
        return _either([shown(a) if a is None or isinstance(a, bool) else str(a) for a in arguments])
    if origin is list:
        return f"a list whose values are {_meaning(arguments[0])}"
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


def _either(words: list[str]) -> str:
    words = list(dict.fromkeys(words))
    if len(words) == 1:
        return words[0]
    comma = "," if any(" " in word for word in words) else ""
    return f"{', '.join(words[:-1])}{comma} or {words[-1]}"
