"""`hairgan import-official`: make a bundle from the published StarGAN v2, SEAN, BiSeNet and FAN files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


@click.command(context_settings={"show_default": True})
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the bundle.")
@click.option("--bisenet", type=click.Path(path_type=Path), help="79999_iter.pth: finds hair; needed for all editing.")
@click.option("--sean", type=click.Path(path_type=Path), help="*_net_G.pth: paints hair in the style of a reference.")
@click.option("--stargan", type=click.Path(path_type=Path), help="*_nets_ema.ckpt: makes rough heads to restyle.")
@click.option("--fan", type=click.Path(path_type=Path), help="wing.ckpt, where the StarGAN v2 file holds no FAN.")
@click.option("--domains", default="female,male", help="Names of StarGAN v2's domains, in the order of its heads.")
@click.option("--w-hpf", type=float, help="High-pass weight of a StarGAN v2 file that lacks it.")
@click.option("--overwrite", is_flag=True, help="Replace an existing bundle.")
def import_official(
    out: Path,
    bisenet: Path | None,
    sean: Path | None,
    stargan: Path | None,
    fan: Path | None,
    domains: str,
    w_hpf: float | None,
    overwrite: bool,
) -> None:
    """Make a bundle from published weights that you have downloaded.

    Reading a file runs no code: one that holds anything but tensors is refused. The files have their own licenses,
    which the bundle's card repeats; most exclude commercial use.
    """
    from hairgan.weights.bundles import save_bundle
    from hairgan.weights.official_files import LICENSES, import_files

    networks = import_files(stargan=stargan, sean=sean, bisenet=bisenet, fan=fan, w_hpf=w_hpf)
    if not networks:
        raise ValueError("name at least one file to import: --bisenet, --sean, --stargan, --fan")
    names = [name.strip() for name in domains.split(",")] if stargan else []
    heads = networks["mapping_network"].config["num_domains"] if stargan else 0  # type: ignore[index]
    if len(names) != heads:
        raise ValueError(f"the StarGAN v2 file has {heads} domains, --domains names {len(names)}")
    facts: dict[str, Any] = {
        "domains": names,
        "licence": {name: LICENSES[name] for name in networks},
        "training": dict.fromkeys(networks, "as published"),
    }
    card = save_bundle(out, networks, overwrite=overwrite, **facts)
    for name, part in card["parts"].items():
        click.echo(f"{name:<18}{part['parameters']:>12,} parameters")
    click.echo(f"wrote {out}" + ("" if "parser" in networks else "; it cannot edit photos without a face parser"))
