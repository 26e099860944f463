"""Bundles: networks as one folder of safetensors files and a card (`hairgan.weights.cards`).

Nothing in a bundle is ever unpickled, and only our own networks and trusted ones (`hairgan.weights.trusted`) are built.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from hairgan.files import write_whole_folder
from hairgan.weights.building import build, with_image_size
from hairgan.weights.cards import (
    CARD,
    FORMAT,
    PART_NAME,
    check_card,
    check_use,
    dataset_of,
    fact_of,
    in_yaml_types,
    read_card,
    write_card,
)
from hairgan.weights.files import first_three, read_safetensors, sha256
from hairgan.weights.hub import BundleFiles
from hairgan.weights.model_cards import README, is_ours
from hairgan.weights.trusted import how_to_trust, is_own, is_trusted, network_class


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
    """Write networks as a bundle. After an error, no partial bundle is left.

    Args:
        path: the bundle's folder.
        networks: part name (lower case letters, digits, underscores) -> network with a `.config`.
        half: write float16 instead of float32; when networks are read, they are converted to float32 again.
        overwrite: replace an existing bundle. A folder that also holds other files is refused.
        facts: further entries of the card, plain values: `training_data`, `licence`, `metrics`, `domains`, `step`, ...

    Returns:
        the card.

    Raises:
        ValueError: the folder is not empty and not a bundle to replace, a part's name, class or `.config` is not valid,
            or a fact is not a plain value.
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
        card = {"format": FORMAT, **in_yaml_types(facts), "parts": parts}
        check_card(card, CARD)
        for name, part in parts.items():
            if not is_own(part["class"]):
                _read_part(folder, name, part, card)  # refuses a part that could not be read again
        write_card(folder, card)
    return card


def load_bundle(
    source: Path | str,
    names: Iterable[str] | None = None,
    device: str | torch.device = "cpu",
    *,
    revision: str | None = None,
) -> Bundle:
    """Read a bundle from a folder or from the Hugging Face hub.

    Args:
        source: a folder, or `"owner/name"` or `"owner/name@revision"` of a model repository on the hub (needs the extra
            `hub`). Only the parts that are read are downloaded, and only once.
        names: the parts to read; None for all. Names that the bundle lacks are ignored.
        device: where the networks go.
        revision: of the repository, a branch, a tag or a commit; None for the newest.

    Raises:
        ValueError: there is no bundle, the hub cannot be reached, the card is damaged, a part's file is missing or
            altered (its hash differs from the card's), a class is neither ours nor trusted, or weights do not fit the
            card's arguments.
    """
    files = BundleFiles.find(source, revision)
    folder, card = files.folder, read_card(files.folder)
    parts = card["parts"]
    wanted = parts if names is None else {name: parts[name] for name in names if name in parts}
    for part in wanted.values():
        files.fetch(part["file"])
    networks = {name: _read_part(folder, name, part, card) for name, part in wanted.items()}
    domains = len(card.get("domains", ()))
    for name, network in networks.items():
        heads = getattr(network, "config", {}).get("num_domains")
        if domains and isinstance(heads, int) and heads != domains:
            raise ValueError(f"{folder / CARD} names {domains} domains, but its part '{name}' has {heads}")
    return Bundle({name: network.to(device) for name, network in networks.items()}, card)


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
    own |= {README} if (path / README).is_file() and is_ours(path / README) else set()
    others = [name for name in there if name not in own or not (path / name).is_file()]
    if others:
        raise ValueError(f"{path} holds more than a bundle, and is not replaced: move {first_three(others)}")


def _write_part(folder: Path, name: str, network: nn.Module, half: bool) -> dict[str, Any]:
    if not PART_NAME.fullmatch(name):
        raise ValueError(f"'{name}' does not name a part: use lower case letters, digits and underscores")
    target = f"{type(network).__module__}:{type(network).__qualname__}"
    check_use(name, target, "the bundle to be written")
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
    state = {key: _contiguous_copy(tensor) for key, tensor in network.state_dict().items()}
    save_file({key: _halved(tensor, f"{name}: {key}") for key, tensor in state.items()} if half else state, file)
    return {
        "class": target,
        "config": in_yaml_types(network.config),
        "file": file.name,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "sha256": sha256(file),
    }


def _contiguous_copy(tensor: torch.Tensor) -> torch.Tensor:
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
    size = dataset_of(training).get("size") if isinstance(training, Mapping) else None
    try:
        network = build(
            cls, with_image_size(cls, part["config"], size), _to_float32(read_safetensors(file)), f"{file.name}"
        )
    except ValueError as error:
        raise ValueError(f"the bundle's part '{name}' does not fit its card: {error}") from error
    parameters = sum(parameter.numel() for parameter in network.parameters())
    if part.get("parameters", parameters) != parameters:
        raise ValueError(f"the bundle's part '{name}' has {parameters} parameters, its card says {part['parameters']}")
    return network.requires_grad_(False)


def _to_float32(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Convert weights in half precision to float32."""
    half = (torch.float16, torch.bfloat16)
    return {key: tensor.float() if tensor.dtype in half else tensor for key, tensor in state.items()}
