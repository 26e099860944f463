"""Collect: the networks of runs and of other bundles, for one bundle."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from torch import nn

from hairgan.networks.bisenet import BiSeNet
from hairgan.networks.cbam import HairClassifier
from hairgan.networks.mean_styles import MeanStyles, file_name, load_mean_styles
from hairgan.networks.sean import SEANGenerator
from hairgan.networks.stargan import Generator, MappingNetwork, StyleEncoder
from hairgan.weights.cards import CARD, load_bundle
from hairgan.weights.runs import networks_from_run

PART_NAMES: dict[type[nn.Module], str] = {
    # what is worth keeping of a run, by the name it has in a bundle; discriminators stay behind
    BiSeNet: "parser",
    SEANGenerator: "sean",
    MeanStyles: "mean_styles",
    Generator: "stargan_generator",
    MappingNetwork: "mapping_network",
    StyleEncoder: "style_encoder",
    HairClassifier: "classifier",
}


def collect(
    sources: Sequence[Path | str], checkpoint: str = "last", licence: str | None = None
) -> tuple[dict[str, nn.Module], dict[str, Any]]:
    """The networks of runs and bundles by part name, and the facts about them for the card.

    Args:
        sources: run directories and bundles.
        checkpoint: of the runs: `last`, `best` or a path.
        licence: of the networks that come from runs.

    Returns:
        networks, and `domains`, `licence` and `training`, the latter two by part.

    Raises:
        ValueError: a source is neither, two hold the same part, or two name different domains.
    """
    networks: dict[str, nn.Module] = {}
    facts: dict[str, Any] = {"domains": [], "licence": {}, "training": {}}
    for source in sources:
        if (Path(source) / CARD).is_file():
            bundle = load_bundle(source)
            found, card = bundle.networks, bundle.card
        else:
            found, card = _of_run(source, checkpoint, licence)
        twice = sorted(set(found) & set(networks))
        if twice:
            raise ValueError(f"{source} holds {', '.join(twice)}, which another source holds already")
        domains = list(card.get("domains", ()))
        if domains and facts["domains"] not in ([], domains):
            raise ValueError(f"{source} has the domains {', '.join(domains)}, not {', '.join(facts['domains'])}")
        networks |= found
        facts["domains"] = facts["domains"] or domains
        for fact in ("licence", "training"):
            facts[fact] |= {name: card[fact][name] for name in found if name in card.get(fact, {})}
    return networks, facts


def _of_run(run: Path | str, checkpoint: str, licence: str | None) -> tuple[dict[str, nn.Module], dict[str, Any]]:
    networks, what = networks_from_run(run, checkpoint)
    beside = what["checkpoint"].parent / file_name(what["step"])
    if beside.is_file():
        networks["mean_styles"] = load_mean_styles(beside)
    parts = {PART_NAMES[type(network)]: network for network in networks.values() if type(network) in PART_NAMES}
    if not parts:
        raise ValueError(f"{run} holds no network that belongs into a bundle")
    config = what["config"]
    record = Path(run) / "run.yaml"
    last = (yaml.safe_load(record.read_text()) or [{}])[-1] if record.is_file() else {}
    training = {
        "run": Path(run).resolve().name,
        "model": config.get("name"),
        "step": what["step"],
        "seed": config.get("seed"),
        "dataset": _known(last.get("dataset", {}), ("fingerprint", "size", "counts")),
        "revision": last.get("git", {}).get("revision"),
        "metrics": last_metrics(Path(run)),
    }
    has_domains = "stargan_generator" in parts and config.get("domain_names")
    return parts, {
        "domains": list(config["domain_names"]) if has_domains else [],
        "licence": dict.fromkeys(parts, licence or "not stated"),
        "training": dict.fromkeys(parts, training),
    }


def last_metrics(run: Path) -> dict[str, float]:
    """The last value of every validation or test metric in a run's `metrics.csv`."""
    file = run / "metrics.csv"
    if not file.is_file():
        return {}
    with file.open(newline="") as stream:
        return {
            name: float(value)
            for row in csv.DictReader(stream)
            for name, value in row.items()
            if name.startswith(("val/", "test/")) and value
        }


def _known(facts: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: facts[name] for name in names if name in facts}
