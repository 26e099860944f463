"""Bundle cards: the description of a bundle's networks in its `card.yaml`.

A card names each part's class, constructor arguments, file, number of parameters and SHA-256, and tells readers about
training data, license, metrics and hair domains.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from hairgan.files import write_text
from hairgan.moved import current_name
from hairgan.weights.documents import describe, expect_count, expect_list, expect_mapping, expect_text, read_yaml
from hairgan.weights.files import shorten
from hairgan.weights.trusted import is_own

FORMAT = 1
FACTS = ("licence", "data_licence", "training")
"""Entries of a card about its parts: text for all of them, or a value by part."""
CARD = "card.yaml"
MAX_CARD = 200_000
"""Largest size of a card, in bytes."""
PARTS = {
    # part -> its network; a user's own network may take its place
    "parser": "hairgan.networks.face_parser.BiSeNet",
    "sean": "hairgan.networks.sean.SEANGenerator",
    "mean_styles": "hairgan.networks.mean_styles.MeanStyles",
    "stargan_generator": "hairgan.networks.stargan.Generator",
    "mapping_network": "hairgan.networks.stargan.MappingNetwork",
    "style_encoder": "hairgan.networks.stargan.StyleEncoder",
    "classifier": "hairgan.networks.hair_classifier.HairClassifier",
    "hair_layout": "hairgan.networks.hair_layout.HairLayoutNet",
    "fan": "hairgan.networks.fan.FAN",
}
PART_NAME = re.compile(r"[a-z0-9_]{1,64}")


def read_card(folder: Path | str) -> dict[str, Any]:
    """Read a bundle's card and check all of it, without reading the weights.

    Raises:
        ValueError: there is no card, or an entry of it is not valid; the message names the entry.
    """
    file = Path(folder) / CARD
    if not file.is_file():
        raise ValueError(f"{folder} is not a bundle: it has no {CARD}")
    return check_card(read_yaml(file, MAX_CARD), str(file))


def check_card(card: Any, source: str) -> dict[str, Any]:
    """Check the type of every entry of a card, and return the card with current class names (`hairgan.moved`).

    Args:
        source: where it came from, for the message.

    Raises:
        ValueError: an entry is not valid; the message has its name, its value and what it may be.
    """
    card = expect_mapping(card, source)
    version = card.get("format")
    if version is True or version != FORMAT:
        raise ValueError(f"{source} is not a bundle card of format {FORMAT}: its format is {describe(version)}")
    parts = expect_mapping(card.get("parts"), f"{source}: parts")
    if not parts:
        raise ValueError(f"{source}: parts is empty")
    card["parts"] = {
        name: _checked_part(part, name, f"{source}: parts.{shorten(name, 40)}") for name, part in parts.items()
    }
    if "domains" in card:
        domains = [
            expect_text(name, f"{source}: each of domains")
            for name in expect_list(card["domains"], f"{source}: domains")
        ]
        if len(set(domains)) < len(domains):
            twice = next(name for name in domains if domains.count(name) > 1)
            raise ValueError(f"{source}: domains names '{shorten(twice, 40)}' twice")
    for fact in FACTS:
        # a string applies to all parts
        if fact in card and not isinstance(card[fact], str):
            for name, value in expect_mapping(card[fact], f"{source}: {fact}").items():
                where = f"{source}: {fact}.{shorten(name, 40)}"
                if fact != "training" or isinstance(value, str):
                    expect_text(value, where)
                else:
                    expect_mapping(value, where)
    return card


def write_card(folder: Path, card: Mapping[str, Any]) -> None:
    """Write the card of a bundle."""
    text = yaml.safe_dump(dict(card), sort_keys=False, allow_unicode=True, width=110)
    write_text(folder / CARD, text)


def fact_of(card: Mapping[str, Any], fact: str, part: str) -> Any:
    """What a card says about a part as `licence` or `training`, or None."""
    value = card.get(fact)
    return value.get(part) if isinstance(value, Mapping) else value


def _checked_part(part: Any, name: str, where: str) -> dict[str, Any]:
    if not PART_NAME.fullmatch(name):
        raise ValueError(f"{where}: a part's name has lower case letters, digits and underscores")
    part = expect_mapping(part, where)
    for key in ("class", "config", "file", "sha256"):
        if key not in part:
            raise ValueError(f"{where} has no '{key}'")
    part["class"] = current_name(expect_text(part["class"], f"{where}.class"))
    check_use(name, part["class"], where)
    expect_mapping(part["config"], f"{where}.config")
    file = expect_text(part["file"], f"{where}.file")
    if Path(file).name != file or "\\" in file or not file.endswith(".safetensors"):
        raise ValueError(f"{where}.file must be the name of a safetensors file in the bundle, not {describe(file)}")
    if not re.fullmatch(r"[0-9a-f]{64}", str(part["sha256"])):
        raise ValueError(f"{where}.sha256 must be 64 hexadecimal digits, not {describe(part['sha256'])}")
    if "parameters" in part:
        expect_count(part["parameters"], f"{where}.parameters")
    return part


def check_use(name: str, target: str, where: str) -> None:
    """Refuse one of our own networks in the place of another."""
    if is_own(target) and PARTS.get(name, target) not in (target, target.replace(":", ".")):
        raise ValueError(f"{where}: the part '{name}' must be a {PARTS[name]}, not a {target}")


def dataset_of(training: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a card or record says about the data; empty if it says nothing."""
    dataset = training.get("dataset")
    return dataset if isinstance(dataset, Mapping) else {}


def in_yaml_types(value: Any) -> Any:
    """Convert a value to YAML's own types.

    Raises:
        ValueError: YAML has no such type.
    """
    if isinstance(value, Mapping):
        return {str(key): in_yaml_types(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [in_yaml_types(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ValueError(f"a value of type {type(value).__name__} cannot go into a card")
