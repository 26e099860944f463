import numpy as np
import polars as pl
import pytest
import torch

from hairgan.data.packed_dataset import PackedDataset
from hairgan.domains import Domains
from hairgan.evaluation.settings import EvaluationData
from hairgan.networks.stargan import Generator, MappingNetwork, StyleEncoder

DOMAINS = ("red", "green", "bright")
QUERIES = {"red": "Bangs", "green": "NOT Bangs", "bright": "hair_color = 'blond'"}  # not looked at


def make_data(folder, count=40, size=32):
    """Images that are red or green, some of them bright; the first 28 are for training."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 120, (count, size, size, 3), dtype=np.uint8)
    membership = np.zeros((count, 3), dtype=bool)
    membership[np.arange(count), np.arange(count) % 2] = True
    membership[:, 2] = np.arange(count) % 3 == 0
    for image, (_, green, bright) in zip(images, membership, strict=True):
        image[..., int(green)] += 90
        image += 40 * np.uint8(bright)
    folder.mkdir(exist_ok=True)
    np.save(folder / "images.npy", images)
    attributes = pl.DataFrame({"split": ["train"] * 28 + ["val"] * (count - 28)})
    dataset = PackedDataset(
        folder, size, np.load(folder / "images.npy", mmap_mode="r"), None, attributes, "fingerprint", {}
    )
    return EvaluationData(dataset, Domains(QUERIES), membership)


def make_networks(num_domains=3):
    torch.manual_seed(0)
    options = {"image_size": 32, "max_width": 16, "base_width": 8}
    return {
        "generator": Generator(w_hpf=0.0, style_dim=8, **options),
        "mapping_network": MappingNetwork(num_domains, style_dim=8, hidden_dim=16),
        "style_encoder": StyleEncoder(num_domains=num_domains, style_dim=8, **options),
    }


@pytest.fixture(scope="package")
def data(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="package")
def networks():
    return make_networks()
