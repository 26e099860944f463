"""One call of `hairgan dye` or `hairgan restyle`: opens photos, runs the salon, and writes the results."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hairgan.cli.edit_files import EditFiles, Place, ResultFiles
from hairgan.cli.edit_options import EditOptions
from hairgan.photos.names import printable

if TYPE_CHECKING:
    from jaxtyping import UInt8
    from numpy import ndarray

    from hairgan.editing.edit import Edit
    from hairgan.editing.parsed_photo import ParsedPhoto
    from hairgan.editing.references import Reference
    from hairgan.editing.salon import Salon
    from hairgan.photos.photo import Photo

VIDEO_FRAMES = 48
VIDEO_SIDE = 1080  # px
SHEET_HEIGHT = 512  # px, of each picture in a comparison

MakeEdit = Callable[["ParsedPhoto", "Reference | None"], "Edit"]
"""From a photo and a reference (None without) to an edit."""
MakeFrames = Callable[["ParsedPhoto", "Reference | None"], "Iterable[Edit]"]
"""From a photo and a reference to the edits of a video."""

ERRORS_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


@dataclass(frozen=True, eq=False)
class NamedReference:
    """A reference, and what is added to the names of its results; None and "" without a reference."""

    name: str
    reference: Reference | None


class EditRun:
    """A call of a command.

    Mistakes that can be found without networks are reported when the run is made, before torch is imported; a missing
    file even before numpy is. Of several photos, one that cannot be edited is reported and left out, and `close` exits
    with code 1.

    Args:
        suffix: results are called `NAME_suffix.png`.
        src: the photo to edit, or with `--batch` a folder of them.
        likes: photos to edit like; with `--batch` a single one may be a folder.
        others: other photos that are needed.
    """

    def __init__(
        self, suffix: str, src: Path, likes: tuple[Path, ...], others: tuple[Path, ...], options: EditOptions
    ) -> None:
        self.options, self.failures = options, 0
        self.files = EditFiles(suffix, src, likes, others, options)
        single = [path for path in (src, *likes) if not path.is_dir()]
        self._opened = {path: _open_photo(path) for path in (*single, *others)}
        if not options.batch:
            self.files.encoding.check_size(*self._opened[src].pixels.shape[:2])

    @cached_property
    def salon(self) -> Salon:
        """The salon of the bundle, on the device."""
        from hairgan.devices import choose_device
        from hairgan.editing.salon import Salon

        options = self.options
        finder = {} if options.detector is None else {"finder": options.detector}
        return Salon.from_bundle(options.bundle, choose_device(options.device), precision=options.precision, **finder)

    def reference(self, path: Path) -> ParsedPhoto:
        """A photo that was opened when the run was made, parsed as a reference."""
        return self._parse(path, self._open(path)).cut_out()

    def references(self, mix: float) -> list[NamedReference]:
        """The references: a photo, all of a folder, or a mix of two; without any, one that is None.

        Raises:
            ValueError: there are references, but none of them can be used.
        """
        from hairgan.editing.references import Mix

        _ = self.salon  # loaded here, so that its errors are not taken for those of a photo
        likes = self.files.likes
        if not likes:
            return [NamedReference("", None)]
        if len(likes) == 2:
            first, second = (self.reference(place.path) for (place,) in likes)
            return [NamedReference("", Mix(first, second, mix))]
        (places,) = likes
        if not self.files.like_is_folder:
            return [NamedReference("", self.reference(places[0].path))]
        found = []
        for place in places:
            try:
                found.append(NamedReference(place.stem, self.reference(place.path)))
            except errors_of_one_photo() as error:
                self._report(error, place.path)
        if not found:
            raise ValueError(f"none of the {len(places)} references in {printable(places[0].folder)} can be used")
        return found

    def edit(self, references: list[NamedReference], make_edit: MakeEdit, make_frames: MakeFrames) -> None:
        """Edit every source like every reference, and write the results."""
        for place in self.files.sources:
            wanted = [(named.reference, self.files.results(place, named.name)) for named in references]
            try:
                wanted = [(reference, files) for reference, files in wanted if self._may_write(files)]
                if wanted:
                    photo = self._open(place.path)
                    parsed = self._parse(place.path, photo)
            except errors_of_one_photo() as error:
                self._report(error, place.path)
                continue
            for reference, files in wanted:
                try:
                    edit = make_edit(parsed, reference)
                    self._write_image(files, photo, edit)
                    if files.comparison:
                        _write_comparison(files.comparison, photo, reference, edit)
                    if files.video:
                        _write_video(files.video, make_frames(parsed.reduced(VIDEO_SIDE), reference))
                    self.files.mark_written(files)
                    self._print(place, files, edit)
                except errors_of_one_photo() as error:
                    self._report(error, place.path)

    def close(self) -> None:
        """Exit with code 1 if a photo of a batch was left out."""
        if self.failures:
            click.echo(f"hairgan: {self.failures} of the batch failed", err=True)
            raise SystemExit(1)

    def _open(self, path: Path) -> Photo:
        return self._opened.pop(path) if path in self._opened else _open_photo(path)

    def _parse(self, path: Path, photo: Photo) -> ParsedPhoto:
        salon = self.salon
        try:
            return salon.parse(photo.srgb, aligned=self.options.aligned)
        except ValueError as error:
            raise ValueError(_name_photo(path, error)) from error

    def _may_write(self, files: ResultFiles) -> bool:
        """Whether the results of an edit may be written; in a batch, reports it if not."""
        try:
            self.files.check_free(files)
        except errors_of_one_photo() as error:
            self._report(error)
            return False
        return True

    def _write_image(self, files: ResultFiles, photo: Photo, edit: Edit) -> None:
        from hairgan.photos.saving import save_photo

        files.image.parent.mkdir(parents=True, exist_ok=True)
        save_photo(files.image, photo, edit.image, self.files.encoding)

    def _report(self, error: Exception, path: Path | None = None) -> None:
        """In a batch, report an error that concerns one photo only; raise any other."""
        if not self.options.batch or (isinstance(error, OSError) and error.errno in ERRORS_OF_THE_DISK):
            raise error
        self.failures += 1
        if isinstance(error, OSError) and error.strerror and error.filename is not None:
            text = f"{error.strerror}: {error.filename}"
        else:
            text = _name_photo(path, error) if path else str(error)
        click.echo(printable(f"hairgan: {text}"), err=True)

    def _print(self, place: Place, files: ResultFiles, edit: Edit) -> None:
        """Say what was written and how, as a sentence or as JSON."""
        lossless = self.files.encoding.lossless
        if self.options.as_json:
            answer: dict[str, Any] = {"photo": str(place.path), "out": str(files.image), "lossless": lossless}
            answer |= {"compare": str(files.comparison)} if files.comparison else {}
            answer |= {"video": str(files.video)} if files.video else {}
            facts = {"method": edit.method, "color_error": edit.color_error, "warnings": edit.warnings}
            click.echo(json.dumps(answer | facts | {"milliseconds": edit.timings}))
            return
        for warning in edit.warnings:
            click.echo(f"{printable(place.path)}: {warning}", err=True)
        error = "" if edit.color_error is None else f", {edit.color_error:.1f} in Lab from the wanted color"
        written = " and ".join(printable(file) for file in files.all())
        lossy = "" if lossless else ", lossy: pixels outside the edit differ a little, too"
        click.echo(f"wrote {written}: {edit.method}{error}{lossy}")


def check_color(color: str | None) -> None:
    """Raise ValueError for a color that is none, before networks are loaded."""
    from hairgan.editing.color import parse_color

    if color is not None:
        parse_color(color)


def errors_of_one_photo() -> tuple[type[Exception], ...]:
    """Errors after which a batch continues with the next photo."""
    import cv2

    return (ValueError, OSError, RuntimeError, MemoryError, cv2.error)


def _open_photo(path: Path) -> Photo:
    from hairgan.photos.opening import open_photo

    return open_photo(path)


def _write_comparison(path: Path, photo: Photo, reference: Reference | None, edit: Edit) -> None:
    from hairgan.editing.parsed_photo import ParsedPhoto
    from hairgan.editing.references import Mix
    from hairgan.pictures import save_picture, sheet

    likes = (reference.first, reference.second) if isinstance(reference, Mix) else (reference,)
    crops = [like.crop for like in likes if isinstance(like, ParsedPhoto)]
    save_picture(sheet([[photo.srgb, *crops, edit.image]], height=SHEET_HEIGHT), path)


def _write_video(path: Path, frames: Iterable[Edit]) -> None:
    from tqdm import tqdm

    from hairgan.editing.video import write_video

    def pictures() -> Iterator[UInt8[ndarray, "h w 3"]]:
        for frame in tqdm(frames, "video", VIDEO_FRAMES, unit="frame", disable=None):
            yield frame.image

    write_video(path, pictures())


def _name_photo(path: Path, error: Exception) -> str:
    """The text of an error, with the name of the photo it is about."""
    text = str(error) or type(error).__name__
    return text if printable(path) in text else f"{printable(path)}: {text}"
