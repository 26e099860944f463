"""What can be asked of an evaluation, by name; nothing heavy is imported, so that a command line can check it first."""

from __future__ import annotations

METRICS = {
    "face_parser": ("segmentation",),
    "hair_classifier": ("attributes",),
    "stargan": ("fid", "lpips", "domain_accuracy"),
    "sean": ("fid", "kid", "reconstruction", "edits", "segmentation", "editbench"),
}
"""Metrics by family."""

PROTOCOLS = {
    "embedded": "fixed random networks that ship with hairgan; for trends, never to be quoted as FID or LPIPS",
    "stargan_v2": "as published for StarGAN v2: torchvision's Inception and AlexNet, ImageNet weights",
    "standard": "the TF-ported Inception of the standard FID (torch-fidelity), LPIPS on torchvision's AlexNet",
}
"""Networks that measure, and what they are."""

MODES = ("latent", "reference")
"""StarGAN v2: where styles come from."""

SPLITS = ("train", "val", "test")
