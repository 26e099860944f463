"""Load one network from a run directory, a bundle, the bundle that ships with hairgan, or a published file."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from hairgan.weights.bundles import load_bundle
from hairgan.weights.cards import CARD
from hairgan.weights.collecting import collect
from hairgan.weights.official_files import import_files
from hairgan.weights.runs import CONFIG
from hairgan.weights.shipped import SHIPPED


def load_network(part: str, source: Path | str | None = None, checkpoint: str = "last") -> nn.Module:
    """Load the network of a part from a source.

    Args:
        part: one of `hairgan.weights.cards.PARTS`, e.g. `"parser"`.
        source: a run directory, a bundle (a folder, or `owner/name[@revision]` on the Hugging Face hub), or the
            published file of a face parser (`79999_iter.pth`). None takes the bundle that ships with hairgan.
        checkpoint: of a run: `last`, `best` or a path.

    Returns:
        the network in evaluation mode, on the CPU.

    Raises:
        ValueError: the source is none of these, is damaged, or holds no such part.
    """
    source = SHIPPED if source is None else source
    folder = Path(source)
    if folder.is_file():
        if part != "parser":
            raise ValueError(f"{source} is a file: a {part} is read from a run directory or a bundle")
        return import_files(bisenet=folder)[part]
    if folder.is_dir() and not (folder / CARD).is_file():
        if not (folder / CONFIG).is_file():
            raise ValueError(f"{source} is not a bundle or a run directory: it has neither {CARD} nor {CONFIG}")
        networks, _ = collect([folder], checkpoint)
        names = list(networks)
    else:
        bundle = load_bundle(source, [part])
        networks, names = bundle.networks, list(bundle.card["parts"])
    if part not in networks:
        raise ValueError(f"{source} has no part '{part}'; it has {', '.join(names)}")
    return networks[part]
