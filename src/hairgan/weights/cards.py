"""Bundles: networks as one folder of safetensors files and a card that says what they are.

`card.yaml` names each part's class, constructor arguments, number of parameters and SHA-256, and holds what a reader
wants to know: training data, licence, metrics, hair domains. Nothing in a bundle is ever unpickled, and only classes of
`hairgan.networks` are built. A network remembers its constructor arguments as a dict of plain values in `.config`.
"""

from __future__ import annotations

import hashlib
import importlib
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from hairgan.weights.official import load_exactly

FORMAT = 1
CARD = "card.yaml"


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
    path: Path | str, networks: Mapping[str, nn.Module], *, overwrite: bool = False, **facts: Any
) -> dict[str, Any]:
    """Write networks as a bundle: whole, or not at all.

    Args:
        path: the bundle's folder.
        networks: part name (lower case letters, digits, underscores) -> network with a `.config`.
        overwrite: replace a bundle that is there already.
        facts: what else the card says, plain values: `training_data`, `licence`, `metrics`, `domains`, `step`, ...

    Returns:
        the card.

    Raises:
        ValueError: the folder is not empty (and is no bundle to overwrite), a part's name or class will not do, or a
            fact is no plain value.
    """
    path = Path(path)
    if path.exists() and any(path.iterdir()) and not (overwrite and (path / CARD).is_file()):
        raise ValueError(f"{path} is not empty" + (" and holds no bundle" if overwrite else "; give overwrite=True"))
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        parts = {name: _write_part(folder, name, network) for name, network in networks.items()}
        card = {"format": FORMAT, **_plain(facts), "parts": parts}
        (folder / CARD).write_text(yaml.safe_dump(card, sort_keys=False, allow_unicode=True, width=110))
        folder.chmod(0o755)
        if path.exists():
            shutil.rmtree(path)
        folder.rename(path)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return card


def load_bundle(source: Path | str, names: Iterable[str] | None = None, device: str | torch.device = "cpu") -> Bundle:
    """Read a bundle from a folder or from the Hugging Face hub.

    Args:
        source: a folder, or `"owner/name"` of a model repository on the hub (needs the extra `hub`).
        names: the parts wanted; all when None. Names that the bundle lacks are passed over.
        device: where the networks go.

    Raises:
        ValueError: no bundle, a part's file missing or altered (its hash is not the card's), a class that is not a
            network of this package, or weights of another size than the card's arguments ask for.
    """
    folder = _folder(source)
    card = read_card(folder)
    parts = card["parts"]
    wanted = parts if names is None else {name: parts[name] for name in names if name in parts}
    return Bundle({name: _read_part(folder, name, part).to(device) for name, part in wanted.items()}, card)


def read_card(folder: Path | str) -> dict[str, Any]:
    """A bundle's card, checked for format but without touching the weights.

    Raises:
        ValueError: there is no card, or it is of another format.
    """
    file = Path(folder) / CARD
    if not file.is_file():
        raise ValueError(f"{folder} is no bundle: it has no {CARD}")
    try:
        card = yaml.safe_load(file.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} is not readable as YAML") from error
    if not isinstance(card, dict) or card.get("format") != FORMAT or not isinstance(card.get("parts"), dict):
        raise ValueError(f"{file} is no bundle card of format {FORMAT}")
    return card


def _folder(source: Path | str) -> Path:
    path = Path(source)
    if path.is_dir() or not re.fullmatch(r"[\w.-]+/[\w.-]+", str(source)):
        return path
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise ValueError(f"there is no folder {source}; to load it from the hub, install hairgan[hub]") from error
    try:
        return Path(snapshot_download(str(source), allow_patterns=[CARD, "*.safetensors"]))
    except Exception as error:  # the hub's client raises errors of many libraries
        raise ValueError(f"there is no folder {source}, and the hub did not give it: {error}") from error


def _write_part(folder: Path, name: str, network: nn.Module) -> dict[str, Any]:
    if not re.fullmatch(r"[a-z0-9_]+", name):
        raise ValueError(f"'{name}' does not name a part: use lower case letters, digits and underscores")
    target = f"{type(network).__module__}:{type(network).__qualname__}"
    _network_class(target)
    file = folder / f"{name}.safetensors"
    save_file({key: tensor.detach().cpu().contiguous() for key, tensor in network.state_dict().items()}, file)
    return {
        "class": target,
        "config": _plain(network.config),
        "file": file.name,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "sha256": _sha256(file),
    }


def _read_part(folder: Path, name: str, part: Mapping[str, Any]) -> nn.Module:
    file = folder / Path(part["file"]).name
    if not file.is_file():
        raise ValueError(f"the bundle's part '{name}' is missing: {file}")
    found = _sha256(file)
    if found != part["sha256"]:
        raise ValueError(f"{file} was altered: its SHA-256 is {found}, the card says {part['sha256']}")
    cls = _network_class(part["class"])
    try:
        tensors = load_file(file)
    except SafetensorError as error:
        raise ValueError(f"{file} is no safetensors file: {error}") from error
    try:
        with torch.device("meta"):  # a network that is about to be filled needs no initial values
            network = cls(**part["config"])
        if set(dict(network.named_buffers())) - set(network.state_dict()):
            network = cls(**part["config"])  # but constants outside the state dict have to be made
        load_exactly(network, tensors, assign=True)
    except (TypeError, ValueError) as error:
        raise ValueError(f"the bundle's part '{name}' does not fit its card: {error}") from error
    return network.eval().requires_grad_(False)


def _network_class(target: str) -> type[nn.Module]:
    module, _, name = target.partition(":")
    if re.fullmatch(r"hairgan\.networks\.\w+", module) and importlib.util.find_spec(module):
        cls = getattr(importlib.import_module(module), name, None)
        if isinstance(cls, type) and issubclass(cls, nn.Module) and cls.__module__ == module:
            return cls
    raise ValueError(f"'{target}' is no network of hairgan.networks")


def _plain(value: Any) -> Any:
    """The same in YAML's own types."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ValueError(f"a value of type {type(value).__name__} cannot go into a card")


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
