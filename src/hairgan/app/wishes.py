"""Wishes: what a visitor can ask for. Each is one kind of call of `Salon`, with the photos as files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from hairgan.editing.edit import Edit
    from hairgan.editing.parsed_photo import ParsedPhoto
    from hairgan.editing.salon import Salon

Parse = Callable[[Path], "ParsedPhoto"]
"""From an uploaded photo to an aligned and parsed one."""


class Wish(Protocol):
    """What the salon is asked to do with a photo."""

    @property
    def kind(self) -> str:
        """`"dye"`, `"restyle"` or `"all"`."""

    @property
    def photo(self) -> Path:
        """The photo to edit."""

    def photos(self) -> tuple[Path, ...]:
        """All photos that are read."""

    def edits(self, salon: Salon, parse: Parse) -> Iterator[tuple[str, Edit]]:
        """The edits, each with what it was asked to be: a color, a domain, or nothing for a reference photo."""


@dataclass(frozen=True)
class Dye:
    """Another hair color: like a photo's, or a color by name or hex code."""

    photo: Path
    color: str | None = None
    like: Path | None = None
    strength: float = 1.0
    kind: str = "dye"

    def photos(self) -> tuple[Path, ...]:
        return tuple(path for path in (self.photo, self.like) if path is not None)

    def edits(self, salon: Salon, parse: Parse) -> Iterator[tuple[str, Edit]]:
        like = None if self.like is None else parse(self.like)
        yield (
            self.color or "",
            salon.dye(parse(self.photo), like=like, color=self.color, strength=self.strength),
        )


@dataclass(frozen=True)
class Restyle:
    """Another hair style: of a domain, or like a photo's; with the color that is there, or another."""

    photo: Path
    domain: str | None = None
    like: Path | None = None
    seed: int = 0
    truncation: float = 1.0
    color: str | None = None
    color_like: Path | None = None
    kind: str = "restyle"

    def photos(self) -> tuple[Path, ...]:
        return tuple(path for path in (self.photo, self.like, self.color_like) if path is not None)

    def edits(self, salon: Salon, parse: Parse) -> Iterator[tuple[str, Edit]]:
        edit = salon.restyle(
            parse(self.photo),
            domain=self.domain,
            like=None if self.like is None else parse(self.like),
            color_like=None if self.color_like is None else parse(self.color_like),
            color=self.color,
            seed=self.seed,
            psi=self.truncation,
        )
        yield self.domain or "", edit


@dataclass(frozen=True)
class AllDomains:
    """One edit per domain that the networks know."""

    photo: Path
    seed: int = 0
    truncation: float = 1.0
    kind: str = "all"

    def photos(self) -> tuple[Path, ...]:
        return (self.photo,)

    def edits(self, salon: Salon, parse: Parse) -> Iterator[tuple[str, Edit]]:
        for domain in salon.domains or ("",):  # the salon says what it lacks
            yield domain, salon.restyle(parse(self.photo), domain=domain, seed=self.seed, psi=self.truncation)
