"""Networks that record their constructor's arguments, so that a bundle card can hold them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import nn


class ConfiguredNetwork(nn.Module):
    """A network with a `config`, from which it can be recreated: `type(network)(**network.config)`.

    Subclasses need no code for this: the arguments of their constructor, defaults included, are recorded when it
    returns.

    Attributes:
        config: argument name -> value, with dicts for mappings and lists for sequences.
        step_methods: names of the methods that a training step calls, which `compile=true` compiles; none if the
            network cannot be compiled.
    """

    config: dict[str, Any]
    step_methods: ClassVar[tuple[str, ...]] = ("forward",)

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        constructor = cls.__init__
        signature = inspect.signature(constructor)

        @functools.wraps(constructor)
        def construct_and_record(self: ConfiguredNetwork, *values: Any, **named: Any) -> None:
            constructor(self, *values, **named)
            if type(self) is cls:  # not the constructor of a parent
                self.config = _arguments(signature.bind(self, *values, **named))

        setattr(cls, "__init__", construct_and_record)  # noqa: B010 (mypy refuses the assignment)


def _arguments(bound: inspect.BoundArguments) -> dict[str, Any]:
    """The arguments of a constructor by name, without `self`."""
    bound.apply_defaults()
    arguments: dict[str, Any] = {}
    for parameter in list(bound.signature.parameters.values())[1:]:
        value = bound.arguments[parameter.name]
        arguments |= value if parameter.kind is parameter.VAR_KEYWORD else {parameter.name: value}
    return {name: _plain(value) for name, value in arguments.items()}


def _plain(value: Any) -> Any:
    """Convert mappings, e.g. of a Hydra config, to dicts and sequences to lists, at all depths."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value
