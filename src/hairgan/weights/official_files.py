"""Read the published files, unpickling nothing but tensors, and turn them into parts of a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from hairgan.weights.files import check_state, read_tensors, shorten
from hairgan.weights.official import from_official

LICENSES: dict[str, str] = {
    # part of a bundle -> license of the published weights
    "parser": "code MIT (zllrunning/face-parsing.PyTorch); trained on CelebAMask-HQ: non-commercial research",
    "sean": "CC BY-NC-SA 4.0 (ZPdesu/SEAN); trained on CelebAMask-HQ: non-commercial research",
    "stargan_generator": "CC BY-NC 4.0 (clovaai/stargan-v2)",
    "mapping_network": "CC BY-NC 4.0 (clovaai/stargan-v2)",
    "style_encoder": "CC BY-NC 4.0 (clovaai/stargan-v2)",
    "fan": "as distributed with clovaai/stargan-v2: CC BY-NC 4.0",
}

OFFICIAL_DOMAINS = ("female", "male")
"""The domains of the published CelebA-HQ networks, in the order of their heads."""


def import_files(
    *,
    stargan: Path | str | None = None,
    sean: Path | str | None = None,
    bisenet: Path | str | None = None,
    fan: Path | str | None = None,
    w_hpf: float | None = None,
) -> dict[str, nn.Module]:
    """Networks from published files, under the names of a bundle's parts.

    Args:
        stargan: `{step}_nets_ema.ckpt` of StarGAN v2.
        sean: `{epoch}_net_G.pth` of SEAN.
        bisenet: `79999_iter.pth` of the face parser.
        fan: `wing.ckpt`; by default the FAN in the StarGAN v2 file, if it holds one.
        w_hpf: the high-pass weight of a StarGAN v2 file that lacks it; see `hairgan.weights.stargan`.

    Raises:
        ValueError: a file holds more than tensors, or is not the expected file.
    """
    networks: dict[str, nn.Module] = {}
    if bisenet is not None:
        networks["parser"] = _build("bisenet", _state(read_tensors(bisenet), bisenet), bisenet)
    if sean is not None:
        networks["sean"] = _build("sean/generator", _state(read_tensors(sean), sean), sean)
    if stargan is not None:
        states = read_tensors(stargan)
        parts = {
            "stargan_generator": "generator",
            "mapping_network": "mapping_network",
            "style_encoder": "style_encoder",
        }
        if fan is None and isinstance(states, Mapping) and "fan" in states:
            parts["fan"] = "fan"
        for name, key in parts.items():
            options = {"w_hpf": w_hpf} if key == "generator" else {}
            networks[name] = _build(f"stargan_v2/{key}", _state(states, stargan, key), stargan, **options)
    if fan is not None:
        networks["fan"] = _build("stargan_v2/fan", _state(read_tensors(fan), fan, "state_dict"), fan)
    return networks


PUBLISHED = "StarGAN v2 (*_nets.ckpt, *_nets_ema.ckpt), SEAN (*_net_G.pth, *_net_D.pth), BiSeNet and ResNet-CBAM"
"""The published files that `networks_of` recognizes, for messages."""


def networks_of(content: Any, file: Path | str) -> dict[str, nn.Module]:
    """The networks of any published file, which is recognized by the names in it; a FAN is left out.

    Args:
        content: of the file (`hairgan.weights.files.read_tensors`).
        file: where it is from, for messages.

    Returns:
        the networks, under the names of a bundle's parts. Discriminators, which bundles do not hold, are called
        `stargan_discriminator` and `sean_discriminator`, and a ResNet-CBAM `backbone`.

    Raises:
        ValueError: it is none of these files, or does not fit its network.
    """
    if isinstance(content, Mapping) and isinstance(content.get("generator"), Mapping):
        names = {"generator": "stargan_generator", "discriminator": "stargan_discriminator"}
        keys = [key for key in ("generator", "mapping_network", "style_encoder", "discriminator") if key in content]
        return {names.get(key, key): _build(f"stargan_v2/{key}", _state(content, file, key), file) for key in keys}
    for key, part, name in (
        ("cp.resnet.conv1.weight", "parser", "bisenet"),
        ("Zencoder.model.1.weight", "sean", "sean/generator"),
        ("discriminator_0.model0.0.weight", "sean_discriminator", "sean/discriminator"),
        ("layer1.0.ca.fc1.weight", "backbone", "resnet_cbam"),
        ("layer1.0.ca.fc.0.weight", "backbone", "resnet_cbam"),
        ("base.4.0.ca.fc1.weight", "backbone", "resnet_cbam"),
        ("base.4.0.ca.fc.0.weight", "backbone", "resnet_cbam"),
    ):
        if isinstance(content, Mapping) and (key in content or f"module.{key}" in content):
            state = _state(content, file)
            more = any(other.startswith("up_4.") for other in state)
            options = {"upsampling": "most"} if part == "sean" and more else {}
            return {part: _build(name, state, file, **options)}
    raise ValueError(f"{file} is none of the files that are known: {PUBLISHED}, and checkpoints of hairgan's runs")


def _state(content: Any, file: Path | str, key: str | None = None) -> dict[str, Tensor]:
    """The state dict in a file, or under a key of it."""
    if key is not None:
        if not isinstance(content, Mapping) or key not in content:
            found = ", ".join(map(str, content)) if isinstance(content, Mapping) else type(content).__name__
            raise ValueError(f"{file} has no '{key}'; it holds {shorten(found, 200)}")
        content = content[key]
    state = check_state(content, str(file) if key is None else f"{file}: {key}")
    return {name.removeprefix("module."): value for name, value in state.items()}


def _build(name: str, state: dict[str, Tensor], file: Path | str, **options: Any) -> nn.Module:
    try:
        return from_official(name, state, **options)
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error
