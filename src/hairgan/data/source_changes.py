"""The changes in a source since it was packed.

A source gives each item a stamp: a short text that changes when one of the item's files or annotations does. Stamps are
made from names, sizes and times, so no photo needs to be read to compare 30,000 of them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Stamps = Mapping[str, str]
"""Stamps by the name of the item, in the source's order."""


def stamp(*parts: Any) -> str:
    """A stamp of everything that an item depends on: bytes, numbers, text."""
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        content = part if isinstance(part, bytes) else repr(part).encode("utf-8", "backslashreplace")
        digest.update(len(content).to_bytes(8, "little") + content)
    return digest.hexdigest()


def file_stamp(status: os.stat_result) -> tuple[int, int, int]:
    """Values that change with a file: its size, the time of its last change, and its read permissions."""
    return status.st_size, status.st_mtime_ns, status.st_mode & 0o444


@dataclass(frozen=True)
class Changes:
    """Names of new, changed and deleted items and domains; `str()` gives a phrase for a message."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]
    new_domains: tuple[str, ...] = ()
    gone_domains: tuple[str, ...] = ()

    @classmethod
    def between(cls, before: Stamps, now: Stamps) -> Changes | None:
        """The difference between two states of a source; None if they are equal."""
        if before == now:
            return None
        domains_before, domains_now = _domains(before), _domains(now)
        return cls(
            new=tuple(name for name in now if name not in before),
            changed=tuple(name for name in now if name in before and now[name] != before[name]),
            gone=tuple(name for name in before if name not in now),
            new_domains=tuple(domain for domain in domains_now if domain not in domains_before),
            gone_domains=tuple(domain for domain in domains_before if domain not in domains_now),
        )

    def __str__(self) -> str:
        parts = [
            f"{len(names):,} {'photo' if len(names) == 1 else 'photos'} {state}"
            for names, state in ((self.new, "new"), (self.changed, "changed"), (self.gone, "gone"))
            if names
        ]
        for names, state in ((self.new_domains, "new"), (self.gone_domains, "gone")):
            if names:
                shown = ", ".join(f"'{name}'" for name in names[:5]) + (", ..." if len(names) > 5 else "")
                parts.append(f"{'domain' if len(names) == 1 else 'domains'} {shown} {state}")
        return ", ".join(parts)


def _domains(names: Iterable[str]) -> list[str]:
    """The domains in names of the form `split/domain/...`."""
    return list(dict.fromkeys(name.split("/")[1] for name in names if name.count("/") > 1))
