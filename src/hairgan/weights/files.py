"""Weights files: the one way to read tensors from untrusted files, and to load them into a network.

Nothing here runs code from a file, and nothing takes more memory than the file's own size. What is read is checked:
tensors are dense and finite, and checksums are correct.
"""

from __future__ import annotations

import hashlib
import pickle
import re
import struct
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

MAX_HEADER = 10_000_000
"""Largest header of a safetensors file, bytes: some hundred thousand tensors."""

MAX_UNBACKED = 2**30
"""Largest number of bytes that a file may claim without holding them, by tensors that repeat one value."""

Network = TypeVar("Network", bound=nn.Module)


# -- reading --


def read_tensors(file: Path | str, *, mapped: bool = False) -> Any:
    """The content of a `.pth` or `.ckpt` file that holds only tensors in plain containers.

    Args:
        mapped: map the tensors into memory instead of reading them, and do not compare checksums.

    Raises:
        ValueError: it holds anything else, is damaged, or is not such a file.
        OSError: it cannot be read.
    """
    file = Path(file)
    if not file.is_file():
        raise ValueError(f"there is no file {file}")
    with file.open("rb") as stream:
        is_archive = stream.read(4) == b"PK\x03\x04"
    if is_archive and not mapped and (problem := _archive_problem(file)):
        raise ValueError(f"{file} is damaged: {problem}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's, about its own old formats
            return torch.load(file, map_location="cpu", weights_only=True, mmap=mapped and is_archive)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"{file} is refused: it is damaged, or holds more than tensors, which could run code when it is opened"
        ) from error
    except OSError:
        raise
    except Exception as error:  # whatever a crafted pickle makes torch raise
        raise ValueError(f"{file} is not a PyTorch file: {_first_line(error)}") from error


def read_state_dict(file: Path | str) -> dict[str, Tensor]:
    """Read a `.pth` file that holds a state dict and nothing else.

    Raises:
        ValueError: as in `read_tensors` and `check_state`.
        OSError: it cannot be read.
    """
    return check_state(read_tensors(file), str(file))


def read_safetensors(file: Path | str) -> dict[str, Tensor]:
    """Read a safetensors file.

    Raises:
        ValueError: it is not one, is damaged, or holds a number that is not finite.
        OSError: it cannot be read.
    """
    file = Path(file)
    if not file.is_file():
        raise ValueError(f"there is no file {file}")
    size = file.stat().st_size
    with file.open("rb") as stream:
        start = stream.read(8)
    header = struct.unpack("<Q", start)[0] if len(start) == 8 else size
    if header > min(size - 8, MAX_HEADER):
        raise ValueError(f"{file} is not a safetensors file: it has {size} bytes and a header of {header}")
    try:
        state = load_file(file)
    except OSError:
        raise
    except Exception as error:  # SafetensorError, and what its Python part makes of unknown types
        kind = "" if isinstance(error, SafetensorError) else f"{type(error).__name__}: "
        raise ValueError(f"{file} is not a safetensors file: {kind}{_first_line(error)}") from error
    return check_state(state, str(file))


def check_state(state: Any, source: str) -> dict[str, Tensor]:
    """Check that an object is a state dict of dense, finite tensors, and return it.

    Args:
        state: any object.
        source: where it came from, for the message.

    Raises:
        ValueError: it is not a mapping of names to tensors, or one of them is not valid.
    """
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ValueError(
            f"{source} holds no state dict: a mapping of names to tensors was expected, not {_kind(state)}"
        )
    if not all(isinstance(name, str) for name in state):
        raise ValueError(f"{source} holds no state dict: the names of its tensors must be text")
    if not state:
        raise ValueError(f"{source} holds no tensors")
    not_finite, unbacked = [], 0
    for name, tensor in state.items():
        if tensor.layout != torch.strided or tensor.is_meta or tensor.is_quantized or tensor.is_complex():
            raise ValueError(f"{source}: the tensor {shorten(name)} is not a plain array of numbers")
        if not tensor.numel():
            raise ValueError(f"{source}: the tensor {shorten(name)} is empty")
        claimed = tensor.numel() * tensor.element_size()
        unbacked += claimed if claimed > tensor.untyped_storage().nbytes() else 0
        if unbacked > MAX_UNBACKED:
            raise ValueError(f"{source}: the tensor {shorten(name)} claims many more values than the file holds")
        if tensor.is_floating_point():
            values = tensor.float() if tensor.element_size() < 2 else tensor
            if not bool(values.isfinite().all()):
                not_finite.append(name)
            if name.endswith("running_var") and bool((values < 0).any()):
                raise ValueError(f"{source}: {shorten(name)} has variances below 0")
        elif name.endswith("counts") and bool((tensor < 0).any()):
            raise ValueError(f"{source}: {shorten(name)} has counts below 0")
    if not_finite:
        raise ValueError(f"{source}: weights are not finite numbers in {first_three(not_finite)}")
    return dict(state)


def archive_is_whole(file: Path | str) -> bool:
    """Whether a file that `torch.save` wrote is a readable archive whose checksums are correct."""
    return _archive_problem(Path(file)) is None


def _archive_problem(file: Path) -> str | None:
    """What is wrong with a `torch.save` archive, or None; the time it takes is proportional to the file's size."""
    try:
        with zipfile.ZipFile(file) as archive:
            if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
                return "its members are compressed, which PyTorch's never are"
            bad = archive.testzip()
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, ValueError) as error:
        return f"it is not a readable archive ({_first_line(error)})"
    return None if bad is None else f"the checksum of {shorten(bad)} is wrong"


# -- loading --


def load_exactly(
    network: Network, state: Mapping[str, Tensor], *, assign: bool = False, source: str = "the state dict"
) -> Network:
    """Load a state dict that must match the network key for key and shape for shape.

    Tensors are converted to the network's own precision.

    Args:
        assign: use tensors that already have that precision as they are, instead of copying them.
        source: where the tensors came from, for the message.

    Raises:
        ValueError: keys are missing, unexpected or of another shape; the first three of each are named.
    """
    own = network.state_dict()
    problems = {
        "missing": [key for key in own if key not in state],
        "unexpected": [key for key in state if key not in own],
        "of another shape": [
            f"{key} {tuple(state[key].shape)} instead of {tuple(own[key].shape)}"
            for key in own
            if key in state and state[key].shape != own[key].shape
        ],
        "of another type": [
            f"{key} {state[key].dtype} instead of {own[key].dtype}"
            for key in own
            if key in state and state[key].is_floating_point() != own[key].is_floating_point()
        ],
    }
    found = [f"{len(names)} {what}: {first_three(names, counted=False)}" for what, names in problems.items() if names]
    if found:
        raise ValueError(f"{source} does not fit {type(network).__name__}: {'; '.join(found)}")
    fitting = {key: value.to(own[key].dtype).contiguous() for key, value in state.items()}
    network.load_state_dict(fitting, assign=assign)
    return network


# -- hashes --


def sha256(file: Path | str) -> str:
    """SHA-256 of a file's bytes, in hexadecimal digits, as in bundle cards."""
    with Path(file).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def weights_fingerprint(network: nn.Module) -> str:
    """A hash of all weights of a network in memory, 16 hexadecimal digits; it does not depend on the file format."""
    digest = hashlib.blake2b(digest_size=8)
    for name, value in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


# -- published files --


def weights_file(url: str, path: str | Path | None, needed_by: str, instead: str = "give its path") -> Path:
    """The local file with published weights: `path` if given, else torch hub's cache, downloaded there on first use.

    Args:
        needed_by: what needs the file, for the message.
        instead: what to do without the file, for the message.

    Raises:
        ValueError: `path` does not exist, or the download failed; the message says which file to put where.
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
        except (OSError, RuntimeError) as error:  # RuntimeError: its hash differs from the one in its name
            raise ValueError(
                f"{needed_by} needs {name}, which could not be downloaded: put the file of {url} at {file}, "
                f"or {instead}"
            ) from error
    return file


# -- text for messages --


def first_three(names: list[str], *, counted: bool = True) -> str:
    """The first three of many names, and how many there are."""
    shown = ", ".join(map(shorten, names[:3]))
    if len(names) > 3:
        shown += f" and {len(names) - 3} more"
    return f"{len(names)} of them: {shown}" if counted and len(names) > 1 else shown


def shorten(text: object, length: int = 100) -> str:
    """A text from a file, short enough for a sentence."""
    words = str(text)
    return words if len(words) <= length else f"{words[: length - 3]}..."


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"a mapping with {shorten(', '.join(map(str, list(value)[:5])))}"
    return f"a {type(value).__name__}"


def _first_line(error: BaseException) -> str:
    return shorten(next(iter(str(error).strip().splitlines()), type(error).__name__), 200)
