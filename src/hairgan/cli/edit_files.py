"""Which photos `hairgan dye` and `hairgan restyle` edit, like which, and where the results go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from hairgan.cli.edit_options import EditOptions
from hairgan.photos.encoding import Encoding
from hairgan.photos.listing import Listing, list_photos
from hairgan.photos.names import printable
from hairgan.photos.places import check_folder, check_free, identities, result_place, result_stems


@dataclass(frozen=True)
class Place:
    """A photo on disk, and what its results are called."""

    path: Path
    folder: Path
    """Of the results."""
    stem: str
    """First part of the results' names; for a reference what is added to them, empty for nothing."""


@dataclass(frozen=True)
class ResultFiles:
    """The files of one edit."""

    image: Path
    comparison: Path | None
    video: Path | None

    def all(self) -> list[Path]:
        """Those that are wanted."""
        return [path for path in (self.image, self.comparison, self.video) if path is not None]


class EditFiles:
    """The sources and references of a command, and the names of its results.

    Args:
        suffix: results are called `NAME_suffix.png`.
        src: the photo to edit, or with `--batch` a folder of them.
        likes: photos to edit like, one or two; with `--batch` a single one may be a folder.
        others: other photos that are needed.

    Raises:
        ValueError: a folder without `--batch`, a batch without `--out`, results of no known format, or results that
            would replace a photo.
        OSError: a photo does not exist.
    """

    def __init__(
        self, suffix: str, src: Path, likes: tuple[Path, ...], others: tuple[Path, ...], options: EditOptions
    ) -> None:
        self.suffix, self.options = suffix, options
        out = options.out
        if options.batch and out is None:
            raise ValueError("a batch needs a folder for its results: --out FOLDER")
        if len(likes) > 2:
            raise ValueError(f"give one reference, or two to go between them; got {len(likes)}")
        self.out_file = out if out and out.suffix and not options.batch and not out.is_dir() else None
        for path in (src, *likes, *others):
            path.stat()
        self.encoding = Encoding.of(self.out_file or Path("result.png"), options.quality)
        self.sources = self._source_places(src)
        self.likes = [self._reference_places(like, may_be_folder=len(likes) == 1) for like in likes]
        self.like_is_folder = any(like.is_dir() for like in likes)
        read = [place.path for places in (self.sources, *self.likes) for place in places]
        self._taken = identities([*read, *others])
        if out is not None and self.out_file is None:
            check_folder(out)
        if not options.batch:
            files = self.results(self.sources[0], "")
            for file in files.all():
                check_folder(file.parent)
            self.check_free(files)

    def results(self, place: Place, reference: str) -> ResultFiles:
        """The files of the edit of a source.

        Args:
            reference: name of the reference, where there are several.
        """
        what = f"{self.suffix}_{reference}" if reference else self.suffix
        image = self.out_file or result_place(place.folder, place.stem, what, ".png")
        return ResultFiles(
            image,
            image.with_name(f"{image.stem}_compare.jpg") if self.options.compare else None,
            image.with_suffix(".mp4") if self.options.video else None,
        )

    def check_free(self, files: ResultFiles) -> None:
        """Raise ValueError for a file that must not be written: a photo, an earlier result, or one of before."""
        for file in files.all():
            check_free(file, self._taken, overwrite=self.options.overwrite)

    def mark_written(self, files: ResultFiles) -> None:
        """Files that were written must not be replaced later in the same batch."""
        self._taken |= identities(files.all())

    def _source_places(self, src: Path) -> list[Place]:
        out = self.options.out
        if not src.is_dir():
            return [Place(src, out or src.parent, src.stem)]
        listing = self._list(src)
        assert out is not None
        return [
            Place(src / name, (out / stem).parent, Path(stem).name)
            for name, stem in zip(listing.names, result_stems(listing.names), strict=True)
        ]

    def _reference_places(self, like: Path, *, may_be_folder: bool) -> list[Place]:
        if not like.is_dir():
            return [Place(like, like.parent, "")]
        if not may_be_folder:
            raise ValueError(f"{printable(like)} is a folder; two references, to go between, have to be two photos")
        listing = self._list(like)
        names = [stem.replace("/", "-") for stem in result_stems(listing.names)]
        if len(names) == 1:
            names = [""]
        return [Place(path, like, name) for path, name in zip(listing.paths(), names, strict=True)]

    def _list(self, folder: Path) -> Listing:
        out = self.options.out
        if not self.options.batch or out is None:
            raise ValueError(f"{printable(folder)} is a folder; give --batch to take every photo in it")
        result_folder = identities([out])
        if identities([folder]) == result_folder:
            raise ValueError(f"{printable(folder)} cannot hold the results as well: they would be taken for photos")
        listing = list_photos(folder, leave_out=lambda below: identities([below]) == result_folder)
        if listing.skipped:
            click.echo(f"left out of {printable(folder)}: {listing.remark()}", err=True)
        return listing
