"""What `hairgan dye` and `hairgan restyle` share: their options, and the way from files to files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hairgan.cli.trust import trust_option

if TYPE_CHECKING:
    from hairgan.editing.edit import Edit
    from hairgan.editing.salon import Reference, Salon
    from hairgan.editing.subject import Subject

VIDEO_FRAMES = 48

Call = Callable[..., "list[Edit]"]


def options(command: Callable[..., None]) -> Callable[..., None]:
    """The options both commands have."""
    common = (
        click.option("--bundle", required=True, envvar="HAIRGAN_BUNDLE", show_envvar=True, help="Folder or hub name."),
        click.option(
            "--out", type=click.Path(path_type=Path), help="File; folder with --batch.  [default: SRC's folder]"
        ),
        click.option("--batch", is_flag=True, help="SRC, or REF, is a folder: take every photo in it."),
        click.option("--compare", is_flag=True, help="Write a sheet of before, reference and after as well."),
        click.option("--video", is_flag=True, help="Write an MP4 of the way there as well."),
        click.option(
            "--blend", type=click.Choice(["alpha", "laplacian", "poisson", "none"]), help="How the seam is hidden."
        ),
        click.option("--aligned", is_flag=True, help="The photos are CelebA-HQ crops already: look for no faces."),
        click.option("--device", default="cpu", help="Where the networks run, e.g. cuda."),
        click.option("--precision", type=click.Choice(["float32", "bfloat16"]), default="float32", help="Of networks."),
        trust_option,
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object a photo, for programs."),
    )
    for option in reversed(common):
        command = option(command)
    return command


class Run:
    """One call of a command: opens photos, runs the salon, writes results, and says what it did.

    In a batch a photo that will not do is reported and left out; `close` then ends with exit code 1.
    """

    def __init__(
        self,
        suffix: str,
        bundle: str,
        out: Path | None,
        batch: bool,
        aligned: bool,
        device: str,
        precision: str,
        **show: bool,
    ):
        from hairgan.editing.salon import Salon

        self.suffix, self.out, self.batch, self.aligned = suffix, out, batch, aligned
        self.compare, self.video, self.as_json = show["compare"], show["video"], show["as_json"]
        self.salon: Salon = Salon.from_bundle(bundle, device, precision=precision)
        self.failures = 0

    def photos(self, path: Path) -> list[Path]:
        """The photo, or with `--batch` those in the folder.

        Raises:
            ValueError: a folder without `--batch`, or without photos.
        """
        if not path.is_dir():
            return [path]
        if not self.batch:
            raise ValueError(f"{path} is a folder; give --batch to take every photo in it")
        from hairgan.photos.listing import list_photos

        return list_photos(path).paths()

    def references(self, likes: tuple[Path, ...], mix: float) -> list[tuple[str, Reference]]:
        """References by name: one, those of a folder, or one between two."""
        from hairgan.editing.salon import Mix

        if len(likes) > 2:
            raise ValueError(f"give one reference, or two to go between them; got {len(likes)}")
        if len(likes) == 2:
            first, second = (self._subject(path) for path in likes)
            return [("", Mix(first, second, mix))]
        found = [(path.stem, self._attempt(path)) for like in likes for path in self.photos(like)]
        return [(name if len(found) > 1 else "", subject) for name, subject in found if subject is not None]

    def edit(self, src: Path, references: list[tuple[str, Reference]], call: Call, frames: Call) -> None:
        """Edit every source like every reference, and write what comes of it.

        Args:
            references: may be empty, for edits that need none.
            call: from subjects and a reference (None without) to edits.
            frames: from a subject and a reference to the edits of a video, if one is wanted.
        """
        if self.batch and self.out is None:
            raise ValueError("say where the results of a batch go: --out FOLDER")
        each: list[tuple[str, Reference | None]] = [*references] or [("", None)]
        for path in self.photos(src):
            folder = path.parent if self.out is None else self.out
            if src.is_dir() and self.out is not None:
                folder = self.out / path.relative_to(src).parent
            subject = self._attempt(path)
            for name, reference in each:
                if subject is not None:
                    file = f"{path.stem}_{self.suffix}{'_' + name if name else ''}.png"
                    single = self.out if self.out is not None and not self.batch and self.out.suffix else None
                    self._one(path, single or folder / file, subject, reference, call, frames)

    def close(self) -> None:
        """Exit code 1 if a photo of a batch was left out."""
        if self.failures:
            click.echo(f"hairgan: {self.failures} of the batch failed", err=True)
            raise SystemExit(1)

    def _subject(self, path: Path) -> Subject:
        from hairgan.photos.opening import open_rgb

        try:
            return self.salon.subject(open_rgb(path), aligned=self.aligned)
        except ValueError as error:
            text = str(error)
            raise ValueError(text if str(path) in text else f"{path}: {text}") from error

    def _attempt(self, path: Path) -> Subject | None:
        if not self.batch:
            return self._subject(path)
        try:
            return self._subject(path)
        except (ValueError, OSError) as error:
            self._failed(error)
            return None

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        click.echo(f"hairgan: {error}", err=True)

    def _one(
        self, path: Path, target: Path, subject: Subject, reference: Reference | None, call: Call, frames: Call
    ) -> None:
        from PIL import Image

        from hairgan.editing.showing import sheet, write_video

        try:
            edit = call([subject], reference)[0]
            moving = frames(subject, reference) if self.video else []
        except ValueError as error:
            if not self.batch:
                raise
            self._failed(ValueError(f"{path}: {error}"))
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(edit.image).save(target, quality=95)
        answer: dict[str, Any] = {"photo": str(path), "out": str(target)}
        if self.compare:
            file = target.with_name(f"{target.stem}_compare.jpg")
            Image.fromarray(sheet([subject.photo, *_pictures(reference), edit.image])).save(file, quality=92)
            answer["compare"] = str(file)
        if self.video:
            file = target.with_suffix(".mp4")
            write_video(file, [frame.image for frame in moving])
            answer["video"] = str(file)
        self._tell(edit, answer)

    def _tell(self, edit: Edit, answer: dict[str, Any]) -> None:
        if self.as_json:
            facts = {"method": edit.method, "color_error": edit.color_error, "warnings": edit.warnings}
            click.echo(json.dumps(answer | facts | {"milliseconds": edit.timings}))
            return
        for warning in edit.warnings:
            click.echo(f"{answer['photo']}: {warning}", err=True)
        error = "" if edit.color_error is None else f", {edit.color_error:.1f} in Lab from the wanted colour"
        files = " and ".join(answer[key] for key in ("out", "compare", "video") if key in answer)
        click.echo(f"wrote {files}: {edit.method}{error}")


def _pictures(reference: Reference | None) -> list[Any]:
    from hairgan.editing.salon import Mix
    from hairgan.editing.subject import Subject

    both = (reference.first, reference.second) if isinstance(reference, Mix) else (reference,)
    return [one.crop for one in both if isinstance(one, Subject)]
