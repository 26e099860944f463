"""How fast StarGAN v2's evaluation is: as published, against `hairgan.metrics.translation`, on the same work.

    python benchmarks/evaluation.py --threads 1 --size 64

The published way is re-stated plainly from its description: pair by pair, every output a whole generator pass, outputs
written as PNG, LPIPS network re-created for each pair and run on both images of each of the 45 pairs of outputs,
Inception re-created and all real images read and run again for each pair. Its matrix root by scipy's `sqrtm` is timed
once, on a matrix of full rank, and counted for each pair; here the distance comes from eigenvalues in both ways. Both
draw the same latent codes, so their numbers must agree. Networks have their real architecture (StarGAN v2's with the
widths of 256 px) and random weights; the images are noise. Seconds are CPU seconds of all threads, as a busy machine
disturbs these least. At the end, the arithmetic of both ways for CelebA-HQ with seven hair domains, from their counts.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import scipy.linalg
import torch
import torchvision
from numpy import ndarray
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode

from hairgan.data.packed import PackedDataset
from hairgan.data.sampling import normal
from hairgan.metrics.cache import StatisticsCache
from hairgan.metrics.extractors import IMAGENET_MEAN, IMAGENET_STD, TorchvisionInception
from hairgan.metrics.images import as_bytes
from hairgan.metrics.perceptual import LPIPS
from hairgan.metrics.statistics import GaussianStatistics, frechet_distance
from hairgan.metrics.translation import evaluate_translation
from hairgan.networks.stargan import Generator, MappingNetwork, StyleEncoder

DOMAINS = ("bang", "no_bang", "blond")
Networks = tuple[Generator, MappingNetwork, StyleEncoder]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=64, help="side of the images, px")
    parser.add_argument("--train", type=int, default=24, help="training images")
    parser.add_argument("--val", type=int, default=6, help="validation images")
    parser.add_argument("--outputs", type=int, default=10, help="outputs a source")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads")
    parser.add_argument("--estimate-only", action="store_true", help="only the counts for CelebA-HQ")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    if not arguments.estimate_only:
        with tempfile.TemporaryDirectory() as folder, torch.no_grad():
            compare(arguments, Path(folder))
    estimate()


def compare(arguments: argparse.Namespace, folder: Path) -> None:
    """Time both ways and print their seconds and numbers."""
    inception, alexnet = weights_files(folder)
    data, membership = dataset(folder, arguments.train, arguments.val, arguments.size)
    networks = (
        Generator(arguments.size, base_width=64, w_hpf=0.0).eval(),
        MappingNetwork(len(DOMAINS)).eval(),
        StyleEncoder(arguments.size, len(DOMAINS), base_width=64).eval(),
    )
    cache = StatisticsCache(folder / "statistics")

    start = time.process_time()
    published = published_way(networks, data, membership, arguments.outputs, inception, alexnet, folder)
    without_root = time.process_time() - start
    root = root_seconds()
    pairs = len(DOMAINS) * (len(DOMAINS) - 1)
    seconds = {f"as published, {pairs} x sqrtm of {root:.1f} s": without_root + pairs * root}
    seconds["as published, without sqrtm"] = without_root
    for name in ("ours, real statistics computed", "ours, real statistics cached"):
        start = time.process_time()
        extractor, lpips = TorchvisionInception(inception), LPIPS(alexnet)
        scores = evaluate_translation(
            *networks, data, DOMAINS, membership, extractor, lpips, modes=("latent",), cache=cache,
            num_outputs=arguments.outputs,
        )  # fmt: skip
        seconds[name] = time.process_time() - start
    print("| way | CPU s | x | x without sqrtm |\n|---|---|---|---|")
    for name, value in seconds.items():
        print(f"| {name} | {value:.1f} | {(without_root + pairs * root) / value:.1f} | {without_root / value:.1f} |")
    worst = {
        metric: max(abs(published[key] / scores[key] - 1) for key in published if key.startswith(f"latent/{metric}"))
        for metric in ("fid", "lpips")
    }
    print(f"largest relative difference: FID {worst['fid']:.1e}, LPIPS {worst['lpips']:.1e}")


def published_way(
    networks: Networks,
    data: PackedDataset,
    membership: ndarray,
    outputs: int,
    inception: Path,
    alexnet: Path,
    folder: Path,
) -> dict[str, float]:
    """The evaluation in latent mode as published."""
    generator, mapping, _ = networks
    train, val = data.split("train"), data.split("val")
    scores = {}
    for target, source in itertools.product(range(len(DOMAINS)), repeat=2):
        if source == target:
            continue
        pair = f"{DOMAINS[source]}2{DOMAINS[target]}"
        made, distances = folder / pair, []
        made.mkdir()
        lpips = LPIPS(alexnet)
        for i in val[membership[val, source] & ~membership[val, target]]:
            image = torch.from_numpy(np.array(Image.open(folder / f"{i}.png"))).permute(2, 0, 1)[None] / 127.5 - 1
            z = normal(0, f"evaluation/latent/{DOMAINS[target]}", int(i), shape=(outputs, 16))
            group = []
            for j in range(outputs):
                output = generator(image, mapping(z[j : j + 1], torch.tensor([target])))
                Image.fromarray(as_bytes(output)[0].permute(1, 2, 0).numpy()).save(made / f"{i:04d}_{j:02d}.png")
                group.append(output)
            distances += [float(lpips(a, b)) for a, b in itertools.combinations(group, 2)]
        scores[f"latent/lpips_diversity/{pair}"] = float(np.mean(distances))
        extractor = torchvision.models.inception_v3(init_weights=False)
        extractor.load_state_dict(torch.load(inception, weights_only=True))
        extractor.eval().fc = torch.nn.Identity()
        real = [folder / f"{i}.png" for i in train[membership[train, target]]]
        sides = [np.concatenate([*features(extractor, files)]) for files in (real, sorted(made.iterdir()))]
        a, b = (
            GaussianStatistics(len(f), torch.from_numpy(f.mean(0)), torch.from_numpy(np.cov(f, rowvar=False)))
            for f in sides
        )
        scores[f"latent/fid_stargan_v2/{pair}"] = frechet_distance(a, b)
    return scores


def root_seconds() -> float:
    rng = np.random.default_rng(0)
    a, b = (np.cov(rng.normal(size=(4096, 2048)), rowvar=False) for _ in range(2))
    start = time.process_time()
    scipy.linalg.sqrtm(a @ b)
    return time.process_time() - start


def features(extractor: torch.nn.Module, files: Sequence[Path], batch: int = 32) -> Iterator[ndarray]:
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
    for start in range(0, len(files), batch):
        pictures = [Image.open(f).resize((299, 299), Image.Resampling.BILINEAR) for f in files[start : start + batch]]
        x = torch.stack([torch.from_numpy(np.array(picture)).permute(2, 0, 1) for picture in pictures]) / 255
        yield extractor((x - mean) / std).double().numpy()


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


def dataset(folder: Path, train: int, val: int, size: int) -> tuple[PackedDataset, ndarray]:
    """Noise, half of it bang and half no_bang, a third of it blond; also as PNG."""
    n = train + val
    pixels = np.random.default_rng(0).integers(0, 256, (n, size, size, 3), dtype=np.uint8)
    np.save(folder / "images.npy", pixels)
    for i, image in enumerate(pixels):
        Image.fromarray(image).save(folder / f"{i}.png")
    number = np.arange(n)
    membership = np.stack([number % 2 == 0, number % 2 == 1, number % 3 == 0], axis=1)
    attributes = pl.DataFrame({"split": ["train"] * train + ["val"] * val})
    images = np.load(folder / "images.npy", mmap_mode="r")
    return PackedDataset(folder, size, images, None, attributes, "benchmark", {}), membership


def estimate() -> None:
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
    print(f"\nGFLOP a pass of ours: {', '.join(f'{name} {value:.1f}' for name, value in ours.items())}")
    print(f"the published run did {rate / 1000:.2f} TFLOP/s; CelebA-HQ, 7 domains, 42 pairs, both modes, at that rate:")
    print("| way | PFLOP | h | x |\n|---|---|---|---|")
    for name, value in work.items():
        print(f"| {name} | {value / 1e6:.1f} | {value / rate / 3600:.1f} | {work['as published'] / value:.1f} |")


@torch.no_grad()
def gflop(call: Callable[[], object]) -> float:
    with FlopCounterMode(display=False) as counter:
        call()
    return counter.get_total_flops() / 1e9


if __name__ == "__main__":
    main()
