"""Networks for labelling, out of bundles, made ready for inference."""

from __future__ import annotations

import torch
from torch import nn

from hairgan.networks.face_parser import BiSeNet
from hairgan.networks.hair_classifier import HairClassifier
from hairgan.networks.resnet import Network, fold_batch_norm
from hairgan.photos.faces import FaceFinder, MTCNNFinder, RegionFinder
from hairgan.weights.bundles import load_bundle


def load_parser(source: str, device: str | torch.device = "cpu") -> BiSeNet:
    """The face parser of a bundle, with batch norm folded.

    Raises:
        ValueError: no bundle, or none of its parts is a face parser.
    """
    return fold_batch_norm(_only(source, BiSeNet, "face parser")).to(device)


def load_classifier(source: str, device: str | torch.device = "cpu") -> HairClassifier:
    """The hair classifier of a bundle, with batch norm folded.

    Raises:
        ValueError: no bundle, or none of its parts is a hair classifier.
    """
    return fold_batch_norm(_only(source, HairClassifier, "hair classifier")).to(device)


def face_finder(parser: nn.Module) -> FaceFinder:
    """The face detector where it is installed, else the parser itself, for photos that one face fills."""
    return MTCNNFinder() if MTCNNFinder.available() else RegionFinder(parser)


def _only(source: str, kind: type[Network], what: str) -> Network:
    networks = load_bundle(source).networks
    found = [network for network in networks.values() if isinstance(network, kind)]
    if len(found) != 1:
        parts = ", ".join(f"{name}: {type(network).__name__}" for name, network in networks.items())
        raise ValueError(f"{source}: looked for one {what}, found {len(found)} among its parts ({parts})")
    return found[0]
