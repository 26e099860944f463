"""`hairgan app`: the salon in a browser."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hairgan.cli.finite_number import FiniteNumber
from hairgan.cli.shared_options import detector_option, trust_option
from hairgan.extras import how_to_install
from hairgan.weights.shipped import REMARK, SHIPPED

if TYPE_CHECKING:
    from hairgan.photos.faces import FaceFinder


def _credentials(context: click.Context, option: click.Parameter, text: str | None) -> tuple[str, str] | None:
    """A name and a password from `NAME:PASSWORD`."""
    if text is None:
        return None
    name, colon, password = text.partition(":")
    if not (name and colon and password):
        raise ValueError("--auth is NAME:PASSWORD, neither of them empty")
    return name, password


@click.command(context_settings={"show_default": True})
@click.option(
    "--bundle",
    "bundles",
    multiple=True,
    help="Bundle (folder, or OWNER/NAME[@REVISION] on the hub) with networks; several times: the page lets one "
    "choose.  [env var: HAIRGAN_BUNDLE; default: the networks that come with hairgan]",
)
@click.option("--host", default="127.0.0.1", help="Address to serve on; 0.0.0.0 lets every machine in.")
@click.option("--port", type=int, help="Port.  [default: the first free one from 7860 on]")
@click.option("--share", is_flag=True, help="Make a public address through Gradio's servers.")
@click.option(
    "--auth",
    metavar="NAME:PASSWORD",
    envvar="HAIRGAN_APP_AUTH",
    show_envvar=True,
    callback=_credentials,
    help="Ask visitors for this name and password. Others on this machine see arguments of commands: prefer the "
    "variable.",
)
@click.option("--framed", is_flag=True, help="Let pages of other sites show this one in a frame, as a Space does.")
@click.option("--open/--no-open", "open_browser", default=False, help="Open the page in this machine's browser.")
@click.option("--upload-mb", default=30, type=click.IntRange(1, 500), help="Largest upload, in MB.")
@click.option("--megapixels", default=50, type=click.IntRange(1, 89), help="Largest photo, in megapixels.")
@click.option("--waiting", default=32, type=click.IntRange(1, 1000), help="Edits that may wait; more are refused.")
@click.option(
    "--patience", default=300.0, type=FiniteNumber(1, 86_400), help="Seconds after which a waiting edit is dropped."
)
@click.option(
    "--keep", type=click.Path(path_type=Path), help="Folder to keep every result in.  [default: nothing is kept]"
)
@click.option("--device", default="auto", help="Where the networks run: a GPU if there is one; cpu, cuda, cuda:1, ...")
@click.option("--precision", type=click.Choice(["float32", "bfloat16"]), default="float32", help="Of networks.")
@detector_option
@trust_option
def app(
    bundles: tuple[str, ...],
    host: str,
    port: int | None,
    share: bool,
    auth: tuple[str, str] | None,
    framed: bool,
    open_browser: bool,
    upload_mb: int,
    megapixels: int,
    waiting: int,
    patience: float,
    keep: Path | None,
    device: str,
    precision: str,
    detector: FaceFinder | None,
) -> None:
    """Open the salon in a browser: dye and restyle photos on a page.

    The page is reached from this machine only, unless --host or --share says otherwise. Uploads and results are deleted
    when a visitor leaves, and when the command ends.
    """
    if find_spec("gradio") is None:
        raise ValueError(f"the page needs Gradio: {how_to_install('app')}")
    if keep is not None and not keep.is_dir():
        raise ValueError(f"--keep {keep}: there is no such folder")
    if not bundles:
        named = os.environ.get("HAIRGAN_BUNDLE")
        bundles = (named or str(SHIPPED),)
        if not named:
            click.echo(REMARK, err=True)

    from hairgan.app.address import Address
    from hairgan.app.limits import Limits
    from hairgan.app.salons import Salons, bundle_names
    from hairgan.app.server import Server

    address = Address(host, port, share, auth, framed)
    for warning in address.warnings():
        click.echo(f"hairgan: warning: {warning}", err=True)
    limits = Limits(upload_mb=upload_mb, megapixels=megapixels, waiting=waiting, patience=patience)
    finder = {} if detector is None else {"finder": detector}
    salons = Salons(bundle_names(bundles), device=device, precision=precision, **finder)
    server = Server(salons, address, limits, keep)
    try:
        url = server.start()
        click.echo(f"the salon is open at {url} (Ctrl+C closes it)")
        if open_browser:
            click.launch(url)
        server.wait()
    finally:
        server.close()
