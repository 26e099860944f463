import copy
import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from hairgan.metrics.cache import StatisticsCache, StatisticsKey
from hairgan.metrics.extractors import EmbeddedExtractor
from hairgan.metrics.generative import FIDEmbedded
from hairgan.metrics.perceptual import LPIPS
from hairgan.metrics.translation import evaluate_translation, real_statistics
from hairgan.metrics.translator import Translator
from hairgan.randomness import normal, numpy_generator
from tests.unit.metrics.conftest import DOMAINS


class CountingExtractor(EmbeddedExtractor):
    def __init__(self):
        super().__init__()
        self.seen = 0

    def extract(self, images):
        self.seen += len(images)
        return super().extract(images)


def evaluate(networks, dataset, membership, *, num_outputs=3, batch_size=4, **options):
    translator = Translator(*networks, dataset, DOMAINS, membership, num_outputs=num_outputs, batch_size=batch_size)
    judges = {"extractor": EmbeddedExtractor(), "lpips": LPIPS("embedded")}
    return evaluate_translation(translator, **(judges | options))


@pytest.fixture(scope="module")
def scores(networks, dataset):
    return evaluate(networks, *dataset)


def test_equals_the_protocol_written_out(networks, dataset, scores):
    generator, mapping, style_encoder = networks
    data, membership = dataset
    lpips, (train, val) = LPIPS("embedded"), (data.split("train"), data.split("val"))

    def images(indices):
        return torch.from_numpy(data.images[indices]).permute(0, 3, 1, 2).float() / 127.5 - 1

    for source, target in itertools.permutations(range(3), 2):
        sources = [i for i in val if membership[i, source] and not membership[i, target]]
        references = val[membership[val, target]]
        for mode in ("latent", "reference"):
            fid, distances = FIDEmbedded(), []
            fid.update(images(train[membership[train, target]]), real=True)
            for i in sources:
                if mode == "latent":
                    z = normal(0, f"evaluation/latent/{DOMAINS[target]}", int(i), shape=(3, 16))
                    codes = mapping(z, torch.full((3,), target))
                else:
                    chosen = numpy_generator(0, f"evaluation/reference/{DOMAINS[target]}", int(i))
                    chosen = chosen.choice(len(references), 3, replace=False)
                    codes = style_encoder(images(references[chosen]), torch.full((3,), target))
                with torch.no_grad():
                    outputs = [generator(images([i]), s[None]) for s in codes]
                fid.update(torch.cat(outputs), real=False)
                distances += [lpips(a, b) for a, b in itertools.combinations(outputs, 2)]
            pair = f"{DOMAINS[source]}2{DOMAINS[target]}"
            assert scores[f"sources/{pair}"] == len(sources)
            assert scores[f"{mode}/fid_embedded/{pair}"] == pytest.approx(float(fid.compute()), rel=1e-4)
            diversity = float(torch.cat(distances).mean())
            assert scores[f"{mode}/lpips_embedded_diversity/{pair}"] == pytest.approx(diversity, rel=1e-4)


def test_means_over_pairs(scores):
    for metric in ("latent/fid_embedded", "reference/lpips_embedded_diversity"):
        values = [value for key, value in scores.items() if key.startswith(f"{metric}/") and "2" in key.split("/")[-1]]
        assert len(values) == 6
        assert scores[f"{metric}/mean"] == pytest.approx(np.mean(values))


def test_batches_do_not_matter(networks, dataset, scores):
    assert evaluate(networks, *dataset, batch_size=7) == pytest.approx(scores, rel=1e-4)


def test_fewer_sources(networks, dataset):
    scores = evaluate(networks, *dataset, max_sources=2, modes=("latent",))
    # every source is red or green, and counts once more if it is bright
    assert 2 <= sum(value for key, value in scores.items() if key.startswith("sources/") and key.endswith("2red")) <= 4
    assert not any(key.startswith("reference") for key in scores)


def test_real_statistics_are_computed_once(dataset, tmp_path):
    data, _ = dataset
    extractor, cache = CountingExtractor(), StatisticsCache(tmp_path / "cache")
    train = data.split("train")

    def statistics(data=data, indices=train, domain="red"):
        before = extractor.seen
        result = real_statistics(data, indices, extractor, split="train", domain=domain, cache=cache)
        return result, extractor.seen - before

    first, computed = statistics()
    again, recomputed = statistics()
    assert (computed, recomputed) == (28, 0)
    torch.testing.assert_close(first.covariance, again.covariance, rtol=0, atol=0)
    assert again.count == 28
    assert statistics(replace(data, fingerprint="another"))[1] == 28
    assert statistics(indices=train[:20])[1] == 20  # the domain's definition changed, not its name
    assert statistics(domain="green")[1] == 28
    assert [*(tmp_path / "cache").glob("*.partial")] == []

    key = StatisticsKey.of(data.fingerprint, data.size, "train", "red", train, extractor)
    (tmp_path / "cache" / key.file_name).write_bytes(b"PK")
    with pytest.raises(ValueError, match="are damaged: delete the file"):
        statistics()


def test_other_weights_have_other_statistics():
    extractor, other = EmbeddedExtractor(), EmbeddedExtractor()
    other.trunk.convs[0].weight.data[0, 0, 0, 0] += 1
    keys = {StatisticsKey.of("f", 32, "train", "red", np.arange(3), e) for e in (extractor, other)}
    assert len({key.file_name for key in keys}) == 2


def test_bad_input(networks, dataset):
    data, membership = dataset
    empty = membership.copy()
    empty[:28, 2] = False
    with pytest.raises(ValueError, match="domain bright has 0 images in split train"):
        evaluate(networks, data, empty)
    empty = membership.copy()
    empty[28:, 2] = False
    with pytest.raises(ValueError, match="domain bright has no reference images"):
        evaluate(networks, data, empty)
    with pytest.raises(ValueError, match="at least 2 outputs"):
        evaluate(networks, data, membership, num_outputs=1)
    broken = copy.deepcopy(networks[0])
    broken.to_rgb[2].bias.data[0] = torch.nan
    with pytest.raises(ValueError, match="images hold NaN"):
        evaluate((broken, *networks[1:]), data, membership)
