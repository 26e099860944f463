"""What `hairgan dye` and `hairgan restyle` share: their options, and the way from files to files."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import cv2

from hairgan.cli.shared_options import bundle_option, detector_option, trust_option
from hairgan.photos.listing import Listing, list_photos
from hairgan.photos.names import printable
from hairgan.photos.opening import open_photo
from hairgan.photos.places import check_folder, check_free, identities, result_place, stems
from hairgan.photos.saving import Encoding, save_photo

if TYPE_CHECKING:
    from hairgan.editing.edit import Edit
    from hairgan.editing.parsed_photo import ParsedPhoto
    from hairgan.editing.references import Reference
    from hairgan.editing.salon import Salon
    from hairgan.photos.faces import FaceFinder
    from hairgan.photos.photo import Photo

VIDEO_FRAMES = 48
VIDEO_SIDE = 1080  # px
SHEET_HEIGHT = 512  # px, of each picture in a comparison

Edits = Callable[["ParsedPhoto", "Reference | None"], "Edit"]
Frames = Callable[["ParsedPhoto", "Reference | None"], "Iterable[Edit]"]

OF_ONE_PHOTO = (ValueError, OSError, RuntimeError, MemoryError, cv2.error)
"""What may go wrong with one photo of a batch while the others are fine."""
OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def options(command: Callable[..., None]) -> Callable[..., None]:
    """The options both commands have."""
    common = (
        bundle_option("--bundle", contents="the networks"),
        click.option(
            "--out",
            type=click.Path(path_type=Path),
            help="File (.png .tif .webp keep all pixels outside the edit; .jpg .avif .heic are lossy), or folder.  "
            "[default: a PNG in SRC's folder]",
        ),
        click.option("--quality", type=int, help="1 to 100, of a lossy file.  [default: 95]"),
        click.option("--overwrite", is_flag=True, help="Replace results that are there already."),
        click.option("--batch", is_flag=True, help="SRC, or REF, is a folder: take every photo in it."),
        click.option("--compare", is_flag=True, help="Write a sheet of before, reference and after as well."),
        click.option("--video", is_flag=True, help="Write an MP4 of the way there as well."),
        click.option(
            "--blend", type=click.Choice(["alpha", "laplacian", "poisson", "none"]), help="How the seam is hidden."
        ),
        click.option("--aligned", is_flag=True, help="The photos are CelebA-HQ crops already: look for no faces."),
        click.option(
            "--device", default="auto", help="Where the networks run: a GPU if there is one; cpu, cuda, cuda:1, ..."
        ),
        click.option("--precision", type=click.Choice(["float32", "bfloat16"]), default="float32", help="Of networks."),
        detector_option,
        trust_option,
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object per photo, for programs."),
    )
    for option in reversed(common):
        command = option(command)
    return command


@dataclass(frozen=True)
class Place:
    """A photo on disk, and what its results are called."""

    path: Path
    folder: Path
    """Of the results."""
    stem: str


class Run:
    """One call of a command: opens photos, runs the salon, writes results, and says what it did.

    What can be said without networks is said when a run is made, before torch is imported. In a batch a photo that will
    not do is reported and left out; `close` then ends with exit code 1.

    Args:
        suffix: what results are called: `NAME_suffix.png`.
        src: the photo to edit, or with `batch` a folder of them.
        likes: photos to edit like; with `batch` one of them may be a folder.
        others: other photos that are needed.
    """

    def __init__(
        self,
        suffix: str,
        src: Path,
        likes: tuple[Path, ...],
        others: tuple[Path, ...] = (),
        *,
        bundle: str,
        out: Path | None,
        quality: int | None,
        overwrite: bool,
        batch: bool,
        aligned: bool,
        device: str,
        precision: str,
        detector: FaceFinder | None,
        **show: bool,
    ):
        self.suffix, self.out, self.quality, self.overwrite = suffix, out, quality, overwrite
        self.batch, self.aligned, self.failures = batch, aligned, 0
        self.compare, self.video, self.as_json = show["compare"], show["video"], show["as_json"]
        self._salon = bundle, device, precision, detector
        if batch and out is None:
            raise ValueError("say where the results of a batch go: --out FOLDER")
        if len(likes) > 2:
            raise ValueError(f"give one reference, or two to go between them; got {len(likes)}")
        self._single = self._file_named(out)
        encoding = Encoding.of(self._single or Path("result.png"), quality)
        self.sources = self._places(src)
        self.likes = [self._references(like, may_be_folder=len(likes) == 1) for like in likes]
        self._likes_are_files = not any(like.is_dir() for like in likes)
        named = [place.path for place in (*self.sources, *(place for like in self.likes for place in like))]
        self._taken = identities([*named, *others])
        if out is not None and self._single is None:
            check_folder(out)
        if not batch:
            for file in self._files(self.sources[0], ""):
                check_folder(file.parent)
                check_free(file, self._taken, overwrite=overwrite)
        single = [path for path in (src, *likes) if not path.is_dir()]
        self._opened = {path: open_photo(path) for path in (*single, *others)}
        if not batch:
            encoding.check_size(*self._opened[src].pixels.shape[:2])

    @cached_property
    def salon(self) -> Salon:
        """The salon of the bundle, on the device."""
        from hairgan.devices import choose_device
        from hairgan.editing.salon import Salon

        bundle, device, precision, detector = self._salon
        finder = {} if detector is None else {"finder": detector}
        return Salon.from_bundle(bundle, choose_device(device), precision=precision, **finder)

    def subject(self, path: Path) -> ParsedPhoto:
        """A photo that was opened when the run was made, for a reference."""
        return self._subject(path, self._photo(path)).cut_out()

    def references(self, mix: float) -> list[tuple[str, Reference | None]]:
        """References by name: one, those of a folder, or one between two; without any, one that is None.

        Raises:
            ValueError: there are references, but none that will do.
        """
        from hairgan.editing.references import Mix

        _ = self.salon  # loaded here, so that its errors are not taken for those of a photo
        if not self.likes:
            return [("", None)]
        if len(self.likes) == 2:
            first, second = (self.subject(place.path) for (place,) in self.likes)
            return [("", Mix(first, second, mix))]
        (places,) = self.likes
        if self._likes_are_files:
            return [("", self.subject(places[0].path))]
        found: list[tuple[str, Reference | None]] = []
        for place in places:
            try:
                found.append((place.stem, self._subject(place.path, open_photo(place.path)).cut_out()))
            except OF_ONE_PHOTO as error:
                self._reported(error, place.path)
        if not found:
            raise ValueError(f"none of the {len(places)} references in {printable(places[0].folder)} can be used")
        return found

    def edit(self, references: list[tuple[str, Reference | None]], call: Edits, frames: Frames) -> None:
        """Edit every source like every reference, and write what comes of it.

        Args:
            call: from a subject and a reference (None without) to an edit.
            frames: from a subject and a reference to the edits of a video, if one is wanted.
        """
        for place in self.sources:
            wanted = [(reference, self._files(place, name)) for name, reference in references]
            try:
                wanted = [(reference, files) for reference, files in wanted if self._are_free(files)]
                if wanted:
                    photo = self._photo(place.path)
                    subject = self._subject(place.path, photo)
            except OF_ONE_PHOTO as error:
                self._reported(error, place.path)
                continue
            for reference, files in wanted:
                try:
                    self._one(place.path, photo, subject, reference, files, call, frames)
                except OF_ONE_PHOTO as error:
                    self._reported(error, place.path)

    def close(self) -> None:
        """Exit code 1 if a photo of a batch was left out."""
        if self.failures:
            click.echo(f"hairgan: {self.failures} of the batch failed", err=True)
            raise SystemExit(1)

    # -- files --

    def _file_named(self, out: Path | None) -> Path | None:
        """`--out`, if it means a file."""
        if self.batch or out is None or out.is_dir() or not out.suffix:
            return None
        return out

    def _places(self, src: Path) -> list[Place]:
        """The photo, or with `--batch` those in the folder, and where their results go."""
        if not src.is_dir():
            return [Place(src, src.parent if self.out is None else self.out, src.stem)]
        listing = self._listed(src)
        assert self.out is not None
        return [
            Place(src / name, (self.out / stem).parent, Path(stem).name)
            for name, stem in zip(listing.names, stems(listing.names), strict=True)
        ]

    def _references(self, like: Path, *, may_be_folder: bool) -> list[Place]:
        """A reference, or with `--batch` those in the folder."""
        if not like.is_dir():
            return [Place(like, like.parent, like.stem)]
        if not may_be_folder:
            raise ValueError(f"{printable(like)} is a folder; of two references, to go between, each is a photo")
        listing = self._listed(like)
        names = [stem.replace("/", "-") for stem in stems(listing.names)]
        single = len(names) == 1
        return [Place(path, like, "" if single else name) for path, name in zip(listing.paths(), names, strict=True)]

    def _listed(self, folder: Path) -> Listing:
        if not self.batch or self.out is None:
            raise ValueError(f"{printable(folder)} is a folder; give --batch to take every photo in it")
        out = identities([self.out])
        if identities([folder]) == out:
            raise ValueError(f"{printable(folder)} cannot hold the results as well: they would be taken for photos")
        listing = list_photos(folder, leave_out=lambda below: identities([below]) == out)
        if listing.skipped:
            click.echo(f"left out of {printable(folder)}: {listing.remark()}", err=True)
        return listing

    def _files(self, place: Place, reference: str) -> list[Path]:
        """The files of one result: the edit, and a sheet and a video if they are wanted."""
        what = f"{self.suffix}_{reference}" if reference else self.suffix
        target = self._single or result_place(place.folder, place.stem, what, ".png")
        files = [target]
        if self.compare:
            files.append(target.with_name(f"{target.stem}_compare.jpg"))
        if self.video:
            files.append(target.with_suffix(".mp4"))
        return files

    def _are_free(self, files: list[Path]) -> bool:
        """Whether the results of one edit of a batch may be written; reports it if not."""
        try:
            for file in files:
                check_free(file, self._taken, overwrite=self.overwrite)
        except OF_ONE_PHOTO as error:
            self._reported(error)
            return False
        return True

    # -- photos --

    def _photo(self, path: Path) -> Photo:
        return self._opened.pop(path) if path in self._opened else open_photo(path)

    def _subject(self, path: Path, photo: Photo) -> ParsedPhoto:
        salon = self.salon
        try:
            return salon.parse(photo.srgb, aligned=self.aligned)
        except ValueError as error:
            raise ValueError(_named(path, error)) from error

    def _reported(self, error: Exception, path: Path | None = None) -> None:
        """Go on after an error that is one photo's own; raise any other."""
        if not self.batch or (isinstance(error, OSError) and error.errno in OF_THE_DISK):
            raise error
        self._failed(error, path)

    def _failed(self, error: Exception, path: Path | None = None) -> None:
        self.failures += 1
        if isinstance(error, OSError) and error.strerror and error.filename is not None:
            text = f"{error.strerror}: {error.filename}"
        else:
            text = _named(path, error) if path else str(error)
        click.echo(printable(f"hairgan: {text}"), err=True)

    def _one(
        self,
        path: Path,
        photo: Photo,
        subject: ParsedPhoto,
        reference: Reference | None,
        files: list[Path],
        call: Edits,
        frames: Frames,
    ) -> None:
        from hairgan.editing.video import write_video
        from hairgan.pictures import save_picture, sheet

        edit = call(subject, reference)
        target, *more = files
        encoding = Encoding.of(target, self.quality)
        target.parent.mkdir(parents=True, exist_ok=True)
        save_photo(target, photo, edit.image, encoding)
        answer: dict[str, Any] = {"photo": str(path), "out": str(target), "lossless": encoding.lossless}
        if self.compare:
            pictures = [photo.srgb, *_pictures(reference), edit.image]
            save_picture(sheet([pictures], height=SHEET_HEIGHT), more[0])
            answer["compare"] = str(more[0])
        if self.video:
            write_video(more[-1], self._moving(frames(subject.reduced(VIDEO_SIDE), reference)))
            answer["video"] = str(more[-1])
        self._taken |= identities(files)
        self._tell(edit, answer)

    def _moving(self, frames: Iterable[Edit]) -> Iterator[Any]:
        """The pictures of a video, with a bar that says how far it is."""
        from tqdm import tqdm

        for frame in tqdm(frames, "video", VIDEO_FRAMES, unit="frame", disable=None):
            yield frame.image

    def _tell(self, edit: Edit, answer: dict[str, Any]) -> None:
        if self.as_json:
            facts = {"method": edit.method, "color_error": edit.color_error, "warnings": edit.warnings}
            click.echo(json.dumps(answer | facts | {"milliseconds": edit.timings}))
            return
        for warning in edit.warnings:
            click.echo(f"{printable(answer['photo'])}: {warning}", err=True)
        error = "" if edit.color_error is None else f", {edit.color_error:.1f} in Lab from the wanted colour"
        files = " and ".join(printable(answer[key]) for key in ("out", "compare", "video") if key in answer)
        lossy = "" if answer["lossless"] else ", lossy: pixels outside the edit differ a little, too"
        click.echo(f"wrote {files}: {edit.method}{error}{lossy}")


def _named(path: Path, error: Exception) -> str:
    text = str(error) or type(error).__name__
    return text if printable(path) in text else f"{printable(path)}: {text}"


def _pictures(reference: Reference | None) -> list[Any]:
    from hairgan.editing.parsed_photo import ParsedPhoto
    from hairgan.editing.references import Mix

    both = (reference.first, reference.second) if isinstance(reference, Mix) else (reference,)
    return [one.crop for one in both if isinstance(one, ParsedPhoto)]
