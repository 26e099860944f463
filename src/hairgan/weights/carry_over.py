"""Carry the weights of a network over to another one of its kind, which may differ in size.

What fits is taken. What differs is matched by its meaning:

- Hair domains (heads of StarGAN v2's mapping network, style encoder and discriminator) and the classes of the hair
  classifier are matched by name. A new one starts from the mean of the old ones (`mean_head.py`), or from a chosen one.
- Longer style codes keep the old values at their start. The added values have no effect at first: the weights that read
  them start at zero. Shorter codes are cut.
- Blocks of StarGAN v2 for another image size are matched by the resolution at which they work, or by their number,
  whichever fits more weights.

A layer with a tensor of any other shape is left out as a whole, and keeps the values that it has in the new network.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor, nn

from hairgan.networks.hair_classifier import HairClassifier
from hairgan.networks.sean import SEANGenerator
from hairgan.networks.stargan import Discriminator, Generator, MappingNetwork, StyleEncoder
from hairgan.text_tables import aligned_table
from hairgan.weights.files import shorten
from hairgan.weights.mean_head import mean_head
from hairgan.weights.stargan_blocks import matched_names

Action = Literal["taken", "resized", "left out", "new"]

SMALLEST_SHARE = 0.05
"""If less than this share of a network's values fits, nothing is taken: the old network has other widths."""

STYLE_CODES: tuple[tuple[type[nn.Module], str, dict[int, str]], ...] = (
    # network, name of a tensor (regular expression) -> axes over the values of a style code, which the layer gives
    # ("out") or reads ("in")
    (Generator, r"\.norm[12]\.fc\.weight$", {1: "in"}),
    (MappingNetwork, r"^unshared\.\d+\.6\.(weight|bias)$", {0: "out"}),
    (StyleEncoder, r"^unshared\.\d+\.(weight|bias)$", {0: "out"}),
    (SEANGenerator, r"^style_encoder\.layers\.12\.(weight|bias)$", {0: "out"}),
    (SEANGenerator, r"\.style\.region_weight$", {1: "out", 2: "in"}),
    (SEANGenerator, r"\.style\.region_bias$", {1: "out"}),
    (SEANGenerator, r"\.style\.weight$", {3: "in"}),
)
HEAD = re.compile(r"unshared\.(\d+)\.(.+)")
"""A tensor of a domain's head in the mapping network and the style encoder."""
SETTING = "hpf.filter"
"""A tensor that holds a setting (`w_hpf`) and no weights."""


@dataclass(frozen=True)
class Origins:
    """Where the domains (or classes) of a network start.

    Attributes:
        names: the new ones.
        old: the old ones.
        indices: for each new one, those old ones whose mean it starts from.
        notes: for each new one, what a table says of it; empty if it starts from its namesake.
    """

    names: tuple[str, ...]
    old: tuple[str, ...]
    indices: tuple[tuple[int, ...], ...]
    notes: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether anything but copying all old ones, in order, is to be done."""
        return self.indices != tuple((index,) for index in range(len(self.old)))


@dataclass(frozen=True)
class Outcome:
    """What became of a tensor.

    Attributes:
        tensor: its name in the new network; in the old one, if the new one has none for it.
        action: `taken` as it was; `resized`: made from old values; `left out`: it does not fit; `new`: the old network
            has none for it.
        note: more about it, for a table.
        values: how many numbers it holds.
    """

    tensor: str
    action: Action
    note: str
    values: int


@dataclass(frozen=True)
class _Offer:
    """A tensor for the new network, made of old ones."""

    value: Tensor
    action: Action = "taken"
    note: str = ""


def origins(
    names: Sequence[str], old: Sequence[str], chosen: Mapping[str, str] | None = None, number: int = 0
) -> Origins:
    """Match domains by name.

    Args:
        names: the new domains.
        old: the old ones; empty if their names are not known.
        chosen: new domain -> the old one that it starts from. Others without a namesake start from the mean of all.
        number: of old domains whose names are not known. As many new ones are matched in order; otherwise the old ones
            are called 0, 1, 2, ...

    Raises:
        ValueError: `chosen` names a domain that there is not.
    """
    chosen, known = {name: str(start) for name, start in (chosen or {}).items()}, bool(old)
    old = tuple(old) or tuple(map(str, range(number)))
    for name, start in chosen.items():
        if name not in names:
            raise ValueError(f"init.map names '{shorten(name, 40)}'; the domains of this run are {', '.join(names)}")
        if start not in old:
            those = f"the domains of the source are {', '.join(old)}" + ("" if known else ", as it does not name them")
            raise ValueError(f"init.map.{name} is '{shorten(start, 40)}'; {those}")
    in_order = not known and len(old) == len(names)
    indices: list[tuple[int, ...]] = []
    notes = []
    for position, name in enumerate(names):
        start = chosen.get(name, str(position) if in_order else name)
        if start in old:
            indices.append((old.index(start),))
            notes.append(f"{name} starts from {start}" if start != name else "")
        else:
            indices.append(tuple(range(len(old))))
            notes.append(f"{name} is new: it starts from the mean of {', '.join(old)}")
    return Origins(tuple(names), old, tuple(indices), tuple(notes))


@torch.no_grad()
def carry_over(
    network: nn.Module,
    state: Mapping[str, Tensor],
    config: Mapping[str, Any] | None = None,
    domains: Origins | None = None,
) -> list[Outcome]:
    """Load into a network what fits of the state dict of another one of its kind.

    Args:
        network: the new network, which is changed in place.
        state: all tensors of the old one.
        config: the arguments of the old one's constructor, if known. Without them, blocks of StarGAN v2 are matched by
            number, and heads of the hair classifier must have the same classes.
        domains: where the domains start; None if the network has none, or if there are the same in the same order.

    Returns:
        what became of each tensor of the new network, then of those old ones that it has no use for.
    """
    config = config or {}
    own = network.state_dict()
    results = []
    for names in matched_names(network, list(state), config):
        renamed = {names[key]: value for key, value in state.items()}
        old_names = {new: key for key, new in names.items()}
        is_head = {name for name in renamed if domains is not None and HEAD.fullmatch(name)}
        offers = {name: _Offer(value) for name, value in renamed.items() if name not in is_head}
        offers |= dict(_heads(network, renamed, domains)) | dict(_rows(network, renamed, config, domains))
        fitting, outcomes = _match(network, own, offers, old_names)
        results.append((fitting, [*outcomes, *_heads_left_out(renamed, domains)]))
    fitting, outcomes = max(results, key=lambda result: _carried(result[1]))
    if _carried(outcomes) < SMALLEST_SHARE * sum(value.numel() for value in own.values()):
        why = f"next to nothing fits: {_difference(config, getattr(network, 'config', {}))}"
        return [
            Outcome(name, "left out" if name in state else "new", why, value.numel()) for name, value in own.items()
        ]
    network.load_state_dict(own | fitting)
    return outcomes


def is_setting(name: str) -> bool:
    """Whether a tensor of a network, or of a module that contains it, holds a setting and no weights."""
    return f".{name}".endswith(f".{SETTING}")


def _carried(outcomes: Iterable[Outcome]) -> int:
    return sum(outcome.values for outcome in outcomes if outcome.action in ("taken", "resized"))


def _difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """In which arguments two networks differ."""
    differing = [
        f"{name} {shorten(old[name], 40)}, not {shorten(new[name], 40)}"
        for name in old
        if name in new and old[name] != new[name]
    ]
    return f"the source has {' and '.join(differing)}" if differing else "the layers of the source have other sizes"


def _heads(network: nn.Module, state: Mapping[str, Tensor], domains: Origins | None) -> Iterator[tuple[str, _Offer]]:
    """Offers for the heads of domains, each of which is a module."""
    if domains is None:
        return
    parts: dict[str, dict[int, Tensor]] = {}
    for name, value in state.items():
        if found := HEAD.fullmatch(name):
            parts.setdefault(found[2], {})[int(found[1])] = value
    fitted: dict[tuple[int, ...], dict[str, Tensor]] = {}
    if type(network) is MappingNetwork and parts:
        fitted = {indices: mean_head(state, indices) for indices in set(domains.indices) if len(indices) > 1}
    for part, values in parts.items():
        for number, (indices, note) in enumerate(zip(domains.indices, domains.notes, strict=True)):
            if all(index in values for index in indices):
                mean = torch.stack([values[index].float() for index in indices]).mean(dim=0)
                value = fitted.get(indices, {}).get(part, mean)
                yield f"unshared.{number}.{part}", _Offer(value, "resized" if len(indices) > 1 else "taken", note)


def _heads_left_out(state: Mapping[str, Tensor], domains: Origins | None) -> Iterator[Outcome]:
    for name, value in state.items():
        if domains is not None and (found := HEAD.fullmatch(name)):
            number = int(found[1])
            if all(number not in indices for indices in domains.indices):
                old = domains.old[number] if number < len(domains.old) else found[1]
                yield Outcome(name, "left out", f"{old} is not a domain of this run", value.numel())


def _rows(
    network: nn.Module, state: Mapping[str, Tensor], config: Mapping[str, Any], domains: Origins | None
) -> Iterator[tuple[str, _Offer]]:
    """Offers for tensors whose first axis runs over domains, or over classes or heads of the hair classifier."""
    wanted: dict[str, Origins] = {}
    if isinstance(network, Discriminator) and domains is not None:
        last = f"main.{len(network.main) - 1}"
        wanted = {f"{last}.weight": domains, f"{last}.bias": domains}
    elif isinstance(network, HairClassifier) and isinstance(config.get("heads"), Mapping):
        before = config["heads"]
        wanted["temperatures"] = origins(list(network.classes), list(before))
        for head, classes in network.classes.items():
            if head in before:
                same = origins(classes, list(before[head]))
                wanted |= {f"heads.{head}.weight": same, f"heads.{head}.bias": same}
    for name, start in wanted.items():
        if name in state and len(state[name]) == len(start.old) and start.changed:
            value = torch.stack([state[name][list(indices)].float().mean(dim=0) for indices in start.indices])
            new = any(len(indices) > 1 for indices in start.indices)
            note = "; ".join(filter(None, start.notes)) or f"in the order {', '.join(start.names)}"
            yield name, _Offer(value, "resized" if new else "taken", note)


def _match(
    network: nn.Module, own: Mapping[str, Tensor], offers: Mapping[str, _Offer], old_names: Mapping[str, str]
) -> tuple[dict[str, Tensor], list[Outcome]]:
    """The tensors that can be loaded, and what becomes of all of them."""
    fitting: dict[str, Tensor] = {}
    outcomes: dict[str, Outcome] = {}
    for name, value in own.items():
        offer = offers.get(name)
        if offer is None:
            outcomes[name] = Outcome(name, "new", "not in the source", value.numel())
            continue
        given = offer if offer.value.shape == value.shape else _resized(network, name, value, offer)
        if given is None:
            sizes = f"{_sides(offer.value)} in the source, {_sides(value)} here"
            outcomes[name] = Outcome(name, "left out", sizes, value.numel())
        elif is_setting(name) and not torch.equal(given.value, value):
            outcomes[name] = Outcome(name, "left out", "a setting (w_hpf)", value.numel())
        else:
            fitting[name] = given.value.to(value)
            outcomes[name] = Outcome(name, given.action, given.note, value.numel())
    _leave_out_whole_layers(fitting, outcomes)
    unused = [
        Outcome(old_names.get(name, name), "left out", "this network has no such layer", offer.value.numel())
        for name, offer in offers.items()
        if name not in own
    ]
    return fitting, [*outcomes.values(), *unused]


def _leave_out_whole_layers(fitting: dict[str, Tensor], outcomes: dict[str, Outcome]) -> None:
    """A bias without the weights that it was trained with is of no use."""
    layers = {name.rpartition(".")[0] for name, outcome in outcomes.items() if outcome.action == "left out"}
    for name in [name for name in fitting if name.rpartition(".")[0] in layers - {"hpf"}]:
        del fitting[name]
        outcomes[name] = replace(outcomes[name], action="left out", note="the rest of the layer does not fit")


def _resized(network: nn.Module, name: str, value: Tensor, offer: _Offer) -> _Offer | None:
    """The offer with style codes of the new length; None if it differs in anything else.

    Args:
        value: the tensor's value in the new network, which added values of a style code keep.
    """
    for kind, pattern, axes in STYLE_CODES:
        if not isinstance(network, kind) or not re.search(pattern, name) or offer.value.ndim != value.ndim:
            continue
        pairs = list(zip(offer.value.shape, value.shape, strict=True))
        differing = [axis for axis, (before, now) in enumerate(pairs) if before != now]
        if not set(differing) <= set(axes):
            continue
        result = value.clone()
        for axis in differing:
            if axes[axis] == "in" and pairs[axis][0] < pairs[axis][1]:
                result.narrow(axis, pairs[axis][0], pairs[axis][1] - pairs[axis][0]).zero_()
        shared = tuple(slice(min(pair)) for pair in pairs)
        result[shared] = offer.value[shared].to(value)
        before, now = pairs[differing[0]]
        note = f"style codes of {now} values instead of {before}"
        return _Offer(result, "resized", "; ".join(filter(None, (offer.note, note))))
    return None


def _sides(value: Tensor) -> str:
    return " x ".join(map(str, value.shape)) or "a single value"


# -- the table --


def rows(name: str, outcomes: Iterable[Outcome]) -> list[dict[str, Any]]:
    """What became of a network's tensors, as one row per action and reason.

    Args:
        name: of the network.

    Returns:
        rows with `network`, `action`, `tensors` and `values` (how many), and `note`.
    """
    groups: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        note = "of another shape" if " in the source, " in outcome.note else outcome.note
        groups.setdefault((outcome.action, note), []).append(outcome)
    found = []
    for (action, note), members in groups.items():
        where = _common([member.tensor for member in members]) if note else ""
        if note == "of another shape":
            note = members[0].note if len(members) == 1 else f"of another shape, such as {members[0].note}"
        found.append(
            {
                "network": name,
                "action": action,
                "tensors": len(members),
                "values": sum(member.values for member in members),
                "note": f"{where}: {note}" if where else note,
            }
        )
    order = ("taken", "resized", "left out", "new")
    return sorted(found, key=lambda row: order.index(row["action"]))


def _common(names: Sequence[str]) -> str:
    """The part of the network that holds all tensors of these names; empty for the whole network."""
    parts = [name.split(".") for name in names]
    shared: list[str] = []
    for level in zip(*parts, strict=False):
        if len(set(level)) > 1:
            break
        shared.append(level[0])
    return ".".join(shared)


def as_lines(found: Iterable[Mapping[str, Any]]) -> list[str]:
    """`rows` as one sentence each."""
    return [
        f"{row['network']}: {row['tensors']} tensors ({row['values']:,} values) {row['action']}"
        + (f", {row['note']}" if row["note"] else "")
        for row in found
    ]


def table(found: Iterable[Mapping[str, Any]]) -> str:
    """`rows` as text for a terminal."""
    cells = [[row["network"], row["action"], f"{row['tensors']:,}", f"{row['values']:,}", row["note"]] for row in found]
    return aligned_table(["network", "weights", "tensors", "values", ""], cells, left=(0, 1, 4))
