"""`hairgan dye`: hair of another color."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hairgan.cli import edit_run
from hairgan.cli.edit_options import EditOptions, edit_options
from hairgan.cli.finite_number import FiniteNumber

if TYPE_CHECKING:
    from hairgan.editing.edit import Edit
    from hairgan.editing.parsed_photo import ParsedPhoto
    from hairgan.editing.references import Reference


@click.command(context_settings={"show_default": True})
@click.argument("src", type=click.Path(path_type=Path))
@click.option(
    "--like",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Photo whose hair color to take; twice: between two.",
)
@click.option("--color", help="Instead: a hair color (blond, auburn, ...), a CSS color, or a hex code.")
@click.option("--mix", default=0.5, type=FiniteNumber(0, 1), help="Of two references: 0 is the first, 1 the second.")
@click.option("--strength", default=1.0, type=FiniteNumber(-10, 10), help="0 keeps the color, 1 takes the wanted one.")
@click.option(
    "--strands", type=click.Choice(["photo", "painted"]), default="photo", help="Whose strands the dyed hair has."
)
@edit_options
def dye(
    src: Path,
    like: tuple[Path, ...],
    color: str | None,
    mix: float,
    strength: float,
    strands: str,
    blend: str | None,
    **shared: Any,
) -> None:
    """Change the hair color in SRC, a photo, and nothing else.

    If the bundle has SEAN, the hair is painted with the style of the reference, or with one that gives the wanted
    color, and the photo's strands take the painted colors. Otherwise colors are transferred. The result is a PNG
    beside SRC with SRC's profile and EXIF; pixels other than hair keep SRC's values.
    """
    if bool(like) == (color is not None):
        raise ValueError("give either --like, a photo whose hair color to take, or --color")
    run = edit_run.EditRun("dyed", src, like, (), EditOptions(**shared))
    edit_run.check_color(color)
    wanted: dict[str, Any] = {"color": color, "strands": strands, "blend": blend or "alpha"}

    def edit(photo: ParsedPhoto, reference: Reference | None) -> Edit:
        return run.salon.dye(photo, like=reference, strength=strength, **wanted)

    def frames(photo: ParsedPhoto, reference: Reference | None) -> Iterator[Edit]:
        from hairgan.editing.batching import batches
        from hairgan.editing.video import ease

        for strengths in batches((strength * ease(edit_run.VIDEO_FRAMES)).tolist(), run.salon.batch_size):
            yield from run.salon.dye_all([photo], like=reference, strength=strengths, **wanted)

    run.edit(run.references(mix), edit, frames)
    run.close()
