"""StarGAN v2: FID, diversity, domain accuracy and identity of every ordered pair of domains.

The published protocol (Choi et al. 2020, section 4): ten outputs for every validation image of the source domain, made
from latent codes or from reference images of the target; FID against all training images of the target; LPIPS between
the ten outputs. The results are the same, but less is computed: a source is encoded once for its ten outputs, a
reference once per target; ten outputs go through LPIPS once each instead of in 45 pairs; real statistics are computed
once per target; and no image is written to disk.

Where an image can belong to several domains, the sources of a pair are the validation images that are in the source
domain and not already in the target. What an image becomes in a target domain does not depend on which of its domains
is called the source, so its outputs are made once and counted for every pair. With exclusive domains both rules lead to
the published pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from numpy import ndarray
from torch import Tensor
from tqdm import tqdm

from hairgan.data.packed_dataset import PackedDataset
from hairgan.data.requirements import ImagesOfEachDomain, ImagesToTranslate, Requirement, SeveralDomains
from hairgan.devices import float64_device, to_float64
from hairgan.evaluation import stargan_report
from hairgan.evaluation.batches import gather, local_batches, read, sum_over_processes
from hairgan.evaluation.image_cost import add_cost
from hairgan.evaluation.judges import DomainClassifier, Judges
from hairgan.evaluation.outputs import Translated
from hairgan.evaluation.own_metrics import make_own_metrics
from hairgan.evaluation.pair_scores import PairScores
from hairgan.evaluation.real_statistics import real_statistics
from hairgan.evaluation.result import Evaluation
from hairgan.evaluation.settings import EvaluationData, EvaluationSettings
from hairgan.evaluation.translator import Translator, translate
from hairgan.metrics.extractors import FeatureExtractor
from hairgan.metrics.identity import FaceEmbedder, identity_similarity
from hairgan.metrics.images import as_bytes
from hairgan.metrics.mean_over_images import MeanOverImages
from hairgan.metrics.perceptual import LPIPS
from hairgan.metrics.registry import Mode
from hairgan.metrics.statistics import FeatureMoments, GaussianStatistics, frechet_distance

DEFAULT_SPLIT = "val"


def default_metrics(dataset: PackedDataset, judges: Judges) -> tuple[str, ...]:
    """What is measured unless metrics are chosen."""
    judged = {"domain_accuracy": judges.classifier, "identity": judges.embedder}
    return ("fid", "lpips", *(metric for metric, judge in judged.items() if judge is not None), "cost")


def requirements(metrics: Sequence[str], split: str, modes: Sequence[Mode]) -> list[Requirement]:
    """What `evaluate` needs of the data."""
    needed: list[Requirement] = [SeveralDomains(), ImagesToTranslate(split)]
    needed += [ImagesOfEachDomain("train", at_least=2)] if "fid" in metrics else []
    needed += [ImagesOfEachDomain(split)] if "reference" in modes else []
    return needed


def evaluate(networks: Mapping[str, Any], data: EvaluationData, settings: EvaluationSettings) -> Evaluation:
    """Measure all ordered pairs of domains.

    Args:
        networks: `generator`, `mapping_network` and `style_encoder`.
        settings: `metrics` can be `fid`, `lpips` (diversity), `domain_accuracy`, `identity` (similarity of outputs to
            their source), `cost`, of one image and one latent code, and metrics of your own, which see `Translated`
            batches and give each source a value.

    Raises:
        ValueError: as `measure_pairs`.
    """
    translator = Translator(networks, data, settings)
    result = stargan_report.evaluation(translator, measure_pairs(translator), domain_classifier(translator))
    if "cost" in settings.metrics:
        _add_cost(result, translator)
    return result


def measure_pairs(translator: Translator) -> PairScores:
    """The requested metrics for every ordered pair of domains, and their unweighted means over pairs.

    In distributed runs each process measures its share of the images, and all return the same numbers.

    Raises:
        ValueError: a domain without training images, fewer than two outputs for diversity, a classifier that does not
            know the domains, NaN in an output, or no pair with a source.
    """
    settings, domains = translator.settings, translator.domains
    if "lpips" in settings.metrics and settings.num_outputs < 2:
        raise ValueError(f"diversity needs at least 2 outputs per source, got {settings.num_outputs}")
    observers = _Observers.of(translator)
    if not observers.metric_names:
        return PairScores({}, [], {})
    scores: dict[str, float] = {}
    of_sources: dict[tuple[str, int, int], float] = {}
    for target in tqdm(range(len(domains)), unit="domain", leave=False, disable=None):
        real = None if observers.extractor is None else _real_statistics(translator, target, observers.extractor)
        for mode in settings.modes:
            sums = _observe_outputs(translator, observers, target, mode)
            scores |= sums.scores(mode, real)
            of_sources |= {(f"{mode}/{name}", target, i): value for (name, i), value in sums.of_sources.items()}
    for mode in settings.modes:
        for metric in observers.metric_names:
            of_pairs = [value for key, value in scores.items() if key.startswith(f"{mode}/{metric}/")]
            if not of_pairs:
                raise ValueError(
                    f"no pair of the domains {', '.join(domains)} has a source image in split {settings.split}"
                )
            scores[f"{mode}/{metric}/mean"] = float(np.mean(of_pairs))
    return PairScores(scores, observers.metric_names, gather(of_sources))


def domain_classifier(translator: Translator) -> DomainClassifier | None:
    """The judge of domain accuracy, if that is measured."""
    settings = translator.settings
    if "domain_accuracy" not in settings.metrics or settings.judges.classifier is None:
        return None
    return DomainClassifier(settings.judges.classifier, translator.data.domains)


@torch.no_grad()
def _add_cost(result: Evaluation, translator: Translator) -> None:
    settings, device = translator.settings, translator.settings.device
    generator, mapping_network = translator.generator, translator.mapping_network
    image, labels = read(translator.dataset, translator.indices[:1], device)
    masks = None if settings.make_masks is None else settings.make_masks(image, labels)
    code = torch.zeros(1, mapping_network.latent_dim, device=device)
    domain = torch.zeros(1, dtype=torch.int64, device=device)

    def translate_one() -> None:
        translate(generator, image, mapping_network(code, domain)[:, None], masks)

    note = "One image into one domain with one latent code: mapping network and generator."
    add_cost(result, translate_one, [generator, mapping_network], device, note)


def _real_statistics(translator: Translator, target: int, extractor: FeatureExtractor) -> GaussianStatistics:
    """The feature statistics of the training images of a domain."""
    settings, train = translator.settings, translator.dataset.split("train")
    return real_statistics(
        translator.dataset,
        train[translator.membership[train, target]],
        extractor,
        split="train",
        domain=translator.domains[target],
        batch_size=settings.batch_size,
        device=settings.device,
        cache=settings.cache,
    ).to(settings.device)


def _observe_outputs(translator: Translator, observers: _Observers, target: int, mode: Mode) -> _SumsOfTarget:
    """Measure the outputs of all sources of a target domain."""
    settings = translator.settings
    styles = translator.styles(mode, target)
    sums = _SumsOfTarget(translator, observers, target)
    for indices in local_batches(translator.sources(target, settings.max_sources), settings.batch_size):
        sources, labels = read(translator.dataset, indices, settings.device)
        outputs = Translated(sources, labels, translator(indices, styles), translator.domains[target], mode)
        sums.add(indices, observers(outputs, target))
    sums.reduce()
    return sums


@dataclass(frozen=True)
class _Observed:
    """The observations on the n outputs of b sources.

    Attributes:
        values: metric -> one value per source.
        features: of each output, for the Fréchet distance.
        domains: the domains that the classifier recognizes in each output.
    """

    values: dict[str, Float[Tensor, " b"]]
    features: Float[Tensor, "b n d"] | None
    domains: Bool[Tensor, "b n k"] | None


@dataclass(frozen=True)
class _Observers:
    """The networks that outputs are passed to; None where their metric is not requested."""

    extractor: FeatureExtractor | None
    lpips: LPIPS | None
    classifier: DomainClassifier | None
    embedder: FaceEmbedder | None
    own: Mapping[str, MeanOverImages]

    @classmethod
    def of(cls, translator: Translator) -> _Observers:
        metrics, protocol = translator.settings.metrics, translator.settings.protocol
        return cls(
            protocol.extractor if "fid" in metrics else None,
            protocol.lpips if "lpips" in metrics else None,
            domain_classifier(translator),
            translator.settings.judges.embedder if "identity" in metrics else None,
            make_own_metrics(metrics, "stargan", translator.settings.device),
        )

    @property
    def value_names(self) -> list[str]:
        """Metrics that have a value for each source."""
        names = [] if self.lpips is None else [f"{self.lpips.name}_diversity"]
        names += [] if self.classifier is None else ["domain_accuracy"]
        names += [] if self.embedder is None else ["identity_similarity"]
        return names + [value for metric in self.own.values() for value in metric.definitions]

    @property
    def metric_names(self) -> list[str]:
        """All metrics of a pair, by the names of their values."""
        return [*([] if self.extractor is None else [self.extractor.fid_name]), *self.value_names]

    def __call__(self, translated: Translated, target: int) -> _Observed:
        sources, outputs = translated.sources, translated.outputs
        shape, flat = outputs.shape[:2], outputs.flatten(0, 1)
        pixels = as_bytes(flat)  # refuses NaN, even if no metric needs bytes
        values: dict[str, Tensor] = {}
        if self.lpips is not None:
            values[f"{self.lpips.name}_diversity"] = self.lpips.diversity(outputs)
        domains = None if self.classifier is None else self.classifier(flat).unflatten(0, shape)
        if domains is not None:
            values["domain_accuracy"] = domains[:, :, target].float().mean(1)
        if self.embedder is not None:
            values["identity_similarity"] = identity_similarity(self.embedder, sources, outputs)
        for metric in self.own.values():
            metric.update(translated)
            values |= metric.last
        features = None if self.extractor is None else self.extractor(pixels).unflatten(0, shape)
        return _Observed(values, features, domains)


class _SumsOfTarget:
    """Sums over the outputs for one target domain, for each pair with this target.

    Attributes:
        of_sources: values of this process's sources, by metric and image.
    """

    def __init__(self, translator: Translator, observers: _Observers, target: int) -> None:
        self.names, self.membership, self.target = translator.domains, translator.membership, target
        device = translator.settings.device
        self.pairs = [_SumsOfPair(observers, device) for _ in self.names]
        self.classifies = observers.classifier is not None
        # number of outputs, then number of outputs that are recognized as each domain
        self.device = device
        self.seen_as = torch.zeros(1 + len(self.names), dtype=torch.float64, device=float64_device(device))
        self.of_sources: dict[tuple[str, int], float] = {}

    def add(self, indices: Int64[ndarray, " b"], observed: _Observed) -> None:
        inside = torch.from_numpy(self.membership[indices].T).to(self.device)  # k b
        for pair, sources in zip(self.pairs, inside, strict=True):
            pair.add(sources, observed)
        if observed.domains is not None:
            seen = observed.domains.flatten(0, 1)  # (b n) k
            self.seen_as += torch.cat([self.seen_as.new_tensor([len(seen)]), to_float64(seen.sum(0))])
        for name, values in observed.values.items():
            self.of_sources |= {(name, int(i)): v for i, v in zip(indices, values.tolist(), strict=True)}

    def reduce(self) -> None:
        """Sum over all processes."""
        for pair in self.pairs:
            pair.reduce()
        if self.classifies:
            sum_over_processes(self.seen_as)

    def scores(self, mode: Mode, real: GaussianStatistics | None) -> dict[str, float]:
        """The scores of all pairs that have sources."""
        scores: dict[str, float] = {}
        target_name = self.names[self.target]
        for source, pair in enumerate(self.pairs):
            if source == self.target or not pair.num_sources:
                continue
            name = f"{self.names[source]}2{target_name}"
            scores |= {f"{mode}/{metric}/{name}": value for metric, value in pair.scores(real).items()}
            scores[f"sources/{name}"] = pair.num_sources
        if self.classifies:
            shares_seen = (self.seen_as[1:] / self.seen_as[0]).tolist()
            seen = zip(self.names, shares_seen, strict=True)
            scores |= {f"{mode}/seen_as/{target_name}/{domain}": share for domain, share in seen}
        return scores


class _SumsOfPair:
    """Sums for one ordered pair of domains."""

    def __init__(self, observers: _Observers, device: torch.device | str) -> None:
        self.names, self.extractor = observers.value_names, observers.extractor
        # number of sources, then the sum of each value
        self.sums = torch.zeros(1 + len(self.names), dtype=torch.float64, device=float64_device(device))
        self.moments = None if self.extractor is None else FeatureMoments(self.extractor.num_features, device)

    def add(self, sources: Bool[Tensor, " b"], observed: _Observed) -> None:
        """Add a batch, of which `sources` are sources of this pair."""
        sums = [to_float64(observed.values[name][sources]).sum() for name in self.names]
        self.sums += torch.stack([to_float64(sources).sum(), *sums])
        if self.moments is not None and observed.features is not None:
            self.moments.add(observed.features[sources].flatten(0, 1))

    def reduce(self) -> None:
        """Sum over all processes."""
        sum_over_processes(self.sums)
        if self.moments is not None:
            self.moments.reduce()

    @property
    def num_sources(self) -> int:
        return int(self.sums[0])

    def scores(self, real: GaussianStatistics | None) -> dict[str, float]:
        """Fréchet distance and means over sources, by metric."""
        scores: dict[str, float] = {}
        if real is not None:
            assert self.extractor is not None and self.moments is not None
            scores[self.extractor.fid_name] = frechet_distance(real, self.moments.statistics())
        return scores | dict(zip(self.names, (self.sums[1:] / self.sums[0]).tolist(), strict=True))
