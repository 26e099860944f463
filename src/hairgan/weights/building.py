"""Build a network from a class, its arguments and its weights, any of which may be wrong or malicious.

A card can ask for a layer of 10^9 channels or for 10^7 domains. So the network is first constructed without memory, on
torch's `meta` device and with a limit on the number of its parts, then compared with the tensors in the file, and only
then given those tensors.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Mapping, Sequence
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from hairgan.weights.documents import describe
from hairgan.weights.files import load_exactly, shorten
from hairgan.weights.trusted import is_own

Network = TypeVar("Network", bound=nn.Module)

IMAGE_SIZES = (8, 4096)
LARGEST = 2**20
"""Largest whole number among a network's arguments: widths, numbers of domains, ..."""
CONSTANTS = 50_000_000
"""Largest number of values that a network may compute in its constructor and that are not part of its weights."""


def build(
    cls: type[Network], arguments: Mapping[str, Any], state: Mapping[str, Tensor], source: str = "the state dict"
) -> Network:
    """A network with these weights, in evaluation mode; it uses the tensors themselves where possible.

    Args:
        cls: one of our own networks, or one that is trusted (`hairgan.weights.trusted`), which is built without checks.
        arguments: of its constructor, plain values.
        state: all of its weights (`hairgan.weights.files.check_state`).
        source: where the weights came from, for the message.

    Raises:
        ValueError: the arguments are not valid for the class, ask for more than the weights have, or do not fit them.
    """
    what = f"{source}: a {cls.__name__}"
    if not is_own(f"{cls.__module__}.{cls.__qualname__}"):
        network = _construct(cls, arguments, what)
        return load_exactly(network, state, source=source).eval()
    check_arguments(cls, arguments, what)
    with _Limit(min(2_000 + 40 * len(state), 100_000), what), torch.device("meta"):
        network = _construct(cls, arguments, what)
    load_exactly(network, state, assign=True, source=source)
    kept = set(network.state_dict())
    constants = [buffer for name, buffer in network.named_buffers() if name not in kept]
    if constants:  # only the constructor can compute them; the shapes of its other tensors are checked by now
        if sum(buffer.numel() for buffer in constants) > CONSTANTS:
            raise ValueError(f"{what} with these arguments would be too large")
        network = load_exactly(_construct(cls, arguments, what), state, assign=True, source=source)
    return network.eval()


def with_image_size(cls: type[nn.Module], arguments: Mapping[str, Any], size: Any) -> dict[str, Any]:
    """Add the image size of the training data, if known, to arguments from before networks had an `image_size`."""
    if "image_size" in arguments or size is None or "image_size" not in inspect.signature(cls).parameters:
        return dict(arguments)
    return {**arguments, "image_size": size}


def resnet_arguments(state: Mapping[str, Tensor], prefix: str = "") -> dict[str, int] | None:
    """`depth` and `base_width` of the ResNet in a state dict, or None if there is none.

    Args:
        state: tensors under torchvision's names, each with the prefix.
    """
    stem = state.get(f"{prefix}conv1.weight")
    if stem is None or stem.ndim != 4:
        return None
    depth = 18
    if f"{prefix}layer3.5.conv2.weight" in state:
        depth = 50 if f"{prefix}layer3.5.conv3.weight" in state else 34
    return {"depth": depth, "base_width": stem.shape[0]}


def check_arguments(cls: type[nn.Module], arguments: Mapping[str, Any], what: str) -> None:
    """Refuse arguments that the class does not take, or that are out of range.

    Raises:
        ValueError: naming the argument, its value and what it may be.
    """
    known = inspect.signature(cls).parameters
    if unknown := [name for name in arguments if name not in known]:
        raise ValueError(
            f"{what} has no argument '{shorten(unknown[0], 40)}'; it has {', '.join(known) or 'no arguments'}"
        )
    kinds = get_type_hints(cls.__init__)
    for name, value in arguments.items():
        if not _has_type(kinds.get(name, Any), value):
            raise ValueError(f"{what} cannot have {name}={shorten(value, 40)}: it must be {_type_name(known[name])}")
        if name == "image_size":
            low, high = IMAGE_SIZES
            if not low <= value <= high:
                raise ValueError(f"{what} must have an image_size from {low} to {high}, not {describe(value)}")
        for number in _numbers(value):
            if isinstance(number, float) and not math.isfinite(number):
                raise ValueError(f"{what} cannot have {name}={number}: it must be finite")
            if abs(number) > LARGEST:
                raise ValueError(f"{what} cannot have {name}={shorten(number, 40)}: it is larger than {LARGEST}")


def _construct(cls: type[Network], arguments: Mapping[str, Any], what: str) -> Network:
    try:
        return cls(**arguments)
    except Exception as error:  # any error of a constructor is due to the arguments in the file
        reason = next(iter(str(error).strip().splitlines()), "")
        kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
        raise ValueError(f"{what} cannot be made with its arguments: {kind}{shorten(reason, 200)}") from error


class _Limit(TorchFunctionMode):
    """Stops a constructor that calls torch more often than its weights account for."""

    def __init__(self, calls: int, what: str) -> None:
        super().__init__()
        self.calls, self.what = calls, what

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.calls -= 1
        if self.calls < 0:
            raise ValueError("they require many more layers than the weights have")
        return func(*args, **(kwargs or {}))


def _has_type(kind: Any, value: Any) -> bool:
    """Whether a value from a file has the type of an argument's annotation, as far as that consists of plain types."""
    if get_origin(kind) in (Union, UnionType):
        return any(_has_type(one, value) for one in get_args(kind))
    kind = get_origin(kind) or kind
    if kind in (int, float):
        return isinstance(value, (int, float) if kind is float else int) and not isinstance(value, bool)
    if kind in (bool, str, type(None)):
        return isinstance(value, kind)
    if kind is Mapping:
        return isinstance(value, Mapping)
    if kind in (Sequence, tuple, list):
        return isinstance(value, (list, tuple))
    return True


def _type_name(parameter: inspect.Parameter) -> str:
    return str(parameter.annotation).replace(" | ", " or ")


def _numbers(value: Any) -> Iterable[int | float]:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _numbers(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _numbers(item)
