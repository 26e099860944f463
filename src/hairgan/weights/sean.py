"""The published SEAN weights (`{epoch}_net_G.pth`, `{epoch}_net_D.pth`): plain state dicts.

The per-region layers become one parameter and the convolutions for scale and shift become one; kernels are stored with
their offsets first or their channels last. Tensors that the published networks have but never use are left out: batch
statistics of the label branch, batch counters (always 0), and the blending weights of layers without styles.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from hairgan.networks.sean import SEANDiscriminator, SEANGenerator
from hairgan.weights.building import build

RENAMED: tuple[tuple[str, str], ...] = (
    # official (regular expression) -> ours
    (r"^Zencoder\.model\.1\.", "style_encoder.layers.0."),
    (r"^Zencoder\.model\.4\.", "style_encoder.layers.3."),
    (r"^Zencoder\.model\.7\.", "style_encoder.layers.6."),
    (r"^Zencoder\.model\.10\.", "style_encoder.layers.9."),
    (r"^Zencoder\.model\.14\.", "style_encoder.layers.12."),
    (r"^fc\.", "start."),
    (r"^conv_img\.", "to_rgb."),
    (r"^head_0\.", "blocks.head."),
    (r"^G_middle_", "blocks.middle_"),
    (r"^up_", "blocks.up_"),
    (r"\.noise_var$", ".noise_scale"),
    (r"\.param_free_norm\.", ".norm."),
    (r"\.Spade\.mlp_shared\.0\.", ".embed_"),
    (r"^discriminator_(\d+)\.model0\.0\.", r"scales.\1.first."),
    (r"^discriminator_(\d+)\.model1\.0\.0\.", r"scales.\1.inner.0."),
    (r"^discriminator_(\d+)\.model2\.0\.0\.", r"scales.\1.inner.1."),
    (r"^discriminator_(\d+)\.model3\.0\.", r"scales.\1.last."),
    (r"\.weight_([uv])$", r".\1"),
    (r"\.weight_orig$", ".weight"),
)
JOINED: tuple[tuple[str, str], ...] = (
    # official (the part's name or number in the group "part") -> ours; parts are joined in their order
    (r"\.Spade\.mlp_(?P<part>gamma|beta)\.(?P<kind>weight|bias)$", r".label_\g<kind>"),
    (r"\.conv_(?P<part>gamma|beta)\.(?P<kind>weight|bias)$", r".style.\g<kind>"),
    (r"\.blending_(?P<part>gamma|beta)$", r".style.blending"),
    (r"\.fc_mu(?P<part>\d+)\.(?P<kind>weight|bias)$", r".style.region_\g<kind>"),
)
NEVER_USED = re.compile(r"\.Spade\.param_free_norm\.|\.num_batches_tracked$|^up_[34]\.ace_\w\.blending_")
LAYOUTS: tuple[tuple[str, tuple[int, ...]], ...] = (
    # ours (regular expression) -> the order in which the official dimensions are stored
    (r"\.embed_weight$", (2, 3, 1, 0)),
    (r"\.style\.weight$", (2, 3, 0, 1)),
    (r"\.(label_weight|conv_[01s]\.weight|inner\.\d\.weight)$", (0, 2, 3, 1)),
)


def generator(state_dict: Mapping[str, Tensor], *, image_size: int = 256, upsampling: str = "normal") -> SEANGenerator:
    """Build the generator with its style encoder.

    Args:
        state_dict: tensors under the published names, of any width, number of regions and style length.
        image_size, upsampling: as in `SEANGenerator`; the tensors do not show them.

    Raises:
        ValueError: the state dict does not fit; the first three keys that differ are named.
    """
    state = converted(state_dict)
    start, codes = (state.get(f"{name}.weight") for name in ("start", "style_encoder.layers.12"))
    if start is None or codes is None or start.ndim != 4 or codes.ndim != 4:
        raise ValueError("not a SEAN generator: fc.weight or Zencoder.model.14.weight is missing")
    arguments = {
        "image_size": image_size,
        "width": len(start) // 16,
        "num_regions": start.shape[1],
        "style_dim": len(codes),
        "upsampling": upsampling,
    }
    return build(SEANGenerator, arguments, state)


def discriminator(state_dict: Mapping[str, Tensor]) -> SEANDiscriminator:
    """Build the multi-scale discriminator from tensors under the published names, of any width.

    Raises:
        ValueError: the state dict does not fit; the first three keys that differ are named.
    """
    state = converted(state_dict)
    first = state.get("scales.0.first.weight")
    if first is None or first.ndim != 4:
        raise ValueError("not a SEAN discriminator: discriminator_0.model0.0.weight is missing")
    num_scales = sum(key.endswith(".first.weight") for key in state)
    arguments = {"width": len(first), "num_regions": first.shape[1] - 3, "num_scales": num_scales}
    return build(SEANDiscriminator, arguments, state)


def converted(official: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors under our names and in our order of dimensions."""
    state: dict[str, Tensor] = {}
    parts: dict[str, dict[int, Tensor]] = {}
    for key, value in official.items():
        if NEVER_USED.search(key):
            continue
        for pattern, replacement in JOINED:
            if match := re.search(pattern, key):
                part = match["part"]
                number = int(part) if part.isdigit() else ("gamma", "beta").index(part)
                ours = _renamed(key[: match.start()]) + match.expand(replacement)
                parts.setdefault(ours, {})[number] = value
                break
        else:
            state[_renamed(key)] = value
    for key, numbered in parts.items():
        values = [numbered[number] for number in sorted(numbered)]
        if len({value.shape for value in values}) > 1:
            raise ValueError(f"parts of {key} differ in shape: {', '.join(str(tuple(v.shape)) for v in values)}")
        joined = torch.stack if ".region_" in key or not values[0].ndim else torch.cat
        state[key] = joined(values)
    for key in [key for key in state if key.endswith(".v")]:
        weight = state.get(key.removesuffix("v") + "weight")
        if weight is not None and weight.ndim == 4 and state[key].numel() * len(weight) == weight.numel():
            _, in_channels, *kernel = weight.shape
            state[key] = state[key].view(in_channels, *kernel).permute(1, 2, 0).flatten()
    for key, value in state.items():
        for pattern, order in LAYOUTS:
            if re.search(pattern, key) and value.ndim == len(order):  # `build` refuses others
                state[key] = value.permute(order)
    return state


def _renamed(key: str) -> str:
    for pattern, replacement in RENAMED:
        key = re.sub(pattern, replacement, key)
    return key
