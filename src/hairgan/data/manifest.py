"""The manifest of a packed dataset: the names of its files and keys, reading it, and checking it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hairgan.data.splits import SPLITS

FORMAT = "hairgan-packed"
VERSION = 1
MANIFEST = "manifest.json"
IMAGES = "images.npy"
LABELS = "labels.npy"
ATTRIBUTES = "attributes.parquet"
SKIPPED = "skipped.json"
SOURCE = "source.json"
SHARDS = "shards.json"  # of the streamed form (`hairgan.data.shards`)

FILES = (IMAGES, LABELS, ATTRIBUTES, SKIPPED, SOURCE)
REQUIRED = (IMAGES, ATTRIBUTES, SKIPPED)
MAX_BYTES = 1 << 28  # of a JSON file; a manifest has 2 kB, the stamps of 200,000 photos 10 MB
PARAMETERS = {"size": int, "labels": bool, "source": dict}

_LOOKED_FOR = f"a packed dataset (a folder with {MANIFEST}, {IMAGES} and {ATTRIBUTES}, written by `hairgan prepare`)"


def read_manifest(path: Path) -> dict[str, Any]:
    """Read and check the manifest of the packed dataset `path`.

    Returns:
        the manifest, with checked types of `size` and `count` (int), `splits` (images by split), `fingerprint` (str),
        `skipped` (images by reason), `files` (bytes by file), `parameters` (`size`, `labels`, `source`), and, if there
        are any, `checksums` (str by file).

    Raises:
        ValueError: the folder is not a packed dataset, is of another version, or its manifest is damaged.
    """
    if not (path / MANIFEST).is_file():
        raise ValueError(f"{path}: looked for {_LOOKED_FOR}, found {_found(path)}")
    try:
        manifest = read_json(path / MANIFEST)
    except ValueError:
        manifest = None
    if not isinstance(manifest, dict) or not {"format", "version"} <= manifest.keys():
        raise ValueError(f"{path}: looked for {_LOOKED_FOR}, found another kind of {MANIFEST}")
    form, version = manifest["format"], manifest["version"]
    if (form, version) != (FORMAT, VERSION) or isinstance(version, bool):
        raise ValueError(
            f"{path}: looked for format {FORMAT} version {VERSION}, found {str(form)[:40]} version "
            f"{str(version)[:40]}; pack the data again with this version of hairgan"
        )
    problem = _problem(manifest)
    if problem is not None:
        raise ValueError(
            f"the packed dataset {path} is damaged: {MANIFEST} {problem}; delete it and pack the data again"
        )
    return manifest


def read_json(path: Path) -> Any:
    """Content of a JSON file.

    Raises:
        ValueError: it is too large to be one of ours, or is not JSON.
    """
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(
            f"{path} has {path.stat().st_size / 2**20:.0f} MiB, at most {MAX_BYTES / 2**20:.0f} were expected"
        )
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON ({error})") from None


def _found(path: Path) -> str:
    partial = path.with_name(path.name + ".partial")
    if not path.exists() and partial.is_dir():
        return f"only the unfinished {partial.name}: run the command that started it again to finish it"
    if not path.exists():
        return "nothing there"
    if not path.is_dir():
        return f"a file of {path.stat().st_size} bytes"
    names = sorted(child.name for child in path.iterdir())
    return f"{', '.join(names[:6])}{', ...' if len(names) > 6 else ''}" if names else "an empty folder"


def _problem(manifest: dict[str, Any]) -> str | None:
    """What is wrong with a manifest of our format, for the end of a sentence."""
    for key in ("size", "count"):
        if not _is_count(manifest.get(key)) or manifest[key] < 1:
            return f"says {key} {_shown(manifest.get(key))}, which is not a number of 1 or more"
    for key in ("splits", "skipped", "files"):
        counts = manifest.get(key)
        if not isinstance(counts, dict) or not all(_is_count(count) for count in counts.values()):
            return f"says {key} {_shown(counts)}, which does not give numbers by name"
    if tuple(manifest["splits"]) != SPLITS or sum(manifest["splits"].values()) != manifest["count"]:
        return f"says splits {_shown(manifest['splits'])} for {manifest['count']} images"
    unknown = [name for name in manifest["files"] if name not in FILES]
    missing = [name for name in REQUIRED if name not in manifest["files"]]
    if unknown or missing:
        return f"lists the files {_shown(sorted(manifest['files']))}, which are not those of a packed dataset"
    if not isinstance(manifest.get("fingerprint"), str):
        return f"says fingerprint {_shown(manifest.get('fingerprint'))}"
    checksums = manifest.get("checksums", {})
    if not isinstance(checksums, dict) or not all(
        name in manifest["files"] and isinstance(value, str) for name, value in checksums.items()
    ):
        return f"says checksums {_shown(checksums)}"
    return parameters_problem(manifest.get("parameters"))


def parameters_problem(parameters: Any) -> str | None:
    """What is wrong with the record of how something was packed, for the end of a sentence."""
    if not isinstance(parameters, dict):
        return f"says parameters {_shown(parameters)}"
    for key, kind in PARAMETERS.items():
        if not isinstance(parameters.get(key), kind):
            return f"says {key} {_shown(parameters.get(key))} in its parameters"
    return None


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 40


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
