"""The options that `hairgan dye` and `hairgan restyle` share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hairgan.cli.shared_options import bundle_option, detector_option, trust_option

if TYPE_CHECKING:
    from hairgan.photos.faces import FaceFinder


@dataclass(frozen=True)
class EditOptions:
    """Values of the shared options."""

    bundle: str
    out: Path | None
    quality: int | None
    overwrite: bool
    batch: bool
    compare: bool
    video: bool
    aligned: bool
    device: str
    precision: str
    detector: FaceFinder | None
    as_json: bool


def edit_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the shared options, and `--blend`, to a command."""
    shared = (
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
        click.option("--video", is_flag=True, help="Write an MP4 from before to after as well."),
        click.option("--blend", type=click.Choice(["alpha", "poisson", "none"]), help="How the seam is hidden."),
        click.option("--aligned", is_flag=True, help="The photos are CelebA-HQ crops already: look for no faces."),
        click.option(
            "--device", default="auto", help="Where the networks run: a GPU if there is one; cpu, cuda, cuda:1, ..."
        ),
        click.option("--precision", type=click.Choice(["float32", "bfloat16"]), default="float32", help="Of networks."),
        detector_option,
        trust_option,
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object per photo, for programs."),
    )
    for option in reversed(shared):
        command = option(command)
    return command
