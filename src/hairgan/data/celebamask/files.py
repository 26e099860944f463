"""The files of CelebAMask-HQ, in the zip or in the unpacked folder.

All files are looked up once. Only a table of their positions, a few MB, is pickled into worker processes, instead of
the zip's directory of 400,000 entries. Names may have another padding or suffix: photos `27.jpg`, `00027.jpg` or
`27.PNG`, masks `00027_hair.png` or `27_hair.png`. If there are several files for one photo or part, the one with the
official name is used.
"""

from __future__ import annotations

import io
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int, Shaped
from numpy import ndarray

from hairgan.data.celebamask.names import ATTRIBUTES, IMAGES, MAPPING, MASKS, PER_FOLDER
from hairgan.data.source_changes import file_stamp
from hairgan.photos.listing import SUFFIXES, is_hidden
from hairgan.regions import PARTS_IN_MERGE_ORDER

MAX_FILE = 1 << 27  # bytes of a photo or mask, unpacked
MAX_TEXT = 1 << 26  # bytes of a text file, unpacked; CelebA's own attribute file of 200,000 lines has 25 MB

COLUMN = {part: 1 + i for i, part in enumerate(PARTS_IN_MERGE_ORDER)}
"""Part -> its column in the tables of files; the photo has column 0."""

_FILE = re.compile(
    rf"{IMAGES}/(?P<image>[0-9]{{1,9}})(?:{'|'.join(map(re.escape, SUFFIXES))})"
    r"|CelebAMask-?HQ-mask-anno/(?P<folder>[0-9]{1,9})/(?P<index>[0-9]{1,9})_(?P<part>\w+)\.png",
    re.IGNORECASE,
)
_ENTRY = np.dtype([("offset", "i8"), ("packed", "i8"), ("size", "i8"), ("crc", "u4")])


@dataclass(frozen=True)
class Found:
    """The files of a dataset: ids of the photos, their files, the state of each file, and the text files."""

    ids: Int[ndarray, " n"]
    files: ZipFiles | FolderFiles
    exists: Shaped[ndarray, "n 19"]
    """Which files exist: the photo, then the parts in merge order."""
    states: Shaped[ndarray, "n 19 *s"]
    """Values that change when a file does."""
    texts: dict[str, bytes]
    """The attribute file and, if there is one, the mapping file."""


@dataclass(frozen=True)
class ZipFiles:
    """Files in a zip, read without its directory."""

    path: Path
    state: tuple[int, int, int]
    """State of the zip when its directory was read."""
    where: Shaped[ndarray, "n 19"]
    """Offset of the local header, packed and unpacked size in bytes, checksum; the offset is -1 if there is no file."""

    def read(self, row: int, column: int) -> bytes:
        """Content of a file, checked against its checksum.

        Raises:
            ValueError: it is damaged, encrypted, compressed in an unusual way, or larger than 128 MiB.
            OSError: the zip was replaced since its directory was read.
        """
        offset, packed, size, crc = self.where[row, column].tolist()
        if size > MAX_FILE:
            raise ValueError(f"it has {size / 2**20:,.0f} MiB unpacked, at most {MAX_FILE >> 20} are read")
        with self.path.open("rb") as file:  # at every read: nothing to share between processes and threads
            if file_stamp(os.fstat(file.fileno())) != self.state:
                raise OSError(f"{self.path} was changed while it was read: run the same command again")
            file.seek(offset)
            header = file.read(30)
            if len(header) < 30 or not header.startswith(b"PK\3\4"):
                raise ValueError("damaged in the zip (it does not begin where the zip's directory says)")
            flags, method, name_length, extra_length = struct.unpack("<6xHH16xHH", header)
            file.seek(name_length + extra_length, io.SEEK_CUR)
            data = file.read(min(packed, 2 * MAX_FILE))
        if flags & 1:
            raise ValueError("encrypted in the zip")
        if method == zipfile.ZIP_DEFLATED:
            try:
                data = zlib.decompressobj(wbits=-15).decompress(data, size + 1)  # no more than announced
            except zlib.error as error:
                raise ValueError(f"damaged in the zip ({error})") from error
        elif method != zipfile.ZIP_STORED:
            raise ValueError(f"compressed in the zip in an unusual way (method {method}): zip it again")
        if len(data) != size or zlib.crc32(data) != crc:
            raise ValueError("damaged in the zip (its checksum is wrong)")
        return data


@dataclass(frozen=True)
class FolderFiles:
    """Files in a folder."""

    root: Path
    ids: Int[ndarray, " n"]
    folders: tuple[str, ...]
    suffixes: tuple[str, ...]
    where: Int[ndarray, "n 19 3"]
    """Number of the folder, number of the suffix, and number of digits in the name; -1 if there is no file."""

    def read(self, row: int, column: int) -> bytes:
        """Content of a file.

        Raises:
            ValueError: it is not a regular file, or larger than 128 MiB.
            OSError: it no longer exists, or cannot be read.
        """
        folder, suffix, digits = self.where[row, column].tolist()
        part = f"_{PARTS_IN_MERGE_ORDER[column - 1]}" if column else ""
        path = self.root / self.folders[folder] / f"{self.ids[row]:0{digits}d}{part}{self.suffixes[suffix]}"
        return _read_file(path, MAX_FILE)


def find_files(path: Path) -> Found:
    """Look up all files of a zip, of the dataset's folder, or of the folder that contains it.

    Raises:
        ValueError: it is not CelebAMask-HQ; the message says what was looked for and what was found.
    """
    if path.is_dir():
        return _in_folder(path)
    if not path.exists():
        raise ValueError(f"{path}: looked for CelebAMask-HQ (a zip or a folder), found nothing there")
    if not path.is_file():
        raise ValueError(f"{path}: looked for CelebAMask-HQ (a zip or a folder), found a pipe or a device")
    return _in_zip(path)


def _in_zip(path: Path) -> Found:
    state = file_stamp(path.stat())
    try:
        archive = zipfile.ZipFile(path)
    except Exception as error:  # for a damaged directory, almost any exception
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ValueError(
            f"{path} is neither a folder nor a whole zip file ({path.stat().st_size} bytes): is the download complete?"
        ) from None
    with archive:
        entries = [entry for entry in archive.infolist() if not entry.filename.startswith("__MACOSX/")]
        root = _root_in_zip(entries)
        names = [entry.filename.removeprefix(root) for entry in entries if entry.filename.startswith(root)]
        entries = [entry for entry in entries if entry.filename.startswith(root)]
        _check_complete(path, {name.split("/")[0] for name in names})
        places = np.array(
            [(entry.header_offset, entry.compress_size, entry.file_size, entry.CRC) for entry in entries], dtype=_ENTRY
        )
        texts = {}
        for name in (ATTRIBUTES, MAPPING):
            if name in names:
                texts[name] = _read_text(path, archive, root + name)
    ids, number = _file_table(path, names)
    where = places[number]
    where["offset"][number < 0] = -1
    states = np.stack([where["size"], where["crc"].astype(np.int64)], axis=-1)
    states = np.concatenate([states, np.broadcast_to(np.array(state), (*states.shape[:2], len(state)))], axis=-1)
    return Found(ids, ZipFiles(path, state, where), number >= 0, states, _complete(path, texts))


def _root_in_zip(entries: Sequence[zipfile.ZipInfo]) -> str:
    """The prefix of CelebAMask-HQ's names in a zip; the shortest one if there are several."""
    roots = {
        entry.filename[: entry.filename.find(f"{IMAGES}/")]
        for entry in entries
        if f"/{IMAGES}/" in f"/{entry.filename}" and not any(map(is_hidden, entry.filename.split("/")))
    }
    return min(roots, key=lambda root: (root.count("/"), root), default="")


def _read_text(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    size = archive.getinfo(name).file_size
    if size > MAX_TEXT:
        raise ValueError(f"{path}: {name} has {size / 2**20:,.0f} MiB unpacked, at most {MAX_TEXT >> 20} are read")
    try:
        with archive.open(name) as file:
            return file.read(MAX_TEXT + 1)
    except Exception as error:  # damaged, encrypted, or compressed in an unusual way
        raise ValueError(f"{path}: {name} cannot be read from the zip ({error})") from None


def _in_folder(path: Path) -> Found:
    below = sorted(child for child in path.iterdir() if _is_folder(child) and not is_hidden(child.name))
    root = next((folder for folder in (path, *below) if _is_folder(folder / IMAGES)), path)
    masks = _check_complete(path, {child.name for child in root.iterdir()})
    numbered = sorted(path.name for path in (root / masks).iterdir() if re.fullmatch("[0-9]{1,9}", path.name))
    folders = [IMAGES, *(f"{masks}/{name}" for name in numbered)]
    names, states = [], []
    for folder in folders:
        for name, state in _files_of(root / folder):
            names.append(f"{folder}/{name}")
            states.append(state)
    ids, number = _file_table(path, names)
    places, suffixes = {folder: i for i, folder in enumerate(folders)}, dict[str, int]()
    used = {}
    for chosen in number[number >= 0].tolist():
        folder, _, name = names[chosen].rpartition("/")
        dot, bar = name.rindex("."), name.find("_")
        suffix = suffixes.setdefault(name[dot:], len(suffixes))
        used[chosen] = (places[folder], suffix, dot if bar < 0 else bar)
    where = np.full((*number.shape, 3), -1, dtype=np.int32)
    where[number >= 0] = [used[chosen] for chosen in number[number >= 0].tolist()]
    texts = {name: _read_file(root / name, MAX_TEXT) for name in (ATTRIBUTES, MAPPING) if (root / name).is_file()}
    files = FolderFiles(root, ids, tuple(folders), tuple(suffixes), where)
    states_by_file = np.array([*states, (-1, -1, -1)], dtype=np.int64)[number]
    return Found(ids, files, number >= 0, states_by_file, _complete(path, texts))


def _files_of(folder: Path) -> list[tuple[str, tuple[int, int, int]]]:
    """Names and states of the regular files in a folder, without broken links, pipes and folders."""
    found: list[tuple[str, tuple[int, int, int]]] = []
    if not _is_folder(folder):
        return found
    for entry in os.scandir(folder):
        try:
            status = entry.stat()
        except OSError:  # a broken or circular link
            continue
        if stat.S_ISREG(status.st_mode):
            found.append((entry.name, file_stamp(status)))
    return found


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # in a folder without permission to read
        return False


def _read_file(path: Path, most: int) -> bytes:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{path.name} is not a regular file")
    if status.st_size > most:
        raise ValueError(f"{path.name} has {status.st_size / 2**20:,.0f} MiB, at most {most >> 20} are read")
    return path.read_bytes()


def _check_complete(path: Path, found: set[str]) -> str:
    """Name of the mask folder among the names found in the dataset's root."""
    masks = next((name for name in (MASKS, MASKS.replace("Mask-HQ", "MaskHQ")) if name in found), None)
    missing = [name for name in (IMAGES, ATTRIBUTES) if name not in found] + ([] if masks else [MASKS])
    if missing or masks is None:
        names = ", ".join(sorted(found)[:8]) + (", ..." if len(found) > 8 else "") if found else "nothing"
        raise ValueError(
            f"{path} is not CelebAMask-HQ: looked for {IMAGES}/, {MASKS}/ and {ATTRIBUTES}, in it or one folder below; "
            f"missing {', '.join(missing)}; found {names}"
        )
    return masks


def _complete(path: Path, texts: dict[str, bytes]) -> dict[str, bytes]:
    if ATTRIBUTES not in texts:
        raise ValueError(f"{path}: {ATTRIBUTES} is not a file")
    return texts


def _file_table(path: Path, names: Sequence[str]) -> tuple[Int[ndarray, " n"], Int[ndarray, "n 19"]]:
    """Sorted ids, and for each id the numbers of the names of its photo and parts; -1 where there is none."""
    chosen: dict[tuple[int, int], int] = {}
    for number, name in enumerate(names):
        match = _FILE.fullmatch(name)
        if match and match["image"]:
            cell = (int(match["image"]), 0)
        elif match and match["part"] in COLUMN:
            cell = (int(match["index"]), COLUMN[match["part"]])
        else:
            continue
        other = chosen.setdefault(cell, number)
        if other != number and _preference(name, *cell) < _preference(names[other], *cell):
            chosen[cell] = number
    if not chosen:
        raise ValueError(f"{path}: looked for {IMAGES}/0.jpg and {MASKS}/0/00000_skin.png and the like, found none")
    id_, column = np.array(list(chosen)).T
    ids, row = np.unique(id_, return_inverse=True)
    table = np.full((len(ids), 1 + len(COLUMN)), -1)
    table[row, column] = list(chosen.values())
    return ids, table


def _preference(name: str, index: int, column: int) -> tuple[Any, ...]:
    """A sort key for several names of one photo or part: the name with the smallest key is used."""
    folder, _, file = name.rpartition("/")
    if not column:
        return file != f"{index}.jpg", name
    official = f"{index:05d}_{PARTS_IN_MERGE_ORDER[column - 1]}.png"
    return file != official, not folder.endswith(f"/{index // PER_FOLDER}"), name
