"""StarGAN v2 and its FAN from state dicts in the layout of the published checkpoints.

Names are the same in `hairgan.networks`, so this file only reads sizes, widths and the number of domains from shapes.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from hairgan.networks.fan import FAN
from hairgan.networks.stargan import Discriminator, Generator, HighPass, MappingNetwork, StyleEncoder
from hairgan.weights.building import build

State = Mapping[str, Tensor]


def generator(state_dict: State, w_hpf: float | None = None) -> Generator:
    """A generator.

    The weight of the high-pass skip is that of `hpf.filter`. Files made before that key existed, among them the
    downloadable CelebA-HQ one, lack it: it is then made from `w_hpf`. Without either, a generator of published width is
    taken to have the skip, with weight 1, if it has the additional block that comes with the skip.

    Args:
        w_hpf: the weight of the skip; read from the state dict if None.

    Raises:
        ValueError: keys are missing or left over, shapes differ, or `w_hpf` contradicts `hpf.filter`.
    """
    if w_hpf is not None and (isinstance(w_hpf, bool) or not isinstance(w_hpf, (int, float)) or not w_hpf >= 0):
        raise ValueError(f"w_hpf must be a number of 0 or more, not {w_hpf!r}")
    blocks = last_index(state_dict, "encode.*.conv1.weight", 6) - 1  # two more stand at the bottleneck
    base_width = size_of(state_dict, "from_rgb.weight", 0, 64)
    if "hpf.filter" in state_dict:
        stored = _weight_of_filter(state_dict["hpf.filter"])
        if w_hpf is not None and abs(w_hpf - stored) > 1e-6 * stored:
            raise ValueError(f"w_hpf = {w_hpf}, but the state dict's high-pass filter was made with {stored}")
        w_hpf = stored
    elif w_hpf is None:
        w_hpf = 1.0 if 2 ** (blocks + 3) * base_width == 2**14 else 0.0
    arguments = {
        "image_size": 2 ** (blocks + (3 if w_hpf > 0 else 4)),
        "style_dim": size_of(state_dict, "decode.0.norm1.fc.weight", 1, 64),
        "max_width": size_of(state_dict, "decode.0.conv1.weight", 0, 512),
        "base_width": base_width,
        "w_hpf": w_hpf,
    }
    if w_hpf > 0:
        state_dict = {"hpf.filter": HighPass(w_hpf).filter, **state_dict}
    return build(Generator, arguments, state_dict)


def mapping_network(state_dict: State) -> MappingNetwork:
    """A mapping network; raises ValueError if keys are missing or left over, or shapes differ."""
    arguments = {
        "num_domains": last_index(state_dict, "unshared.*.0.weight", 1) + 1,
        "latent_dim": size_of(state_dict, "shared.0.weight", 1, 16),
        "style_dim": size_of(state_dict, "unshared.0.6.weight", 0, 64),
        "hidden_dim": size_of(state_dict, "shared.0.weight", 0, 512),
    }
    return build(MappingNetwork, arguments, state_dict)


def style_encoder(state_dict: State) -> StyleEncoder:
    """A style encoder; raises ValueError if keys are missing or left over, or shapes differ."""
    blocks = last_index(state_dict, "shared.*.conv1.weight", 6)
    arguments = {
        "image_size": 2 ** (blocks + 2),
        "num_domains": last_index(state_dict, "unshared.*.weight", 1) + 1,
        "style_dim": size_of(state_dict, "unshared.0.weight", 0, 64),
        "max_width": size_of(state_dict, f"shared.{blocks}.conv2.weight", 0, 512),
        "base_width": size_of(state_dict, "shared.0.weight", 0, 64),
    }
    return build(StyleEncoder, arguments, state_dict)


def discriminator(state_dict: State) -> Discriminator:
    """A discriminator; raises ValueError if keys are missing or left over, or shapes differ."""
    blocks = last_index(state_dict, "main.*.conv1.weight", 6)
    arguments = {
        "image_size": 2 ** (blocks + 2),
        "num_domains": size_of(state_dict, f"main.{blocks + 4}.weight", 0, 2),
        "max_width": size_of(state_dict, f"main.{blocks}.conv2.weight", 0, 512),
        "base_width": size_of(state_dict, "main.0.weight", 0, 64),
    }
    return build(Discriminator, arguments, state_dict)


def fan(state_dict: State) -> FAN:
    """The heat-map network; raises ValueError if keys are missing or left over, or shapes differ.

    Takes what lies under `state_dict` in `wing.ckpt`, or under `fan` in a StarGAN v2 checkpoint.
    """
    return build(FAN, {}, state_dict)


def _weight_of_filter(kernel: Tensor) -> float:
    """The `w_hpf` that a high-pass filter was made with."""
    if kernel.shape != (3, 3) or not float(kernel[1, 1]) > 0:
        raise ValueError(f"hpf.filter is not a high-pass filter: its shape is {tuple(kernel.shape)}, not (3, 3)")
    return 8.0 / float(kernel[1, 1])


def size_of(state_dict: State, key: str, axis: int, default: int) -> int:
    """A tensor's size along an axis, or the published one if it is missing: then `build` reports what does not fit."""
    return state_dict[key].shape[axis] if key in state_dict and axis < state_dict[key].dim() else default


def last_index(state_dict: State, pattern: str, default: int) -> int:
    """The largest number in place of `*` in a key, below the number of keys; the published one if there is none."""
    before, after = pattern.split("*")
    numbers = (key.removeprefix(before).removesuffix(after) for key in state_dict if key.startswith(before))
    found = (int(number) for number in numbers if number.isdecimal() and len(number) < 6)
    return max((number for number in found if number < len(state_dict)), default=default)
