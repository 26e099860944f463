"""Model cards of bundles: the README.md that the Hugging Face hub shows, with its front matter.

Everything in it comes from the bundle's card, and the licenses that a push states.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from hairgan.weights.cards import dataset_of, fact_of
from hairgan.weights.files import shorten

README = "README.md"
PICTURES = "pictures"
"""Folder of a bundle with pictures for its model card."""

OURS = "<!-- Written by `hairgan push`, and again by the next one. Delete this line to keep your own text. -->"

NOT_STATED = "not stated"
"""The license of a run's networks in a card begins with this, where none was given."""

LICENSES = (
    "apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "gpl-3.0", "lgpl-3.0", "agpl-3.0", "mpl-2.0", "unlicense",
    "openrail", "creativeml-openrail-m", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nd-4.0", "cc-by-nc-4.0",
    "cc-by-nc-sa-4.0", "cc-by-nc-nd-4.0",
)  # fmt: skip
"""Licenses by the names that the hub has for them, those of which a model card is likely to name one."""

DATA = {
    # kind of source of a packed dataset -> its name, and its license
    "portraits": ("hairgan-portraits", "MIT: people drawn by hairgan"),
    "celebamask_hq": ("CelebAMask-HQ", "non-commercial research and educational purposes only"),
}

TASKS = {
    # part -> what the hub calls its task; the first that a bundle has is shown
    "sean": "image-to-image",
    "stargan_generator": "image-to-image",
    "parser": "image-segmentation",
    "classifier": "image-classification",
    "hair_layout": "image-segmentation",
}
TAGS = {
    "parser": "face-parsing",
    "sean": "sean",
    "stargan_generator": "stargan-v2",
    "classifier": "hair-classification",
    "hair_layout": "hair-layout",
}


def with_licenses(card: Mapping[str, Any], license: str | None, data_license: str | None) -> dict[str, Any]:
    """A card in which every part has a license, and the data that it was trained on too.

    Args:
        license: of the parts without one.
        data_license: of the data without one.

    Raises:
        ValueError: a license is missing, or is given although all are stated.
    """
    parts = list(card["parts"])
    of_parts = {part: _text(fact_of(card, "licence", part)) for part in parts}
    of_data = {part: _data_license(card, part) for part in parts}
    filled = {}
    for what, option, given, stated in (
        ("license", "--license NAME", license, of_parts),
        ("license of the training data", "--data-license TEXT", data_license, of_data),
    ):
        missing = [part for part in parts if stated[part] is None]
        if missing and not given:
            why = "; ".join(dict.fromkeys(origin for part in missing for origin in _non_commercial_origins(card, part)))
            raise ValueError(
                f"the {what} of {', '.join(missing)} is not stated in the card, and nothing is pushed without it: "
                + option
                + (f", e.g. cc-by-nc-4.0, because it is not for commercial use ({why})" if why else "")
            )
        if given and not missing:
            raise ValueError(
                f"the {what} of every part is stated already, so {option.split()[0]} changes nothing: "
                + ", ".join(f"{part}: {shorten(stated[part], 60)}" for part in parts)
            )
        filled[what] = {part: stated[part] or given for part in parts}
    for part, stated_now in filled["license"].items():
        name, origins = hub_license(str(stated_now)), _non_commercial_origins(card, part)
        if name is not None and "-nc" not in name and origins:
            raise ValueError(
                f"the license of {part} is {name}, which allows commercial use, but what it was made from does not "
                f"({'; '.join(origins)}): state another, e.g. cc-by-nc-4.0, or say in words what applies"
            )
    return {**card, "licence": filled["license"], "data_licence": filled["license of the training data"]}


def _non_commercial_origins(card: Mapping[str, Any], part: str) -> list[str]:
    """The data and the weights that a part was made from, and that are not for commercial use, in words."""
    training = fact_of(card, "training", part)
    data = _data_name(card, part)
    found = {"its data" + (f", {data}" if data else ""): _data_license(card, part)}
    sources = training.get("init") if isinstance(training, Mapping) else None
    for source in sources if isinstance(sources, list) else []:
        licenses = source.get("licence") if isinstance(source, Mapping) else None
        for text in licenses.values() if isinstance(licenses, Mapping) else ():
            found[f"weights under {shorten(text, 80)}"] = str(text)
    other = training.get("averaged_with") if isinstance(training, Mapping) else None
    if isinstance(other, Mapping) and other.get("licence"):
        found[f"weights under {shorten(str(other['licence']), 80)}"] = str(other["licence"])
    return [origin for origin, license in found.items() if _is_non_commercial(license or "")]


def _data_license(card: Mapping[str, Any], part: str) -> str | None:
    """The license of the data that a part was trained on; None where the card does not tell."""
    stated, training = _text(fact_of(card, "data_licence", part)), fact_of(card, "training", part)
    if stated is None and isinstance(training, str):  # e.g. `as published`: the license of the part speaks of the data
        return training
    kind = _kind(card, part)
    return stated or (DATA[kind][1] if kind in DATA else None)


def _data_name(card: Mapping[str, Any], part: str) -> str | None:
    """The name of the data that a part was trained on; None where the card does not tell."""
    kind = _kind(card, part)
    return DATA[kind][0] if kind in DATA else kind.replace("_", " ") or None


def _kind(card: Mapping[str, Any], part: str) -> str:
    """The kind of data that a part was trained on, as packed datasets name it; empty where the card does not tell."""
    training = fact_of(card, "training", part)
    kind = str(dataset_of(training).get("source") or "") if isinstance(training, Mapping) else ""
    return "portraits" if kind.startswith("portraits") else kind


def _text(value: Any) -> str | None:
    return None if value is None or str(value).startswith(NOT_STATED) else str(value)


def hub_license(text: str) -> str | None:
    """The hub's name of the license that a text begins with, e.g. `cc-by-nc-4.0` of `CC BY-NC 4.0 (...)`."""
    words = re.sub(r"\s+", "-", text.strip().lower())
    found = [name for name in LICENSES if re.match(rf"{re.escape(name)}(?![\w.])", words)]
    return max(found, key=len, default=None)


def is_ours(file: Path) -> bool:
    """Whether a model card was written here, and not changed by the user since they said so."""
    return OURS in file.read_text(encoding="utf-8", errors="replace")


def model_card(card: Mapping[str, Any], repository: str, pictures: Sequence[str] = ()) -> str:
    """The README.md of a bundle.

    Args:
        card: of the bundle, with all licenses (`with_licenses`).
        repository: `owner/name`.
        pictures: paths in the repository.
    """
    front = yaml.safe_dump(front_matter(card, repository), sort_keys=False, allow_unicode=True)
    sections = [f"---\n{front}---", OURS, f"# {repository.partition('/')[2]}", _what(card, repository)]
    sections += [f"![{Path(picture).stem.replace('_', ' ')}]({picture})" for picture in pictures]
    sections += ["## Use", _use(card, repository), "## Parts and licenses", _parts(card)]
    sections += ["## Training", _training(card)]
    metrics = _metrics(card)
    sections += ["## Metrics", metrics] if metrics else []
    return "\n\n".join(sections) + "\n"


def front_matter(card: Mapping[str, Any], repository: str) -> dict[str, Any]:
    """What the hub reads: license, library, tags, task, datasets and metrics."""
    parts = list(card["parts"])
    licenses = {hub_license(fact_of(card, "licence", part)) for part in parts}
    one = next(iter(licenses)) if len(licenses) == 1 else None
    data = [name for part in parts if (name := _data_name(card, part)) is not None]
    results = {part: main_metrics(card, part) for part in parts}
    front: dict[str, Any] = {"license": one or "other"}
    front |= {} if one else {"license_name": "licenses-of-the-parts", "license_link": README}
    front |= {"library_name": "hairgan", "tags": ["hair", "face", *(TAGS[part] for part in TAGS if part in parts)]}
    front |= next(({"pipeline_tag": task} for part, task in TASKS.items() if part in parts), {})
    front |= {"datasets": list(dict.fromkeys(data))} if data else {}
    measured = sorted({name for found in results.values() for name in found})
    front |= {"metrics": measured} if measured else {}
    index = [
        {
            "task": {"type": TASKS.get(part, "image-to-image"), "name": part},
            "dataset": dict.fromkeys(("type", "name"), _data_name(card, part) or "unknown") | {"split": "validation"},
            "metrics": [{"type": name, "value": value} for name, value in found.items()],
        }
        for part, found in results.items()
        if found
    ]
    return front | ({"model-index": [{"name": repository.partition("/")[2], "results": index}]} if index else {})


def main_metrics(card: Mapping[str, Any], part: str) -> dict[str, float]:
    """The values of a part's last validation, without those of single regions or attributes."""
    training = fact_of(card, "training", part)
    found = training.get("metrics") if isinstance(training, Mapping) else None
    values = found if isinstance(found, Mapping) else {}
    names = {name: str(name).partition("/")[2] for name in values}
    return {
        names[name]: float(value)
        for name, value in values.items()
        if isinstance(value, (int, float)) and names[name] and "/" not in names[name]
    }


def _what(card: Mapping[str, Any], repository: str) -> str:
    domains = card.get("domains") or ()
    text = "Networks that edit hair in photos, as a bundle of hairgan: "
    text += "safetensors files, and a card (`card.yaml`) with their SHA-256."
    if domains:
        text += f" Hair domains: {', '.join(domains)}."
    if any(_is_non_commercial(str(fact_of(card, "licence", part))) for part in card["parts"]):
        text += " **Some parts must not be used commercially** (see their licenses below)."
    return text


def _use(card: Mapping[str, Any], repository: str) -> str:
    parts = card["parts"]
    if "parser" not in parts:
        return f"    from hairgan.weights import load_bundle\n\n    networks = load_bundle({repository!r}).networks"
    command = f"hairgan dye me.jpg --color auburn --bundle {repository}"
    text = f"With hairgan and its extra `hub` installed:\n\n    {command}\n\n"
    return f"{text}In Python: `Salon.from_pretrained({repository!r})`."


def _parts(card: Mapping[str, Any]) -> str:
    rows = ["| part | network | parameters | license |", "|---|---|---|---|"]
    for name, part in card["parts"].items():
        network = part["class"].replace(":", ".").rpartition(".")[2]
        parameters = f"{part['parameters']:,}" if "parameters" in part else ""
        rows.append(f"| {name} | {network} | {parameters} | {_cell(fact_of(card, 'licence', name))} |")
    return "\n".join(rows)


def _training(card: Mapping[str, Any]) -> str:
    rows = ["| part | data | license of the data | images | size | steps | started from |", f"|{'---|' * 7}"]
    for name in card["parts"]:
        training = fact_of(card, "training", name)
        facts = training if isinstance(training, Mapping) else {}
        dataset = dataset_of(facts)
        counts = dataset.get("counts")
        train = counts.get("train") if isinstance(counts, Mapping) else None
        images = train.get("all", "") if isinstance(train, Mapping) else ""
        size = f"{dataset['size']} px" if dataset.get("size") else ""
        known = training if isinstance(training, str) else "not named"
        cells = [name, _data_name(card, name) or known, fact_of(card, "data_licence", name), images, size]
        started = [each.get("path") for each in facts.get("init") or () if isinstance(each, Mapping)]
        cells += [facts.get("step", ""), ", ".join(map(str, started)) or "nothing"]
        rows.append(f"| {' | '.join(map(_cell, cells))} |")
    return "\n".join(rows)


def _metrics(card: Mapping[str, Any]) -> str:
    rows = [
        f"| {part} | {name} | {value:.4g} |"
        for part in card["parts"]
        for name, value in main_metrics(card, part).items()
    ]
    if not rows:
        return ""
    return "\n".join(["Of the last validation, on images that were not trained on.", "", "| part | metric | value |",
                      "|---|---|---|", *rows])  # fmt: skip


def _cell(value: Any) -> str:
    """A value in a cell of a table, on one line and without markup of its own."""
    return shorten(" ".join(str(value).split()), 200).replace("|", "/").replace("<", "&lt;")


def _is_non_commercial(license: str) -> bool:
    return bool(re.search(r"\bnc\b|non-?commercial", license, re.IGNORECASE))
