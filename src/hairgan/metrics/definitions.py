"""What each value means: a one-line definition, for reports. The full definitions are in `docs/metrics.md`.

A metric of the user's own brings the definitions of its values with it (`add_definitions`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from hairgan.metrics.registry import MODES


@dataclass(frozen=True)
class Definition:
    """What a value is, and whether lower or higher is better."""

    text: str
    better: Literal["lower", "higher"]


_FRECHET = "Fréchet distance between outputs and training images of the target domain (SEAN: images of the split)"
_EMBEDDED = "features of a fixed random network; for trends only, never to be quoted"

DEFINITIONS: dict[str, Definition] = {
    "fid": Definition(f"{_FRECHET}; TF-ported Inception of torch-fidelity", "lower"),
    "fid_stargan_v2": Definition(f"{_FRECHET}; torchvision's Inception, as StarGAN v2 publishes it", "lower"),
    "fid_embedded": Definition(f"{_FRECHET}; {_EMBEDDED}", "lower"),
    "kid": Definition(
        "Kernel distance (MMD, cubic kernel) of outputs to the images; torch-fidelity's Inception", "lower"
    ),
    "kid_stargan_v2": Definition("Kernel distance (MMD, cubic kernel) of outputs to the images", "lower"),
    "kid_embedded": Definition(f"Kernel distance (MMD, cubic kernel) of outputs to the images; {_EMBEDDED}", "lower"),
    "lpips_diversity": Definition("Mean LPIPS (AlexNet) between the outputs of one source", "higher"),
    "lpips_embedded_diversity": Definition(f"Mean LPIPS between the outputs of one source; {_EMBEDDED}", "higher"),
    "domain_accuracy": Definition("Share of outputs that the hair classifier sees in the target domain", "higher"),
    "identity_similarity": Definition(
        "Cosine similarity of the face embeddings of outputs and their sources, by the given network", "higher"
    ),
    "million_parameters": Definition("Parameters of the networks that work on an image, in millions", "lower"),
    "giga_multiply_adds": Definition("Multiply-adds per image, convolutions and matrix products, in 1e9", "lower"),
    "seconds_per_image": Definition("Seconds per image, one at a time, on the device of this evaluation", "lower"),
    "psnr": Definition("Peak signal-to-noise ratio of reconstructions, dB, at most 100", "higher"),
    "ssim": Definition("Structural similarity of reconstructions, Gaussian window of sigma 1.5", "higher"),
    "rmse": Definition("Root mean squared error of reconstructions, values from 0 to 1", "lower"),
    "lpips": Definition("LPIPS (AlexNet) of reconstructions", "lower"),
    "lpips_embedded": Definition(f"LPIPS of reconstructions; {_EMBEDDED}", "lower"),
    "outside_psnr": Definition("PSNR against the source over the pixels outside the hair, dB, at most 100", "higher"),
    "outside_ssim": Definition("SSIM against the source over the pixels outside the hair", "higher"),
    "outside_lpips": Definition("LPIPS of the source with the edit's pixels outside the hair, to the source", "lower"),
    "outside_lpips_embedded": Definition(
        f"LPIPS of the source with the edit's pixels outside the hair, to the source; {_EMBEDDED}", "lower"
    ),
    "outside_bytes_changed": Definition("Share of bytes outside the hair that differ from the source", "lower"),
    "hair_color_distance": Definition("CIEDE2000 between the mean hair colors of edit and reference", "lower"),
    "hair_iou": Definition("Intersection over union of the hair that is parsed and that of the label map", "higher"),
    "mean_iou": Definition("Intersection over union, mean over the regions that occur, background included", "higher"),
    "mean_f1": Definition("F1, mean over the regions that occur, without the background", "higher"),
    "pixel_accuracy": Definition("Share of pixels with the correct region", "higher"),
    "mean_accuracy": Definition("Share of images with the correct class, mean over the heads", "higher"),
    "hair_ciede2000": Definition("Mean CIEDE2000 to the true result, over old and new hair", "lower"),
    "outside_ciede2000": Definition("Mean CIEDE2000 to the true result, outside old and new hair", "lower"),
}


def add_definitions(definitions: Mapping[str, Definition], of: str) -> None:
    """Add the definitions of a metric's values.

    Args:
        of: whose they are, for the message.

    Raises:
        ValueError: a name already means something else.
    """
    for name, definition in definitions.items():
        if DEFINITIONS.setdefault(name, definition) != definition:
            raise ValueError(
                f"{of} defines '{name}', which is already the name of a value ({DEFINITIONS[name].text}): "
                "choose another"
            )


def define(name: str) -> Definition | None:
    """The definition of a value by its name, e.g. `latent/fid_embedded/mean`; None if there is none."""
    parts = name.removesuffix("/mean").split("/")
    return next((DEFINITIONS[part] for part in parts if part in DEFINITIONS), None)


def readable(name: str) -> str:
    """The name of a value for display: `latent/fid_embedded/mean` becomes `fid_embedded, latent`."""
    first, _, rest = name.removesuffix("/mean").partition("/")
    return f"{rest}, {first}" if first in MODES else name
