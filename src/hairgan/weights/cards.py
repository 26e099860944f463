"""Bundles: networks as one folder of safetensors files and a card that says what they are.

`card.yaml` names each part's class, constructor arguments, number of parameters and SHA-256, and holds what a reader
wants to know: training data, licence, metrics, hair domains. Nothing in a bundle is ever unpickled, and only our own
networks and trusted ones (`hairgan.weights.trusted`) are built. A network remembers its constructor arguments as a dict
of plain values in `.config`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors.torch import save_file
from torch import nn

from hairgan.extras import how_to_install
from hairgan.files import write_text, write_whole_folder
from hairgan.moved import current_name
from hairgan.weights.building import build, with_image_size
from hairgan.weights.documents import a_count, a_list, a_mapping, a_text, describe, read_yaml
from hairgan.weights.files import first_three, read_safetensors, sha256, shorten
from hairgan.weights.trusted import how_to_trust, is_own, is_trusted, network_class

FORMAT = 1
CARD = "card.yaml"
MAX_CARD = 200_000
"""Bytes of a card at most."""
PARTS = {
    # the parts that have a use, and the networks that they are; a network of somebody's own may take a place
    "parser": "hairgan.networks.face_parser.BiSeNet",
    "sean": "hairgan.networks.sean.SEANGenerator",
    "mean_styles": "hairgan.networks.mean_styles.MeanStyles",
    "stargan_generator": "hairgan.networks.stargan.Generator",
    "mapping_network": "hairgan.networks.stargan.MappingNetwork",
    "style_encoder": "hairgan.networks.stargan.StyleEncoder",
    "classifier": "hairgan.networks.hair_classifier.HairClassifier",
    "fan": "hairgan.networks.fan.FAN",
}
PART_NAME = re.compile(r"[a-z0-9_]{1,64}")


@dataclass(frozen=True)
class Bundle:
    """Networks in evaluation mode, by part name, and the card they came with."""

    networks: dict[str, nn.Module]
    card: dict[str, Any]

    @property
    def domains(self) -> tuple[str, ...]:
        """Names of the hair domains in the order of the networks' heads; empty where the card has none."""
        return tuple(self.card.get("domains", ()))


def save_bundle(
    path: Path | str, networks: Mapping[str, nn.Module], *, half: bool = False, overwrite: bool = False, **facts: Any
) -> dict[str, Any]:
    """Write networks as a bundle: whole, or not at all.

    Args:
        path: the bundle's folder.
        networks: part name (lower case letters, digits, underscores) -> network with a `.config`.
        half: write float16 instead of float32; networks are read as float32 again.
        overwrite: replace a bundle that is there already. A folder that holds other files too is refused.
        facts: what else the card says, plain values: `training_data`, `licence`, `metrics`, `domains`, `step`, ...

    Returns:
        the card.

    Raises:
        ValueError: the folder holds something else than a bundle to replace, a part's name, class or `.config` will
            not do, or a fact is not a plain value.
    """
    path = Path(path)
    if path.is_symlink():
        path = Path(os.path.realpath(path))
    _check_place(path, overwrite)
    if not networks:
        raise ValueError("a bundle needs at least one network")
    path.parent.mkdir(parents=True, exist_ok=True)
    with write_whole_folder(path) as folder:
        parts = {name: _write_part(folder, name, network, half) for name, network in networks.items()}
        card = {"format": FORMAT, **_plain(facts), "parts": parts}
        check_card(card, CARD)
        for name, part in parts.items():
            if not is_own(part["class"]):
                _read_part(folder, name, part, card)  # refuses what could not be read again
        write_text(folder / CARD, yaml.safe_dump(card, sort_keys=False, allow_unicode=True, width=110))
    return card


def load_bundle(source: Path | str, names: Iterable[str] | None = None, device: str | torch.device = "cpu") -> Bundle:
    """Read a bundle from a folder or from the Hugging Face hub.

    Args:
        source: a folder, or `"owner/name"` of a model repository on the hub (needs the extra `hub`).
        names: the parts wanted; all when None. Names that the bundle lacks are passed over.
        device: where the networks go.

    Raises:
        ValueError: there is no bundle, its card is damaged, a part's file is missing or altered (its hash is not the
            card's), a class is neither ours nor trusted, or weights do not fit the card's arguments.
    """
    folder = _folder(source)
    card = read_card(folder)
    parts = card["parts"]
    wanted = parts if names is None else {name: parts[name] for name in names if name in parts}
    networks = {name: _read_part(folder, name, part, card) for name, part in wanted.items()}
    domains = len(card.get("domains", ()))
    for name, network in networks.items():
        heads = getattr(network, "config", {}).get("num_domains")
        if domains and isinstance(heads, int) and heads != domains:
            raise ValueError(f"{folder / CARD} names {domains} domains, but its part '{name}' has {heads}")
    return Bundle({name: network.to(device) for name, network in networks.items()}, card)


def read_card(folder: Path | str) -> dict[str, Any]:
    """A bundle's card, the whole of it checked, but without touching the weights.

    Raises:
        ValueError: there is no card, or something in it is not what a card holds; the message names it.
    """
    file = Path(folder) / CARD
    if not file.is_file():
        raise ValueError(f"{folder} is not a bundle: it has no {CARD}")
    return check_card(read_yaml(file, MAX_CARD), str(file))


def check_card(card: Any, source: str) -> dict[str, Any]:
    """A card whose every entry is of the kind that it has to be; classes have the names of today (`hairgan.moved`).

    Args:
        source: where it came from, for the message.

    Raises:
        ValueError: naming the entry, its value and what it may be.
    """
    card = a_mapping(card, source)
    version = card.get("format")
    if version is True or version != FORMAT:
        raise ValueError(f"{source} is not a bundle card of format {FORMAT}: its format is {describe(version)}")
    parts = a_mapping(card.get("parts"), f"{source}: parts")
    if not parts:
        raise ValueError(f"{source}: parts is empty")
    card["parts"] = {
        name: _checked_part(part, name, f"{source}: parts.{shorten(name, 40)}") for name, part in parts.items()
    }
    if "domains" in card:
        domains = [a_text(name, f"{source}: each of domains") for name in a_list(card["domains"], f"{source}: domains")]
        if len(set(domains)) < len(domains):
            twice = next(name for name in domains if domains.count(name) > 1)
            raise ValueError(f"{source}: domains names '{shorten(twice, 40)}' twice")
    for fact in ("licence", "training"):
        # a text is about all parts
        if fact in card and not isinstance(card[fact], str):
            for name, value in a_mapping(card[fact], f"{source}: {fact}").items():
                where = f"{source}: {fact}.{shorten(name, 40)}"
                if fact == "licence" or isinstance(value, str):
                    a_text(value, where)
                else:
                    a_mapping(value, where)
    return card


def fact_of(card: Mapping[str, Any], fact: str, part: str) -> Any:
    """What a card says about a part as `licence` or `training`, or None."""
    value = card.get(fact)
    return value.get(part) if isinstance(value, Mapping) else value


def _checked_part(part: Any, name: str, where: str) -> dict[str, Any]:
    if not PART_NAME.fullmatch(name):
        raise ValueError(f"{where}: a part's name has lower case letters, digits and underscores")
    part = a_mapping(part, where)
    for key in ("class", "config", "file", "sha256"):
        if key not in part:
            raise ValueError(f"{where} has no '{key}'")
    part["class"] = current_name(a_text(part["class"], f"{where}.class"))
    _check_place_of(name, part["class"], where)
    a_mapping(part["config"], f"{where}.config")
    file = a_text(part["file"], f"{where}.file")
    if Path(file).name != file or "\\" in file or not file.endswith(".safetensors"):
        raise ValueError(f"{where}.file must be the name of a safetensors file in the bundle, not {describe(file)}")
    if not re.fullmatch(r"[0-9a-f]{64}", str(part["sha256"])):
        raise ValueError(f"{where}.sha256 must be 64 hexadecimal digits, not {describe(part['sha256'])}")
    if "parameters" in part:
        a_count(part["parameters"], f"{where}.parameters")
    return part


def _check_place_of(name: str, target: str, where: str) -> None:
    """Refuse one of our own networks in the place of another."""
    if is_own(target) and PARTS.get(name, target) not in (target, target.replace(":", ".")):
        raise ValueError(f"{where}: the part '{name}' is a {target}, where a {PARTS[name]} belongs")


def _folder(source: Path | str) -> Path:
    path = Path(source)
    if path.is_dir() or not re.fullmatch(r"[\w.-]+/[\w.-]+", str(source)):
        return path
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise ValueError(f"there is no folder {source}; to load it from the hub: {how_to_install('hub')}") from error
    try:
        return Path(snapshot_download(str(source), allow_patterns=[CARD, "*.safetensors"]))
    except Exception as error:  # the hub's client raises errors of many libraries
        raise ValueError(f"there is no folder {source}, and the hub did not give it: {error}") from error


def _check_place(path: Path, overwrite: bool) -> None:
    """Refuse to write over anything that is not a bundle."""
    if not path.exists():
        return
    if not path.is_dir():
        raise ValueError(f"{path} is a file; a bundle is a folder")
    there = sorted(entry.name for entry in path.iterdir())
    if not there:
        return
    if CARD not in there:
        raise ValueError(f"{path} is not empty and not a bundle: it holds {first_three(there)}")
    if not overwrite:
        raise ValueError(f"{path} is not empty: it holds a bundle, which --overwrite (overwrite=True) replaces")
    own = {CARD, *(part["file"] for part in read_card(path)["parts"].values())}
    others = [name for name in there if name not in own or not (path / name).is_file()]
    if others:
        raise ValueError(f"{path} holds more than a bundle, and is not replaced: move {first_three(others)}")


def _write_part(folder: Path, name: str, network: nn.Module, half: bool) -> dict[str, Any]:
    if not PART_NAME.fullmatch(name):
        raise ValueError(f"'{name}' does not name a part: use lower case letters, digits and underscores")
    target = f"{type(network).__module__}:{type(network).__qualname__}"
    _check_place_of(name, target, "the bundle to be written")
    if not is_own(target) and not is_trusted(target.replace(":", ".")):
        raise ValueError(
            f"the part '{name}' is a {target}, which is not a network of hairgan. If you trust its code: "
            f"{how_to_trust(target)}"
        )
    if not isinstance(getattr(network, "config", None), Mapping):
        raise ValueError(
            f"the part '{name}' cannot be written: a {type(network).__qualname__} has no attribute 'config', a dict "
            "of its constructor's arguments from which it can be made again"
        )
    file = folder / f"{name}.safetensors"
    state = {key: _own_copy(tensor) for key, tensor in network.state_dict().items()}
    save_file({key: _halved(tensor, f"{name}: {key}") for key, tensor in state.items()} if half else state, file)
    return {
        "class": target,
        "config": _plain(network.config),
        "file": file.name,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "sha256": sha256(file),
    }


def _own_copy(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().cpu().clone(memory_format=torch.contiguous_format)  # safetensors refuses shared memory


def _halved(tensor: torch.Tensor, what: str) -> torch.Tensor:
    if not tensor.is_floating_point():
        return tensor
    halved = tensor.half()
    if not halved.isfinite().all():
        raise ValueError(f"{what} has values that float16 cannot hold; write the bundle without half precision")
    return halved


def _read_part(folder: Path, name: str, part: Mapping[str, Any], card: Mapping[str, Any]) -> nn.Module:
    file = folder / part["file"]
    if not file.is_file():
        raise ValueError(f"the bundle's part '{name}' is missing: {file}")
    cls = network_class(part["class"], f"the bundle's part '{name}'")
    found = sha256(file)
    if found != part["sha256"]:
        raise ValueError(f"{file} was altered: its SHA-256 is {found}, the card says {part['sha256']}")
    training = fact_of(card, "training", name)
    size = a_dataset(training).get("size") if isinstance(training, Mapping) else None
    try:
        network = build(
            cls, with_image_size(cls, part["config"], size), _single(read_safetensors(file)), f"{file.name}"
        )
    except ValueError as error:
        raise ValueError(f"the bundle's part '{name}' does not fit its card: {error}") from error
    parameters = sum(parameter.numel() for parameter in network.parameters())
    if part.get("parameters", parameters) != parameters:
        raise ValueError(f"the bundle's part '{name}' has {parameters} parameters, its card says {part['parameters']}")
    return network.requires_grad_(False)


def _single(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Weights of half precision as float32."""
    half = (torch.float16, torch.bfloat16)
    return {key: tensor.float() if tensor.dtype in half else tensor for key, tensor in state.items()}


def a_dataset(training: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a card or record says about the data, where it says something."""
    dataset = training.get("dataset")
    return dataset if isinstance(dataset, Mapping) else {}


def _plain(value: Any) -> Any:
    """The same in YAML's own types."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ValueError(f"a value of type {type(value).__name__} cannot go into a card")
