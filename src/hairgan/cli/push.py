"""`hairgan push`: a bundle to the Hugging Face hub, with a model card."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(context_settings={"show_default": True})
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("name", metavar="OWNER/NAME")
@click.option("--private", is_flag=True, help="Only you and your organization see it; for a new repository.")
@click.option("--message", help="Of the commit.  [default: hairgan bundle]")
@click.option(
    "--license",
    metavar="NAME",
    help="License of the parts whose card states none: mit, cc-by-nc-4.0, ... as the hub names it, or other words.",
)
@click.option(
    "--data-license",
    metavar="TEXT",
    help="License of the data they were trained on, where it is not known.",
)
@click.option(
    "--picture",
    "pictures",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Picture for the model card; may be repeated.",
)
def push(
    bundle: Path,
    name: str,
    private: bool,
    message: str | None,
    license: str | None,
    data_license: str | None,
    pictures: tuple[Path, ...],
) -> None:
    """Push BUNDLE, a folder, to OWNER/NAME on the Hugging Face hub, with a model card.

    The repository is made if there is none. The model card (README.md) is written beside the bundle's card, from what
    that says. Every part's license must be stated, and that of the data it was trained on: what was made from weights
    or data for non-commercial use keeps that condition. It needs a token of the hub: `hf auth login`, or HF_TOKEN.
    """
    from hairgan.weights.hub import push as push_bundle

    pushed = push_bundle(
        bundle, name, private=private, message=message, license=license, data_license=data_license, pictures=pictures
    )
    click.echo(f"pushed {pushed}\nto use it: hairgan dye ME.jpg --color auburn --bundle {name}")
