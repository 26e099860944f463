"""`hairgan export`: write the networks of a bundle as ONNX files."""

from __future__ import annotations

from pathlib import Path

import click

from hairgan.cli.shared_options import trust_option


@click.command(context_settings={"show_default": True})
@click.argument("bundle")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the files.")
@click.option("--part", "parts", multiple=True, help="Only this part; may be given several times.  [default: all]")
@click.option("--overwrite", is_flag=True, help="Replace existing files.")
@trust_option
def export(bundle: str, out: Path, parts: tuple[str, ...], overwrite: bool) -> None:
    """Write the networks of BUNDLE, a folder or OWNER/NAME[@REVISION] on the hub, as ONNX files.

    Each file is compared with its network before it is kept. Files take any batch size, and the parser images of any
    size. SEAN becomes two files, its style encoder and its generator, which computes all pixels and is slower than in
    PyTorch on a CPU.
    """
    from hairgan.photos.places import check_folder, check_free

    check_folder(out)

    from hairgan.weights.bundles import load_bundle
    from hairgan.weights.exporting import export_bundle, recipes

    networks = load_bundle(bundle, parts or None).networks
    if missing := sorted(set(parts) - set(networks)):
        raise ValueError(f"{bundle} has no part {', '.join(missing)}")
    for part, network in networks.items():
        for name in recipes(part, network, batch=2):
            check_free(out / f"{name}.onnx", overwrite=overwrite)
    results = export_bundle(networks, out)
    for name, result in results.items():
        text = result if isinstance(result, str) else f"wrote {out / name}.onnx, largest difference {result:.1e}"
        click.echo(f"{name:<18}{text}")
    if any(isinstance(result, str) for result in results.values()):
        raise SystemExit(1)
