"""StarGAN v2's evaluation: as published, against `hairgan.evaluation.stargan`, on the same images.

The networks and the ratio of images are the quickstart's. The published evaluation is restated plainly from its
description. For each pair of domains it reads sources in batches from files, runs the whole generator for each of the
ten outputs, writes outputs as PNG, creates the LPIPS network again for each batch and runs it on both images of each of
the 45 pairs of outputs, creates the feature extractor and runs all real images again, and computes the matrix root with
scipy's `sqrtm`. Both evaluations draw the same latent codes, so their numbers must agree. The images are noise;
pretrained networks have their real architecture and random weights. At the end, the arithmetic of both evaluations is
counted for CelebA-HQ with seven hair domains.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import scipy.linalg
import torch
import torchvision
from numpy import ndarray
from PIL import Image

from benchmarks.measuring import Row, Settings, Table, time_once
from hairgan.data.packed_dataset import PackedDataset
from hairgan.domains import Domains
from hairgan.evaluation.protocols import Protocol
from hairgan.evaluation.real_statistics import StatisticsCache
from hairgan.evaluation.settings import EvaluationData, EvaluationSettings
from hairgan.evaluation.stargan import measure_pairs
from hairgan.evaluation.translator import Translator
from hairgan.metrics.cost import multiply_adds
from hairgan.metrics.embedded import EmbeddedTrunk
from hairgan.metrics.images import as_bytes
from hairgan.metrics.statistics import GaussianStatistics, frechet_distance
from hairgan.networks.stargan import Generator, MappingNetwork, StyleEncoder
from hairgan.randomness import normal

DOMAINS = ("bang", "no_bang", "blond", "short", "bob", "long_straight", "long_perm")
MakeProtocol = Callable[[], Protocol]


@dataclass(frozen=True)
class Size:
    """How much is evaluated: the protocol, networks, images and outputs."""

    protocol: str = "embedded"
    image: int = 64
    base_width: int = 16
    max_width: int = 64
    domains: int = 7
    train: int = 48
    val: int = 6
    outputs: int = 10
    batch: int = 32


def tables(settings: Settings) -> Iterator[Table]:
    if settings.quick:
        yield compare(Size(image=32, base_width=4, max_width=16, domains=2, train=12, val=4, outputs=3), settings)
        return
    yield compare(Size(), settings)
    yield compare(Size("stargan_v2", domains=3, train=24), settings)
    yield estimate()


@torch.no_grad()
def compare(size: Size, settings: Settings) -> Table:
    """Both ways, in turns."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = weights_files(folder) if size.protocol != "embedded" else (None, None)

        def make_protocol() -> Protocol:
            return Protocol(size.protocol, *files)

        def make_plain_protocol() -> Protocol:
            protocol = make_protocol()
            for network in (protocol.extractor, protocol.lpips):
                for module in network.modules():
                    if isinstance(module, EmbeddedTrunk):
                        module.memory_format = torch.contiguous_format  # PyTorch's own
            return protocol

        data = evaluation_data(folder, size)
        networks = networks_of(size)
        evaluation = EvaluationSettings(
            ("fid", "lpips"), "val", modes=("latent",), num_outputs=size.outputs, batch_size=size.batch
        )
        translator = Translator(networks, data, evaluation)
        rows = {way: Row(way) for way in ("as published", OURS, CACHED)}
        scores: dict[str, Mapping[str, float]] = {}
        for repeat in range(settings.repeats):
            cache = StatisticsCache(folder / f"statistics{repeat}")
            wall = time.perf_counter()
            published, cpu = published_way(translator, make_plain_protocol, folder / f"made{repeat}", folder)
            rows["as published"].cpu_s.append(cpu)
            rows["as published"].wall_s.append(time.perf_counter() - wall)
            scores["as published"] = published
            for way in (OURS, CACHED):
                with_cache = replace(evaluation, protocol=make_protocol(), cache=cache)

                def ours(way: str = way, with_cache: EvaluationSettings = with_cache) -> None:
                    scores[way] = measure_pairs(Translator(networks, data, with_cache)).values

                time_once(ours, torch.device("cpu"), rows[way])
    worst = {metric: largest_relative(scores["as published"], scores[CACHED], metric) for metric in ("fid", "lpips")}
    pairs = sum("fid" in key for key in scores["as published"])
    title = f"{pairs} pairs, {size.outputs} outputs, {size.train} + {size.val} images, {size.image} px, {size.protocol}"
    values = {f"largest relative difference, {metric}": value for metric, value in worst.items()}
    return Table(title, list(rows.values()), "as published", values)


OURS, CACHED = "ours, real statistics computed", "ours, real statistics cached"


def largest_relative(published: Mapping[str, float], ours: Mapping[str, float], metric: str) -> float:
    """The largest relative difference of a metric over all pairs."""
    worst = max(abs(value / ours[key] - 1) for key, value in published.items() if metric in key)
    return float(f"{worst:.2g}")


def networks_of(size: Size) -> dict[str, torch.nn.Module]:
    """Networks with random weights."""
    torch.manual_seed(0)
    widths = {"base_width": size.base_width, "max_width": size.max_width}
    return {
        "generator": Generator(size.image, w_hpf=0.0, **widths).eval(),
        "mapping_network": MappingNetwork(size.domains).eval(),
        "style_encoder": StyleEncoder(size.image, size.domains, **widths).eval(),
    }


def published_way(
    translator: Translator, make_protocol: MakeProtocol, outputs_folder: Path, folder: Path
) -> tuple[dict[str, float], float]:
    """The evaluation in latent mode as published: its numbers, and its seconds.

    The Frechet distance is computed by our function and not timed, because sqrtm fails on sets of so few images. The
    time of sqrtm is added from a product of matrices of full rank.
    """
    data, membership, domains = translator.dataset, translator.membership, translator.domains
    generator, mapping = translator.generator, translator.mapping_network
    train, val = data.split("train"), data.split("val")
    outputs, batch_size = translator.settings.num_outputs, translator.settings.batch_size
    scores, seconds = {}, 0.0
    for target, source in itertools.product(range(len(domains)), repeat=2):
        sources = val[membership[val, source] & ~membership[val, target]]
        if source == target or not len(sources):
            continue
        start = time.process_time()
        pair = f"{domains[source]}2{domains[target]}"
        made, distances = outputs_folder / pair, []
        made.mkdir(parents=True)
        for first in range(0, len(sources), batch_size):
            batch = sources[first : first + batch_size]
            lpips = make_protocol().lpips
            images = torch.stack([picture(folder / f"{i}.png") for i in batch]) / 127.5 - 1
            z = torch.stack(
                [normal(0, f"evaluation/latent/{domains[target]}", int(i), shape=(outputs, 16)) for i in batch]
            )
            group = []
            for j in range(outputs):
                output = generator(images, mapping(z[:, j], torch.full((len(batch),), target)))
                for i, image in zip(batch, as_bytes(output), strict=True):
                    Image.fromarray(image.permute(1, 2, 0).numpy()).save(made / f"{i:04d}_{j:02d}.png")
                group.append(output)
            distances += [lpips(a, b) for a, b in itertools.combinations(group, 2)]
        scores[f"latent/{lpips.name}_diversity/{pair}"] = float(torch.cat(distances).mean())
        extractor = make_protocol().extractor
        real = [folder / f"{i}.png" for i in train[membership[train, target]]]
        sides = [np.concatenate([*features(extractor, files, batch_size)]) for files in (real, sorted(made.iterdir()))]
        a, b = (
            GaussianStatistics(len(f), torch.from_numpy(f.mean(0)), torch.from_numpy(np.cov(f, rowvar=False)))
            for f in sides
        )
        seconds += time.process_time() - start + root_seconds(extractor.num_features)
        scores[f"latent/{extractor.fid_name}/{pair}"] = frechet_distance(a, b)
    return scores, seconds


def root_seconds(size: int, known: dict[int, float] = {}) -> float:  # noqa: B006
    """Seconds of one sqrtm of a product of two covariances; measured once."""
    if size not in known:
        rng = np.random.default_rng(0)
        a, b = (np.cov(rng.normal(size=(2 * size, size)), rowvar=False) for _ in range(2))
        start = time.process_time()
        scipy.linalg.sqrtm(a @ b)
        known[size] = time.process_time() - start
    return known[size]


def picture(file: Path) -> torch.Tensor:
    return torch.from_numpy(np.array(Image.open(file))).permute(2, 0, 1)


def features(extractor: Callable[[torch.Tensor], torch.Tensor], files: Sequence[Path], batch: int) -> Iterator[ndarray]:
    for start in range(0, len(files), batch):
        yield extractor(torch.stack([picture(file) for file in files[start : start + batch]])).double().numpy()


def weights_files(folder: Path) -> tuple[Path, Path]:
    """Random weights in the layout of the real files."""
    files = folder / "inception.pth", folder / "alexnet.pth"
    networks = torchvision.models.inception_v3(init_weights=False), torchvision.models.alexnet()
    for network, file in zip(networks, files, strict=True):
        for parameter in network.parameters():
            if parameter.ndim == 4:
                torch.nn.init.kaiming_normal_(parameter)
        torch.save(network.state_dict(), file)
    return files


def evaluation_data(folder: Path, size: Size) -> EvaluationData:
    """Noise, half of it bang and half no_bang, a sixth of it blond, a quarter of each length; also as PNG."""
    n, side = size.train + size.val, size.image
    pixels = np.random.default_rng(0).integers(0, 256, (n, side, side, 3), dtype=np.uint8)
    np.save(folder / "images.npy", pixels)
    for i, image in enumerate(pixels):
        Image.fromarray(image).save(folder / f"{i}.png")
    number = np.arange(n)
    lengths = [number // 2 % 4 == length for length in range(4)]
    membership = np.stack([number % 2 == 0, number % 2 == 1, number % 6 == 0, *lengths], axis=1)
    attributes = pl.DataFrame({"split": ["train"] * size.train + ["val"] * size.val})
    images = np.load(folder / "images.npy", mmap_mode="r")
    dataset = PackedDataset(folder, side, images, None, attributes, "benchmark", {})
    domains = Domains(dict.fromkeys(DOMAINS[: size.domains], "true"))  # membership is given instead
    return EvaluationData(dataset, domains, membership[:, : size.domains])


def estimate() -> Table:
    """Arithmetic of CelebA-HQ's evaluation at 256 px, both modes, and hours at the rate of the published run."""
    image, code = torch.zeros(1, 3, 256, 256), torch.zeros(1, 64)
    generator, style_encoder = Generator(256, w_hpf=0.0), StyleEncoder(256, 7)
    inception, alexnet = torchvision.models.inception_v3(init_weights=False).eval(), torchvision.models.alexnet()
    encoding = generator.encode_source(image)
    ours = {
        "encode": gflop(lambda: generator.encode_source(image)),
        "decode": gflop(lambda: generator.decode_styled(encoding, code)),
        "style": gflop(lambda: style_encoder(image, torch.zeros(1, dtype=torch.long))),
        "inception": gflop(lambda: inception(torch.zeros(1, 3, 299, 299))),
        "alexnet": gflop(lambda: alexnet.features(image)),
    }
    # the published networks pool and up-sample around their convolutions instead of in them
    theirs = ours | {"encode": 36.1, "decode": 61.2, "style": 33.1}

    def published_work(sources: list[float], train: list[float], cost: dict[str, float]) -> float:
        """GFLOP, from source images and from training images of the target, both by pair."""
        fakes = 10 * sum(sources)
        made = 2 * fakes * (cost["encode"] + cost["decode"] + cost["inception"]) + fakes * cost["style"]
        return made + 2 * sum(sources) * 90 * cost["alexnet"] + 2 * sum(train) * cost["inception"]

    def our_work(others: list[float], references: list[float], train: list[float]) -> float:
        """GFLOP, from images outside the target, references and training images, all by target."""
        each = ours["encode"] + 10 * (ours["decode"] + ours["inception"] + ours["alexnet"])
        return 2 * sum(others) * each + sum(references) * ours["style"] + sum(train) * ours["inception"]

    # the published run: two exclusive domains, 49 min 51 s on one V100
    rate = published_work([1000.0] * 2, [17943.0, 10057.0], theirs) / (49 * 60 + 51)
    # assumed shares of seven domains: bang, no_bang; long_straight, long_perm, bob, short; blond
    share, kind = np.array([0.15, 0.85, 0.2, 0.2, 0.2, 0.4, 0.17]), [0, 0, 1, 1, 1, 1, 2]
    pairs = list(itertools.permutations(range(7), 2))
    sources = [2000 * share[s] * (1 if kind[s] == kind[t] else 1 - share[t]) for s, t in pairs]
    train = [28000 * share[t] for _, t in pairs]
    work = {
        "as published": published_work(sources, train, theirs),
        "as published, with our networks": published_work(sources, train, ours),
        "ours": our_work([*(2000 * (1 - share))], [*(2000 * share)], [*(28000 * share)]),
        "ours, real statistics cached": our_work([*(2000 * (1 - share))], [*(2000 * share)], []),
    }
    rows = []
    for name, value in work.items():
        values: dict[str, Any] = {"PFLOP": round(value / 1e6, 2), "h": round(value / rate / 3600, 2)}
        rows.append(Row(name, values=values | {"x": round(work["as published"] / value, 2)}))
    about: dict[str, Any] = {"GFLOP of one pass": {name: round(value, 1) for name, value in ours.items()}}
    about |= {"assumed TFLOP/s, those of the published run": round(rate / 1000, 2)}
    return Table("counted, not run: CelebA-HQ, 256 px, 7 domains, 42 pairs, both modes", rows, None, about)


def gflop(call: Callable[[], object]) -> float:
    return 2 * multiply_adds(call) / 1e9
