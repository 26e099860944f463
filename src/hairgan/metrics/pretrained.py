"""Files of pretrained weights that metrics need: a local path, or the library's own download."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import torch
from torch import Tensor, nn


def weights_file(url: str, path: str | Path | None, needed_by: str) -> Path:
    """The local file with the weights: `path` if given, else the torch hub cache, downloaded there on first use.

    Raises:
        ValueError: `path` does not exist, or there is no network; the message says which file to put where.
    """
    if path is not None:
        if not Path(path).is_file():
            raise ValueError(f"{needed_by}: there is no weights file {path}")
        return Path(path)
    name = url.rsplit("/", 1)[1]
    file = Path(torch.hub.get_dir()) / "checkpoints" / name
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        digest = re.search(r"-([0-9a-f]{8,})\.", name)
        try:
            torch.hub.download_url_to_file(url, str(file), hash_prefix=digest and digest[1], progress=False)
        except OSError as error:
            raise ValueError(
                f"{needed_by} needs {name}, which could not be downloaded: put the file of {url} at {file}, "
                "or give its path; protocol=embedded needs no file"
            ) from error
    return file


def read_state_dict(file: Path) -> dict[str, Tensor]:
    """Read a state dict of tensors only; a file with pickled code is refused.

    Raises:
        ValueError: the file is damaged, or no plain state dict.
    """
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ValueError(f"{file} is no readable file of tensors: {str(error).splitlines()[0]}") from error
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise ValueError(f"{file} holds a {type(state).__name__}, not a state dict of tensors")
    return state


def load_exactly(module: nn.Module, state: dict[str, Tensor], file: Path) -> None:
    """Load a state dict with all its keys; the error names the file and the first few keys that do not fit.

    Raises:
        ValueError: keys are missing, unexpected or of another shape.
    """
    own = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    given = {name: tuple(value.shape) for name, value in state.items()}
    wrong = sorted(name for name in own.keys() | given.keys() if own.get(name) != given.get(name))
    if wrong:
        raise ValueError(
            f"{file} does not fit {type(module).__name__}: {len(wrong)} of {len(own)} tensors, "
            f"e.g. {', '.join(wrong[:3])}"
        )
    module.load_state_dict(state)


def weights_fingerprint(module: nn.Module) -> str:
    """A hash of all of a module's weights, 16 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=8)
    for name, value in sorted(module.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
