"""Networks that judge the images of other networks: hair classifier, face parser, face embedder."""

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
from hairgan.metrics.identity import FaceEmbedder
from hairgan.photos.classifier import HairAttributeClassifier
from hairgan.photos.parser import FaceParser
from hairgan.weights.files import sha256, weights_fingerprint


@dataclass(frozen=True)
class Judges:
    """The judges; None for those that are not given.

    Attributes:
        classifier: recognizes hair attributes, and from them domains.
        parser: recognizes regions.
        embedder: recognizes whose face it is.
    """

    classifier: HairAttributeClassifier | None = None
    parser: FaceParser | None = None
    embedder: FaceEmbedder | None = None

    @classmethod
    def load(
        cls,
        classifier: str | Path | None = None,
        parser: str | Path | None = None,
        embedder: str | Path | None = None,
        device: torch.device | str = "cpu",
    ) -> Judges:
        """Read judges.

        Args:
            classifier, parser: run directories or bundles.
            embedder: ONNX file.

        Raises:
            ValueError: as `hairgan.weights.sources.load_network` and `FaceEmbedder`.
        """
        return cls(
            None if classifier is None else HairAttributeClassifier.load(classifier, device=device),
            None if parser is None else FaceParser.load(parser, device=device),
            None if embedder is None else FaceEmbedder(embedder),
        )

    @property
    def names(self) -> list[str]:
        """Names of the judges that are given."""
        return [name for name in ("classifier", "parser", "embedder") if getattr(self, name) is not None]

    def describe(self) -> dict[str, Any]:
        """Their sources, input sizes and hashes of their weights, for the results."""
        facts: dict[str, Any] = {}
        for name, judge in (("classifier", self.classifier), ("parser", self.parser)):
            if judge is not None:
                facts |= {name: judge.source, f"{name}_size": judge.size}
                facts[f"{name}_hash"] = weights_fingerprint(judge.network)
        if self.embedder is not None:
            facts |= {"embedder": str(self.embedder.path), "embedder_hash": sha256(self.embedder.path)[:16]}
        return facts

    def regions(self, images: Float[Tensor, "b 3 h w"]) -> Int64[Tensor, "b h w"]:
        """The label maps that the parser sees in images in [-1, 1], at the images' size."""
        assert self.parser is not None
        return self.parser.label_maps(images)


class DomainClassifier:
    """The domains that a hair classifier sees: its answers replace the attributes in the domains' queries.

    `Bangs`, `hair_length`, `hair_texture`, `hair_color` and `Male` are the classifier's answers; the forehead counts as
    covered with bangs and as bare without them; nobody counts as bald or as wearing a hat.

    Raises:
        ValueError: a domain's query uses an attribute that the classifier does not answer.
    """

    def __init__(self, classifier: HairAttributeClassifier, domains: Domains) -> None:
        self.classifier, self.domains, self.classes = classifier, domains, classifier.classes
        self._table(dict.fromkeys(self.classes, torch.zeros(1, dtype=torch.int64)))

    def __call__(self, images: Float[Tensor, "b 3 h w"]) -> Bool[Tensor, "b k"]:
        """Membership of images in [-1, 1]."""
        answers = {head: logits.argmax(1).cpu() for head, logits in self.classifier.logits(images).items()}
        return torch.from_numpy(self._table(answers)).to(images.device)

    def _table(self, answers: dict[str, Int64[Tensor, " b"]]) -> Any:
        columns: dict[str, Any] = {}
        for head, classes in answers.items():
            names = self.classes[head]
            is_flag = COLUMNS[head] in ("Bangs", "Male")
            columns[COLUMNS[head]] = [bool(c) if is_flag else names[c] for c in classes.tolist()]
        columns["forehead_covered"] = [float(bangs) for bangs in columns["Bangs"]]
        columns |= {name: [False] * len(columns["Bangs"]) for name in ("Wearing_Hat", "Bald")}
        try:
            return self.domains.matches(pl.DataFrame(columns))
        except ValueError as error:
            raise ValueError(f"the classifier cannot recognize the domains: {error}") from error
