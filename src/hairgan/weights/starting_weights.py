"""Weights that a training starts from: those of a run, a bundle or a published file.

Networks of the source are matched with those to train by their class. Of runs and published files, only tensors are
read: nothing that they name is built.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from hairgan.networks.stargan import Discriminator, MappingNetwork, StyleEncoder
from hairgan.weights.building import with_image_size
from hairgan.weights.bundles import load_bundle
from hairgan.weights.cards import CARD, fact_of, read_card
from hairgan.weights.carry_over import HEAD, Origins, Outcome, carry_over, origins, rows
from hairgan.weights.files import check_state, read_tensors, sha256, shorten
from hairgan.weights.hub import BundleFiles, HubName
from hairgan.weights.official_files import LICENSES, OFFICIAL_DOMAINS, networks_of
from hairgan.weights.runs import CONFIG, find_checkpoint, read_config, weights_of
from hairgan.weights.shipped import named_source
from hairgan.weights.trusted import is_own, network_class

PER_DOMAIN = (MappingNetwork, StyleEncoder, Discriminator)
"""Networks with something for each domain."""
CLASSIFIER = "hairgan.networks.hair_classifier.HairClassifier"


@dataclass(frozen=True)
class Source:
    """Where weights come from.

    Attributes:
        path: of the checkpoint, bundle or file.
        kind: `run`, `bundle` or `published file`.
        step: at which they were saved, if known.
        domains: names of its hair domains, in order; empty if unknown.
        sha256: file -> hash of its bytes.
        licence: network -> license of its weights, where it is known.
    """

    path: str
    kind: str
    step: int | None = None
    domains: tuple[str, ...] = ()
    sha256: Mapping[str, str] = field(default_factory=dict)
    licence: Mapping[str, str] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """The same in plain values, for records."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items() if value
        }


@dataclass(frozen=True)
class SourceNetwork:
    """A network of a source.

    Attributes:
        name: in the source.
        kind: dotted name of its class; None if it is not known.
        config: arguments of its constructor, as far as they are known.
        trained: its weights as they were trained; None if the source holds averages only.
        averaged: their averages (EMA); None if there are none.
        source: where it comes from.
    """

    name: str
    kind: str | None
    config: Mapping[str, Any]
    trained: Mapping[str, Tensor] | None
    averaged: Mapping[str, Tensor] | None
    source: Source

    def weights(self, fixed: Collection[str] = ()) -> dict[str, Tensor]:
        """The weights to train on from.

        Args:
            fixed: parts that will not be trained (`""` is the whole network). They get the averages, which metrics and
                pictures are made with.
        """
        trained, averaged = self.trained or self.averaged or {}, self.averaged or {}
        inside = [f"{part}." for part in fixed if part]
        return {
            name: averaged[name]
            if name in averaged and ("" in fixed or any(name.startswith(part) for part in inside))
            else value
            for name, value in trained.items()
        }

    @property
    def domains(self) -> int:
        """The number of domains that its tensors are made for; 0 if they show none."""
        state = self.weights()
        heads = [int(found[1]) for name in state if (found := HEAD.fullmatch(name))]
        last = max((int(found[1]) for name in state if (found := re.fullmatch(r"main\.(\d+)\.bias", name))), default=-1)
        return max(heads) + 1 if heads else len(state.get(f"main.{last}.bias", ()))


def find(source: str) -> str:
    """The absolute path of a source: of a bundle, of a published file, or of a checkpoint.

    Args:
        source: the same, or a run directory, whose last checkpoint is taken; or `shipped`, which stays as it is, like
            `owner/name[@revision]` on the Hugging Face hub.

    Raises:
        ValueError: there is no such source.
    """
    path = Path(source)
    if source == "shipped" or (not path.exists() and HubName.parse(source) and ("@" in source or not path.suffix)):
        return source
    if not path.exists():
        raise ValueError(f"init={source}: there is no such run, bundle or file")
    if path.is_file() or (path / CARD).is_file():
        return str(path.absolute())
    if not (path / CONFIG).is_file():
        raise ValueError(f"init={source} is neither a run directory (with a {CONFIG}) nor a bundle (with a {CARD})")
    return str(find_checkpoint(path).absolute())


def read(source: str, classes: Mapping[str, type[nn.Module]]) -> list[SourceNetwork]:
    """The networks of a source.

    Args:
        source: as returned by `find`.
        classes: network to train -> its class. Other parts of a bundle are not read.

    Raises:
        ValueError: it is damaged, or holds a network of a user's own class that is not trusted.
    """
    path = Path(named_source(source))
    if not path.is_file():
        return _of_bundle(source if not path.exists() else path, classes)
    if path.suffix == ".safetensors":
        raise ValueError(f"init={source}: give the bundle's folder, whose card says which network this file is of")
    content = read_tensors(path)
    if isinstance(content, Mapping) and "state_dict" in content and "steps_done" in content:
        return _of_checkpoint(path, content)
    return _of_published_file(path, content)


def _of_bundle(folder: Path | str, classes: Mapping[str, type[nn.Module]]) -> list[SourceNetwork]:
    wanted = {kind for cls in classes.values() for kind in _kinds(cls)}
    files = BundleFiles.find(folder)
    source_name = str(files.name or files.folder)  # of the hub: with the commit
    parts = read_card(files.folder)["parts"]
    names = [name for name, part in parts.items() if part["class"].replace(":", ".") in wanted]
    if not names:
        raise ValueError(_nothing(source_name, parts, classes))
    bundle = load_bundle(source_name, names)
    card = bundle.card
    hashes = {part["file"]: part["sha256"] for name, part in card["parts"].items() if name in bundle.networks}
    licenses = {name: str(text) for name in bundle.networks if (text := fact_of(card, "licence", name))}
    source = Source(source_name, "bundle", None, bundle.domains, hashes, licenses)
    return [
        SourceNetwork(name, _kind(network), getattr(network, "config", {}), None, network.state_dict(), source)
        for name, network in bundle.networks.items()
    ]


def _of_checkpoint(path: Path, content: Mapping[str, Any]) -> list[SourceNetwork]:
    state = content["state_dict"]
    run = path.parent.parent
    config = read_config(run) if (run / CONFIG).is_file() else {"model": {}}
    step = content["steps_done"]
    hashes = {path.name: sha256(path)}
    source = Source(str(path), "run", step, tuple(config.get("domain_names") or ()), hashes)
    networks = []
    for name in dict.fromkeys(key.split(".")[1] for key in state if re.match(r"networks\.\w+\.", key)):
        node = config["model"].get(name)
        kind = str(node["_target_"]) if isinstance(node, Mapping) and "_target_" in node else None
        trained = check_state(weights_of(state, name, averaged=False), f"{path}: {name}")
        averaged = {key.removeprefix(f"ema.{name}."): value for key, value in state.items() if f"ema.{name}." in key}
        if averaged:
            check_state(averaged, f"{path}: ema.{name}")
        arguments = _arguments(node, config.get("image_size")) if kind else {}
        networks.append(SourceNetwork(name, kind, arguments, trained, averaged or None, source))
    if not networks:
        raise ValueError(f"{path} holds no networks")
    return networks


def _arguments(node: Mapping[str, Any], image_size: Any) -> dict[str, Any]:
    """All arguments of a network in a run's config; of a user's own class, only those that the config states."""
    stated = {key: value for key, value in node.items() if key != "_target_"}
    if not is_own(str(node["_target_"])):
        return stated
    cls = network_class(node["_target_"], "the run's config")
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(cls).parameters.items()
        if parameter.default is not parameter.empty
    }
    return defaults | with_image_size(cls, stated, image_size)


def _of_published_file(path: Path, content: Any) -> list[SourceNetwork]:
    networks = networks_of(content, path)
    domains = OFFICIAL_DOMAINS if getattr(networks.get("mapping_network"), "num_domains", 0) == 2 else ()
    licenses = {name: LICENSES[name] for name in networks if name in LICENSES}
    source = Source(str(path), "published file", None, domains, {path.name: sha256(path)}, licenses)
    found = []
    for name, network in networks.items():
        state = network.state_dict()
        if name == "backbone":
            state = {f"backbone.{key}": value for key, value in state.items() if not key.startswith("fc.")}
            found.append(SourceNetwork(name, CLASSIFIER, {}, state, None, source))
            continue
        # StarGAN v2 is published as a file of averages, or of all networks as they were trained
        averages = "stargan_generator" in networks and "stargan_discriminator" not in networks
        trained, averaged = (None, state) if averages else (state, None)
        found.append(SourceNetwork(name, _kind(network), getattr(network, "config", {}), trained, averaged, source))
    return found


def _kind(network: nn.Module) -> str:
    return f"{type(network).__module__}.{type(network).__qualname__}"


def _kinds(cls: type[nn.Module]) -> list[str]:
    return [f"{parent.__module__}.{parent.__qualname__}" for parent in cls.__mro__]


# -- from the networks of sources to those of a run --


def match(found: Iterable[SourceNetwork], classes: Mapping[str, type[nn.Module]]) -> dict[str, SourceNetwork]:
    """For each network to train, the one of the sources that it starts from.

    It is of the same class or a parent of it; where several are, of the same name.

    Args:
        found: the networks of all sources. One may bring the averages of a network, and another its trained weights.
        classes: network to train -> its class.

    Raises:
        ValueError: no network fits any of them, or two sources hold the same one.
    """
    found = list(found)
    matched: dict[str, SourceNetwork] = {}
    for name, cls in classes.items():
        kinds = _kinds(cls)
        fitting = [each for each in found if each.kind in kinds or (each.kind is None and each.name == name)]
        fitting = [each for each in fitting if each.name == name] or fitting
        if fitting:
            matched[name] = _merged(name, fitting)
    if not matched:
        paths = " and ".join(dict.fromkeys(each.source.path for each in found))
        raise ValueError(_nothing(paths, [each.name for each in found], classes))
    return matched


def _merged(name: str, fitting: Sequence[SourceNetwork]) -> SourceNetwork:
    first, *others = fitting
    for other in others:
        if (first.trained is None) == (other.trained is None) or (first.averaged is None) == (other.averaged is None):
            raise ValueError(f"{other.source.path} holds a {name}, which {first.source.path} also holds: leave out one")
        whole, part = (first, other) if first.trained is not None else (other, first)
        first = SourceNetwork(whole.name, whole.kind, whole.config, whole.trained, part.averaged, whole.source)
    return first


def _nothing(path: str, names: Iterable[str], classes: Mapping[str, type[nn.Module]]) -> str:
    wanted = ", ".join(f"{name} ({cls.__name__})" for name, cls in classes.items())
    return f"init={path} has nothing for this model: it holds {shorten(', '.join(names), 200)}; the model has {wanted}"


def start(
    networks: Mapping[str, nn.Module],
    averages: Mapping[str, nn.Module],
    matched: Mapping[str, SourceNetwork],
    *,
    domains: Sequence[str] = (),
    chosen: Mapping[str, str] | None = None,
    frozen: Collection[str] = (),
    exact: bool = False,
) -> list[dict[str, Any]]:
    """Give networks the weights that they start from.

    Args:
        networks: by name, with the weights that they keep where a source has none; they are changed in place.
        averages: of some of them (EMA).
        matched: the networks of the sources, by the same names.
        domains: names of the run's hair domains.
        chosen: domain -> domain of the source that it starts from (`init.map`).
        frozen: networks, or parts of them such as `generator.encode`, that will not be trained.
        exact: refuse to leave out or to change any weights of a network that a source has.

    Returns:
        what became of the weights, as `hairgan.weights.carry_over.rows`.

    Raises:
        ValueError: nothing fits, `chosen` names no domain, or `exact` and something does not fit.
    """
    chosen = chosen or {}
    if chosen and not any(isinstance(networks[name], PER_DOMAIN) for name in matched):
        raise ValueError("init.map is for networks with heads of domains, and the source has none of them")
    found, carried = [], False
    for name, network in networks.items():
        if name not in matched:
            values = [value.numel() for value in network.state_dict().values()]
            none = Outcome("", "new", "not in the source", sum(values))
            found.append(rows(name, [none])[0] | {"tensors": len(values)})
            continue
        source = matched[name]
        heads: Origins | None = None
        if isinstance(network, PER_DOMAIN):
            heads = origins(domains, source.source.domains, chosen, source.domains)
        fixed = [each.partition(".")[2] for each in frozen if each.split(".")[0] == name]
        outcomes = carry_over(network, source.weights(fixed), source.config, heads)
        if exact and (changed := [each for each in outcomes if each.action != "taken"]):
            raise ValueError(
                f"init.exact=true, but {name} of {source.source.path} does not fit exactly: {changed[0].tensor} "
                f"({changed[0].note})"
            )
        carried |= any(outcome.action in ("taken", "resized") for outcome in outcomes)
        found += rows(name, outcomes)
        if name in averages:
            averages[name].load_state_dict(network.state_dict())
            if source.averaged is not None:
                carry_over(averages[name], source.averaged, source.config, heads)
    if not carried:
        paths = " and ".join(dict.fromkeys(each.source.path for each in matched.values()))
        reason = next(row["note"] for row in found if row["network"] in matched)
        raise ValueError(f"nothing of init={paths} fits this model: {reason}")
    return found
