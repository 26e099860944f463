"""`hairgan restyle`: hair of another shape."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hairgan.cli import salon

if TYPE_CHECKING:
    from hairgan.editing.edit import Edit
    from hairgan.editing.salon import Reference
    from hairgan.editing.subject import Subject


@click.command(context_settings={"show_default": True})
@click.argument("src", type=click.Path(path_type=Path))
@click.option("--domain", help="Hair domain to go to, e.g. bob; with --like: as which domain the reference is read.")
@click.option("--seed", default=0, help="Which style of the domain.")
@click.option("--psi", default=1.0, help="Truncation: 1 for the style as drawn, 0 for the domain's mean.")
@click.option(
    "--like", multiple=True, type=click.Path(path_type=Path), help="Photo whose hair style to take; twice: between two."
)
@click.option("--mix", default=0.5, help="Between two references: 0 is the first, 1 the second.")
@click.option("--color-like", type=click.Path(path_type=Path), help="Photo whose hair colour to take as well.")
@click.option("--color", help="Or a colour, as in `hairgan dye`.")
@click.option(
    "--mode", default="preserve", type=click.Choice(["preserve", "seed"]), help="seed: the pipeline as published."
)
@salon.options
def restyle(
    src: Path,
    domain: str | None,
    seed: int,
    psi: float,
    like: tuple[Path, ...],
    mix: float,
    color_like: Path | None,
    color: str | None,
    mode: str,
    blend: str | None,
    **how: Any,
) -> None:
    """Change the hair style in SRC, a photo, and nothing else.

    The style is drawn from a domain, or taken from a photo. `--video` goes between two references, or from the
    domain's mean to the style. The result is a PNG beside SRC, whose other pixels are SRC's own.
    """
    if domain is None and not like:
        raise ValueError("say which domain the hair is to go to (--domain), or what it is to be like (--like)")
    if how["video"] and len(like) == 1:
        raise ValueError("a video goes between two references: give --like twice, or a --domain")
    run = salon.Run("restyled", **how)
    hue = run.references((color_like,), 0.5)[0][1] if color_like else None
    wanted: dict[str, Any] = {"domain": domain, "color_like": hue, "color": color, "mode": mode, "blend": blend}

    def edits(subjects: list[Subject], reference: Reference | None) -> list[Edit]:
        return run.salon.restyle_all(subjects, like=reference, seed=seed, psi=psi, **wanted)

    def frames(subject: Subject, reference: Reference | None) -> list[Edit]:
        from hairgan.editing.salon import Mix
        from hairgan.editing.showing import ease

        shares = ease(salon.VIDEO_FRAMES).tolist()
        if isinstance(reference, Mix):
            between = [Mix(reference.first, reference.second, share) for share in shares]
            return run.salon.restyle_all([subject], like=between, **wanted)
        return [run.salon.restyle_all([subject], seed=seed, psi=psi * share, **wanted)[0] for share in shares]

    run.edit(src, run.references(like, mix), edits, frames)
    run.close()
