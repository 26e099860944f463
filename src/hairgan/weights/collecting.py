"""Collect the networks of runs and other bundles for one bundle."""

from __future__ import annotations

import contextlib
import csv
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from hairgan.weights.bundles import load_bundle
from hairgan.weights.cards import FACTS, PARTS, dataset_of, fact_of
from hairgan.weights.hub import is_bundle
from hairgan.weights.mean_styles import file_name, load_mean_styles
from hairgan.weights.model_cards import NOT_STATED
from hairgan.weights.runs import networks_from_run, read_record
from hairgan.weights.shipped import named_source
from hairgan.weights.trusted import is_own

PARTS_OF_MODELS: dict[str, dict[str, str]] = {
    # the same for a user's own networks: the module that trained them -> name in its config -> name in a bundle
    "StarGANv2Module": {
        "generator": "stargan_generator", "mapping_network": "mapping_network", "style_encoder": "style_encoder",
    },
    "SEANModule": {"generator": "sean"},
    "FaceParserModule": {"parser": "parser"},
    "HairClassifierModule": {"classifier": "classifier"},
    "HairLayoutModule": {"hair_layout": "hair_layout"},
}  # fmt: skip


def collect(
    sources: Sequence[Path | str], checkpoint: str = "last", license: str | None = None
) -> tuple[dict[str, nn.Module], dict[str, Any]]:
    """The networks of runs and bundles by part name, and the facts about them for the card.

    Args:
        sources: run directories and bundles, also on the hub.
        checkpoint: of the runs: `last`, `best` or a path.
        license: of the networks that come from runs.

    Returns:
        the networks, and the facts: `domains`, and `licence`, `data_licence` and `training` by part.

    Raises:
        ValueError: a source is neither a run nor a bundle, two hold the same part, or two have different domains.
    """
    networks: dict[str, nn.Module] = {}
    facts: dict[str, Any] = {"domains": [], "licence": {}, "data_licence": {}, "training": {}}
    for source in sources:
        if is_bundle(source):
            bundle = load_bundle(source)
            found, card = bundle.networks, bundle.card
        else:
            found, card = _of_run(source, checkpoint, license)
        twice = sorted(set(found) & set(networks))
        if twice:
            raise ValueError(f"{source} holds {', '.join(twice)}, which another source also holds")
        domains = list(card.get("domains", ()))
        if domains and facts["domains"] not in ([], domains):
            raise ValueError(f"{source} has the domains {', '.join(domains)}, not {', '.join(facts['domains'])}")
        networks |= found
        facts["domains"] = facts["domains"] or domains
        for fact in FACTS:
            said = {name: fact_of(card, fact, name) for name in found}
            facts[fact] |= {name: value for name, value in said.items() if value is not None}
    return networks, {name: value for name, value in facts.items() if name != "data_licence" or value}


def complete_with(
    networks: Mapping[str, nn.Module], facts: Mapping[str, Any], source: Path | str
) -> tuple[dict[str, nn.Module], dict[str, Any]]:
    """Networks, and those of another source whose parts they do not have; with the facts about all of them.

    Args:
        networks: by part name, as `collect` returns them.
        facts: about them.
        source: a run directory or a bundle, also on the hub; "shipped" is the one that comes with hairgan.

    Raises:
        ValueError: as in `collect`; the source has no other part, or other domains.
    """
    others, about = collect([named_source(source)])
    added = {name: network for name, network in others.items() if name not in networks}
    if not added:
        raise ValueError(f"{source} has no other part than {', '.join(networks)}: there is nothing to complete")
    domains = list(about["domains"])
    if domains and facts["domains"] not in ([], domains):
        raise ValueError(f"{source} has the domains {', '.join(domains)}, not {', '.join(facts['domains'])}")
    both = {**about, **facts, "domains": facts["domains"] or domains}
    for fact in FACTS:
        rest = {name: value for name, value in about.get(fact, {}).items() if name in added}
        if rest or facts.get(fact):
            both[fact] = {**facts.get(fact, {}), **rest}
    return {**networks, **added}, both


def _of_run(run: Path | str, checkpoint: str, license: str | None) -> tuple[dict[str, nn.Module], dict[str, Any]]:
    networks, what = networks_from_run(run, checkpoint)
    beside = what["checkpoint"].parent / file_name(what["step"])
    if beside.is_file():
        networks["mean_styles"] = load_mean_styles(beside)
    config = what["config"]
    parts: dict[str, nn.Module] = {}
    for name, network in networks.items():
        part = _part_name(name, network, config)
        if part in parts:
            raise ValueError(f"{run} holds two networks that would be the part '{part}' of a bundle")
        if part is not None:
            parts[part] = network
    if not parts:
        raise ValueError(f"{run} holds no network that belongs in a bundle")
    record = read_record(run)
    git = record.get("git")
    training = {
        "run": Path(os.path.realpath(run)).name,
        "model": config.get("name"),
        "step": what["step"],
        "seed": config.get("seed"),
        "dataset": _known(dataset_of(record), ("source", "fingerprint", "size", "counts")),
        "revision": git.get("revision") if isinstance(git, Mapping) else None,
        "metrics": last_metrics(Path(run)),
    }
    if started_from := _started_from(record):
        training["init"] = started_from
        inherited = dict.fromkeys(text for source in started_from for text in source.get("licence", {}).values())
        if inherited and license is None:
            license = f"not stated; the training started from weights under: {'; '.join(inherited)}"
    has_domains = "stargan_generator" in parts and config.get("domain_names")
    return parts, {
        "domains": list(config["domain_names"]) if has_domains else [],
        "licence": dict.fromkeys(parts, license or NOT_STATED),
        "training": dict.fromkeys(parts, training),
    }


def _started_from(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The sources of the weights that a run started from, without the folders of the machine that it ran on."""
    init = record.get("init")
    sources = init.get("sources") if isinstance(init, Mapping) else None
    found = []
    for source in sources if isinstance(sources, list) else []:
        if isinstance(source, Mapping):
            path = Path(str(source.get("path")))
            name = f"{path.parent.parent.name}/{path.name}" if source.get("kind") == "run" else path.name
            name = name if path.is_absolute() else str(path)  # a name on the hub
            found.append({**source, "path": name})
    return found


def _part_name(name: str, network: nn.Module, config: Mapping[str, Any]) -> str | None:
    """The part name of a run's network; None for a network that bundles do not hold."""
    target = f"{type(network).__module__}.{type(network).__qualname__}"
    if is_own(target):  # bundles hold no discriminators
        return next((part for part, known in PARTS.items() if known == target), None)
    model = str(config["model"].get("_target_", "")).rpartition(".")[2]
    return PARTS_OF_MODELS.get(model, {}).get(name)


def last_metrics(run: Path) -> dict[str, float]:
    """The last value of every validation or test metric in a run's `metrics.csv`; non-numbers are left out."""
    file = run / "metrics.csv"
    if not file.is_file():
        return {}
    found: dict[str, float] = {}
    with file.open(newline="", encoding="utf-8", errors="replace") as stream:
        rows = csv.DictReader(line.replace("\0", "") for line in stream)
        with contextlib.suppress(csv.Error):  # damaged: the rows before the damage are used
            for row in rows:
                for name, value in row.items():
                    number = _number(value)
                    if number is not None and str(name).startswith(("val/", "test/")):
                        found[name] = number
    return found


def _number(text: Any) -> float | None:
    try:
        value = float(text)
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None


def _known(facts: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: facts[name] for name in names if name in facts}
