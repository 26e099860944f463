"""Where shards are: a folder, or a bucket of S3 or of a server with the same interface (MinIO, R2, Ceph, ...).

    store = open_store("data/shards")             # or "s3://bucket/shards"
    store.fetch("shards.json")                    # the whole file; None if it is not there
    store.fetch_range("images/chunk-0-7.bin", 268, 12_288)

Credentials, region and endpoint are those that boto3 finds (`AWS_ACCESS_KEY_ID`, `AWS_PROFILE`, `AWS_ENDPOINT_URL`).
The requests are sent by litdata, an optional package.
"""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from hairgan.extras import how_to_install

SCHEME = "s3://"
CONNECTIONS = 16  # that a process has open at once
ATTEMPTS = 4  # at a request, with growing pauses of a few seconds
MISSING = ("404", "NoSuchKey", "NoSuchBucket")


class Store(Protocol):
    """A place from which files are read by name, whole or in part.

    Every method raises `OSError`, in one sentence, if the place cannot be reached.
    """

    root: str
    """The folder or URL."""

    def fetch(self, name: str) -> bytes | None:
        """A whole file; None if there is none of that name."""

    def fetch_range(self, name: str, offset: int, length: int) -> bytes | None:
        """`length` bytes from `offset`; fewer if the file ends before; None if there is no such file."""

    def put(self, file: Path, name: str) -> None:
        """Move a local file there."""


def is_url(root: str) -> bool:
    return "://" in root


def open_store(root: str) -> Store:
    """The store at a folder or a URL; nothing is read yet.

    Raises:
        ValueError: it is a URL of another kind, or litdata is not installed.
    """
    return Bucket(root) if is_url(root) else Folder(root)


def import_litdata(purpose: str) -> Any:
    """The package litdata.

    Raises:
        ValueError: it is not installed; `purpose` begins the sentence.
    """
    try:
        logging.getLogger("botocore").setLevel(logging.WARNING)  # it says where it found its settings
        import litdata
        import litdata.streaming.fs_provider
    except ImportError as error:
        raise ValueError(f"{purpose} needs litdata: {how_to_install('streaming')}") from error
    return litdata


class Folder:
    """Files of a folder."""

    def __init__(self, root: str) -> None:
        self.root, self.path = root, Path(root)

    def fetch(self, name: str) -> bytes | None:
        return (self.path / name).read_bytes() if (self.path / name).is_file() else None

    def fetch_range(self, name: str, offset: int, length: int) -> bytes | None:
        try:
            with (self.path / name).open("rb", buffering=0) as file:
                file.seek(offset)
                return file.read(length)
        except FileNotFoundError:
            return None

    def put(self, file: Path, name: str) -> None:
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        file.replace(self.path / name)


class Bucket:
    """Objects whose keys begin with the path of a URL such as `s3://bucket/shards`."""

    def __init__(self, url: str) -> None:
        if not url.startswith(SCHEME) or not url.removeprefix(SCHEME).strip("/"):
            raise ValueError(f"{url} is no address of shards: give a folder, or {SCHEME}BUCKET/NAME")
        self.root = url.rstrip("/")
        import_litdata(f"reading {SCHEME}")

    def fetch(self, name: str) -> bytes | None:
        content = io.BytesIO()
        with self._request(name, "read") as done:
            self._downloader.download_fileobj(f"{self.root}/{name}", content)
            done.append(True)
        return content.getvalue() if done else None

    def fetch_range(self, name: str, offset: int, length: int) -> bytes | None:
        content: list[bytes] = []
        with self._request(name, "read"):
            try:
                content.append(self._downloader.download_bytes(f"{self.root}/{name}", offset, length, ""))
            except Exception as error:
                if not isinstance(error, OSError) and _code(error) != "InvalidRange":  # OSError: a short answer
                    raise
                content.append(b"")
        return content[0] if content else None

    def put(self, file: Path, name: str) -> None:
        with self._request(name, "written"):
            self._uploader.upload_file(str(file), f"{self.root}/{name}")
        file.unlink()

    @cached_property
    def _downloader(self) -> Any:
        downloader = import_litdata("").streaming.downloader
        return downloader.get_downloader(self.root, "", [], self._options())

    @cached_property
    def _uploader(self) -> Any:
        return import_litdata("").streaming.fs_provider.S3FsProvider(self._options())

    def _options(self) -> dict[str, Any]:
        from botocore.config import Config

        retries = {"max_attempts": ATTEMPTS, "mode": "standard"}  # litdata makes up to 1000
        times = {"connect_timeout": 10, "read_timeout": 60}
        return {"config": Config(retries=retries, max_pool_connections=CONNECTIONS, **times)}

    @contextlib.contextmanager
    def _request(self, name: str, what: str) -> Iterator[list[bool]]:
        """Errors of a request as one sentence; if the object does not exist, the block ends early, without one."""
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield []
        except (Boto3Error, BotoCoreError, ClientError) as error:
            if _code(error) in MISSING:
                return
            raise OSError(f"{self.root}/{name} cannot be {what}: {' '.join(str(error).split())}") from error


def _code(error: Exception) -> str:
    """The code of a server's refusal; empty for other errors."""
    response: Any = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code", ""))
