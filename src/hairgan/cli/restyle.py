"""`hairgan restyle`: hair of another shape."""

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
@click.option("--domain", help="Hair domain to go to, e.g. bob; with --like: as which domain the reference is read.")
@click.option("--seed", default=0, help="Which style of the domain.")
@click.option("--psi", default=1.0, type=FiniteNumber(-10, 10), help="Truncation: 1 is the style as drawn, 0 the mean.")
@click.option(
    "--like", multiple=True, type=click.Path(path_type=Path), help="Photo whose hair style to take; twice: between two."
)
@click.option("--mix", default=0.5, type=FiniteNumber(0, 1), help="Of two references: 0 is the first, 1 the second.")
@click.option("--color-like", type=click.Path(path_type=Path), help="Photo whose hair color to take as well.")
@click.option("--color", help="Or a color, as in `hairgan dye`.")
@click.option(
    "--mode",
    type=click.Choice(["layer", "preserve", "seed"]),
    help="layer (default with a hair layout network): new hair over the photo without its old hair. preserve: the hair "
    "of StarGAN v2's rough head. seed: the pipeline as published.",
)
@edit_options
def restyle(
    src: Path,
    domain: str | None,
    seed: int,
    psi: float,
    like: tuple[Path, ...],
    mix: float,
    color_like: Path | None,
    color: str | None,
    mode: str | None,
    blend: str | None,
    **shared: Any,
) -> None:
    """Change the hair style in SRC, a photo, and nothing else.

    The style is drawn from a domain, or taken from a photo. `--video` goes from one reference to the other, or from
    the domain's mean to the style. The result is a PNG beside SRC with SRC's profile and EXIF; pixels other than old
    and new hair keep SRC's values.
    """
    options = EditOptions(**shared)
    if domain is None and not like:
        raise ValueError("give a --domain, or --like, a photo whose hair style to take")
    if options.video and len(like) == 1:
        raise ValueError("a video goes from one reference to another: give --like twice, or a --domain")
    if color_like is not None and color is not None:
        raise ValueError("give --color-like or --color, not both")
    run = edit_run.EditRun("restyled", src, like, (color_like,) if color_like else (), options)
    edit_run.check_color(color)
    color_reference = run.reference(color_like) if color_like else None
    wanted: dict[str, Any] = {
        "domain": domain,
        "color_like": color_reference,
        "color": color,
        "mode": mode,
        "blend": blend,
    }

    def edit(photo: ParsedPhoto, reference: Reference | None) -> Edit:
        return run.salon.restyle(photo, like=reference, seed=seed, psi=psi, **wanted)

    def frames(photo: ParsedPhoto, reference: Reference | None) -> Iterator[Edit]:
        from hairgan.editing.batching import batches
        from hairgan.editing.references import Mix
        from hairgan.editing.video import ease

        shares = ease(edit_run.VIDEO_FRAMES).tolist()
        if isinstance(reference, Mix):
            for some in batches(shares, run.salon.batch_size):
                mixes = [Mix(reference.first, reference.second, share) for share in some]
                yield from run.salon.restyle_all([photo], like=mixes, **wanted)
        else:
            for share in shares:
                yield run.salon.restyle(photo, seed=seed, psi=psi * share, **wanted)

    run.edit(run.references(mix), edit, frames)
    run.close()
