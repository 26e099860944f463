"""Networks that judge other networks' images: a hair classifier and a face parser, from runs or bundles."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from hairgan.data.attribute_targets import COLUMNS
from hairgan.domains import Domains
from hairgan.metrics.pretrained import weights_fingerprint
from hairgan.networks.bisenet import BiSeNet
from hairgan.networks.cbam import HairClassifier
from hairgan.networks.resnet import Network, fold_batch_norm
from hairgan.weights.bundling import collect


@dataclass(frozen=True)
class Judges:
    """Who judges; None where nobody does.

    Attributes:
        classifier: sees hair attributes, and by them domains.
        parser: sees regions.
        sources: where they came from, by name.
    """

    classifier: HairClassifier | None = None
    parser: BiSeNet | None = None
    sources: tuple[tuple[str, str], ...] = ()

    @classmethod
    def load(
        cls,
        classifier: str | Path | None = None,
        parser: str | Path | None = None,
        device: torch.device | str = "cpu",
    ) -> Judges:
        """Read judges from run directories or bundles.

        Raises:
            ValueError: one is neither, or holds no such network.
        """
        given = {"classifier": classifier, "parser": parser}
        return cls(
            None if classifier is None else _network(classifier, HairClassifier, "hair classifier", device),
            None if parser is None else _network(parser, BiSeNet, "face parser", device),
            tuple((name, str(source)) for name, source in given.items() if source is not None),
        )

    def describe(self) -> dict[str, Any]:
        """Where they came from and hashes of their weights, for the record."""
        facts: dict[str, Any] = dict(self.sources)
        for name, network in (("classifier", self.classifier), ("parser", self.parser)):
            if network is not None:
                facts[f"{name}_hash"] = weights_fingerprint(network)
        return facts

    def regions(self, images: Float[Tensor, "b 3 h w"]) -> Int64[Tensor, "b h w"]:
        """The label maps that the parser sees in images in [-1, 1]."""
        assert self.parser is not None
        return self.parser(images.clamp(-1, 1)).argmax(1)


class DomainView:
    """The domains that a hair classifier sees: its answers stand for the attributes that the domains ask for.

    `Bangs`, `hair_length`, `hair_texture`, `hair_color` and `Male` are what the classifier says; the forehead counts as
    covered with bangs and as bare without; nobody wears a hat or is bald.

    Raises:
        ValueError: a domain asks for something that the classifier does not tell.
    """

    def __init__(self, classifier: HairClassifier, domains: Domains) -> None:
        self.classifier, self.domains = classifier, domains
        self._table(dict.fromkeys(classifier.classes, torch.zeros(1, dtype=torch.int64)))

    @torch.no_grad()
    def __call__(self, images: Float[Tensor, "b 3 h w"]) -> Bool[Tensor, "b k"]:
        """Membership of images in [-1, 1]."""
        answers = {head: logits.argmax(1).cpu() for head, logits in self.classifier(images.clamp(-1, 1)).items()}
        return torch.from_numpy(self._table(answers)).to(images.device)

    def _table(self, answers: dict[str, Int64[Tensor, " b"]]) -> Any:
        columns: dict[str, Any] = {}
        for head, classes in answers.items():
            names = self.classifier.classes[head]
            is_flag = COLUMNS[head] in ("Bangs", "Male")
            columns[COLUMNS[head]] = [bool(c) if is_flag else names[c] for c in classes.tolist()]
        columns["forehead_covered"] = [float(bangs) for bangs in columns["Bangs"]]
        columns |= {name: [False] * len(columns["Bangs"]) for name in ("Wearing_Hat", "Bald")}
        try:
            return self.domains.matches(pl.DataFrame(columns))
        except ValueError as error:
            raise ValueError(f"the classifier cannot tell domains: {error}") from error


def _network(source: str | Path, kind: type[Network], what: str, device: torch.device | str) -> Network:
    networks, _ = collect([source])
    for network in networks.values():
        if isinstance(network, kind):
            return fold_batch_norm(network).to(device).eval()
    raise ValueError(f"{source} holds no {what}, but {', '.join(networks)}")
