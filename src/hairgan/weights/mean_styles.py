"""Mean style codes beside the checkpoints of a run, as a safetensors file."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import save

from hairgan.files import write_bytes
from hairgan.networks.mean_styles import MeanStyles
from hairgan.weights.building import build
from hairgan.weights.files import read_safetensors


def file_name(step: int) -> str:
    """Name of the file beside a run's checkpoints; codes are valid for the weights of one step only."""
    return f"mean_styles_{step:08d}.safetensors"


def save_mean_styles(path: Path | str, means: MeanStyles) -> None:
    """Write mean style codes."""
    write_bytes(path, save({name: tensor.contiguous() for name, tensor in means.state_dict().items()}))


def load_mean_styles(path: Path | str) -> MeanStyles:
    """Read mean style codes.

    Raises:
        ValueError: the file holds none.
    """
    state = read_safetensors(path)
    if "codes" not in state or state["codes"].ndim != 2:
        raise ValueError(f"{path} is not a file of mean style codes: it has no 'codes' with one row per region")
    regions, style_dim = state["codes"].shape
    return build(MeanStyles, {"num_regions": regions, "style_dim": style_dim}, state, str(path))
