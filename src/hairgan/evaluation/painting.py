"""SEAN: how close reconstructions come to their images."""

from __future__ import annotations

import numpy as np
import torch

from hairgan.data.augment import to_bytes
from hairgan.data.packed import PackedDataset
from hairgan.evaluation.protocols import Protocol
from hairgan.evaluation.result import Evaluation, Picture, Table, read, shares
from hairgan.metrics.cache import StatisticsCache
from hairgan.metrics.generative import FrechetMetric
from hairgan.metrics.reconstruction import Reconstruction, psnr, ssim_map
from hairgan.metrics.translation import real_statistics
from hairgan.networks.sean import SEANGenerator
from hairgan.pictures import sheet
from hairgan.regions import colorize

EXAMPLES = 6


@torch.no_grad()
def evaluate(
    generator: SEANGenerator,
    dataset: PackedDataset,
    protocol: Protocol,
    *,
    split: str = "val",
    max_sources: int | None = None,
    batch_size: int = 8,
    device: torch.device | str = "cpu",
    cache: StatisticsCache | None = None,
) -> Evaluation:
    """PSNR, SSIM, RMSE and LPIPS of reconstructions, and their Fréchet distance to the images of the split.

    Raises:
        ValueError: the split has fewer than two images, the dataset has no label maps, or an output is no number.
    """
    if dataset.labels is None:
        raise ValueError(f"{dataset.path} has no label maps to paint")
    indices = dataset.split(split)[:max_sources]
    scores = Reconstruction(protocol.lpips).to(device)
    real = real_statistics(
        dataset, indices, protocol.extractor,
        split=split, domain="all", batch_size=batch_size, device=device, cache=cache,
    )  # fmt: skip
    frechet = FrechetMetric(protocol.extractor, real).to(device)
    each: dict[int, tuple[float, float]] = {}
    for chosen in shares(indices, batch_size):
        images, labels = read(dataset, chosen, device)
        assert labels is not None
        painted = generator(labels, generator.encode_styles(images, labels))
        scores.update(painted, images)
        frechet.update(painted, real=False)
        a, b = (painted + 1) / 2, (images + 1) / 2
        similar, noise = ssim_map(a, b).mean((1, 2, 3)), psnr((a - b).square().mean((1, 2, 3)))
        each |= {int(i): pair for i, *pair in zip(chosen, similar.tolist(), noise.tolist(), strict=True)}  # type: ignore[misc]
    values = {name: float(value) for name, value in scores.compute().items()}
    values[protocol.extractor.fid_name] = float(frechet.compute())
    result = Evaluation(values, protocol.describe() | {"split": split, "images": len(indices)}, headline=tuple(values))
    result.tables.append(Table("Reconstructions", list(values), [("all images", list(values.values()))]))

    for name, column in (("SSIM", 0), ("PSNR", 1)):
        ordered = sorted(each, key=lambda i, column=column: each[i][column])  # type: ignore[misc]
        for what, ranked in (("Best", ordered[::-1]), ("Worst", ordered)):
            picked = np.array(ranked[:EXAMPLES])
            images, labels = read(dataset, picked, device)
            assert labels is not None
            painted = generator(labels, generator.encode_styles(images, labels))
            rows = [list(dataset.images[picked]), [colorize(m) for m in labels.cpu().numpy()],
                    list(to_bytes(painted).cpu().numpy())]  # fmt: skip
            note = ", ".join(f"{each[i][column]:.3f}" for i in picked)
            result.pictures.append(Picture(f"{what} by {name}", sheet(rows, ["source", "labels", "painted"]), note))
    return result
