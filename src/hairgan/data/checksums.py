"""Hashes of packed data: of single files, and of a dataset's content."""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl

from hairgan.data.manifest import FORMAT, VERSION


def checksum(path: Path) -> str:
    """Hash of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def fingerprint(path: Path, size: int, arrays: list[str], attributes: pl.DataFrame) -> str:
    """Hash of the arrays in a folder and of a table of attributes."""
    digest = hashlib.blake2b(f"{FORMAT} {VERSION} {size}".encode(), digest_size=16)
    for name in arrays:
        with (path / name).open("rb") as file:
            while block := file.read(1 << 24):
                digest.update(block)
    digest.update(attributes.write_ndjson().encode())
    return digest.hexdigest()
