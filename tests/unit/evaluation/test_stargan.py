import copy
import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from hairgan.evaluation.settings import EvaluationSettings
from hairgan.evaluation.stargan import evaluate, measure_pairs
from hairgan.evaluation.translator import Translator
from hairgan.metrics.extractors import EmbeddedExtractor
from hairgan.metrics.generative import FID
from hairgan.metrics.perceptual import LPIPS
from hairgan.randomness import normal, numpy_generator
from tests.unit.evaluation.conftest import DOMAINS

COST = ("million_parameters", "giga_multiply_adds", "seconds_per_image")


def measure(networks, data, **options):
    settings = EvaluationSettings(("fid", "lpips"), "val", **({"num_outputs": 3, "batch_size": 4} | options))
    return measure_pairs(Translator(networks, data, settings)).values


@pytest.fixture(scope="module")
def scores(networks, data):
    return measure(networks, data)


def test_equals_the_protocol_written_out(networks, data, scores):
    generator, mapping, style_encoder = networks.values()
    dataset, membership = data.dataset, data.membership
    lpips, (train, val) = LPIPS("embedded"), (dataset.split("train"), dataset.split("val"))

    def images(indices):
        return torch.from_numpy(dataset.images[indices]).permute(0, 3, 1, 2).float() / 127.5 - 1

    for source, target in itertools.permutations(range(3), 2):
        sources = [i for i in val if membership[i, source] and not membership[i, target]]
        references = val[membership[val, target]]
        for mode in ("latent", "reference"):
            fid, distances = FID(EmbeddedExtractor()), []
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


def test_batches_do_not_matter(networks, data, scores):
    assert measure(networks, data, batch_size=7) == pytest.approx(scores, rel=1e-4)


def test_fewer_sources(networks, data):
    scores = measure(networks, data, max_sources=2, modes=("latent",))
    # every source is red or green, and counts once more if it is bright
    assert 2 <= sum(value for key, value in scores.items() if key.startswith("sources/") and key.endswith("2red")) <= 4
    assert not any(key.startswith("reference") for key in scores)


def test_cost_alone_makes_no_other_outputs(networks, data):
    result = evaluate(networks, data, EvaluationSettings(("cost",), "val"))
    assert set(result.values) == {f"cost/{name}" for name in COST}
    assert result.headline == tuple(f"cost/{name}" for name in COST) and result.pictures == []
    parameters = sum(p.numel() for name in ("generator", "mapping_network") for p in networks[name].parameters())
    assert result.values["cost/million_parameters"] == parameters / 1e6


def test_bad_input(networks, data):
    empty = data.membership.copy()
    empty[:28, 2] = False
    with pytest.raises(ValueError, match="domain bright has 0 images in split train"):
        measure(networks, replace(data, membership=empty))
    empty = data.membership.copy()
    empty[28:, 2] = False
    with pytest.raises(ValueError, match="domain bright has no reference images"):
        measure(networks, replace(data, membership=empty))
    with pytest.raises(ValueError, match="at least 2 outputs"):
        measure(networks, data, num_outputs=1)
    broken = copy.deepcopy(networks["generator"])
    broken.to_rgb[2].bias.data[0] = torch.nan
    with pytest.raises(ValueError, match="images hold NaN"):
        measure(networks | {"generator": broken}, data)
