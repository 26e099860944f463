"""Which blocks of two StarGAN v2 networks of other image sizes do the same work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from torch import nn

from hairgan.networks.stargan import Discriminator, Generator, StyleEncoder

Config = Mapping[str, Any]
Names = dict[str, str]
"""Name of a module -> what it does."""


def matched_names(network: nn.Module, keys: list[str], config: Config) -> Iterator[dict[str, str]]:
    """Ways to rename the tensors of an old network to those of a new one of its kind, the preferred one first.

    Blocks are matched by the resolution at which they work, then by their number, counted from the image. Tensors of a
    block without a counterpart keep a name that the new network does not have.

    Args:
        network: the new network.
        keys: names of the old network's tensors.
        config: arguments of the old network; without its `image_size`, and for other networks, names stay the same.
    """
    find = next((find for kind, find in BLOCKS.items() if isinstance(network, kind)), None)
    own: Config = getattr(network, "config", {})
    if find is None or "image_size" not in own or "image_size" not in config:
        yield {key: key for key in keys}
        return
    for by_resolution in (True, False):
        old, new = (find(network, arguments, by_resolution) for arguments in (config, own))
        modules = {work: module for module, work in new.items()}
        yield {key: _renamed(key, old, modules) for key in keys}


def _renamed(key: str, old: Names, modules: dict[str, str]) -> str:
    module = ".".join(key.split(".")[:2])
    if module not in old:
        return key
    return modules.get(old[module], f"({old[module]})") + key.removeprefix(module)


def _generator(network: nn.Module, config: Config, by_resolution: bool) -> Names:
    size = config["image_size"]
    stages = (size // (8 if config.get("w_hpf", 1.0) > 0 else 16)).bit_length() - 1
    names = {}
    for stage in range(stages):
        work = f"{size >> stage} px" if by_resolution else f"{stage}"
        names[f"encode.{stage}"] = f"encode {work}"
        names[f"decode.{stages + 1 - stage}"] = f"decode {work}"
    for number in range(2):
        names[f"encode.{stages + number}"] = f"encode bottleneck {number}"
        names[f"decode.{number}"] = f"decode bottleneck {number}"
    return names


def _trunk(network: nn.Module, config: Config, by_resolution: bool) -> Names:
    size, part = config["image_size"], "main" if isinstance(network, Discriminator) else "shared"
    blocks = (size // 4).bit_length() - 1
    names = {
        f"{part}.{number}": f"{size >> (number - 1)} px" if by_resolution else f"{number}"
        for number in range(1, blocks + 1)
    }
    return names | {f"{part}.{blocks + 2}": "last", f"{part}.{blocks + 4}": "domains"}


BLOCKS: dict[type[nn.Module], Callable[[nn.Module, Config, bool], Names]] = {
    Generator: _generator,
    StyleEncoder: _trunk,
    Discriminator: _trunk,
}
"""Network -> its blocks, from its arguments."""
