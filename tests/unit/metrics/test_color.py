import numpy as np
import torch
from skimage.color import deltaE_ciede2000, rgb2lab

from hairgan.metrics.color import ciede2000, rgb_to_lab


def test_lab_equals_skimage():
    rgb = np.random.default_rng(0).random((500, 3))
    rgb[0], rgb[1] = 0, 1
    np.testing.assert_allclose(rgb_to_lab(torch.from_numpy(rgb)), rgb2lab(rgb), atol=1e-3)


def test_ciede2000_equals_skimage():
    rng = np.random.default_rng(1)
    a, b = (rng.uniform((0, -100, -100), (100, 100, 100), (3000, 3)) for _ in range(2))
    b[:1000] = a[:1000] + rng.normal(size=(1000, 3))
    b[0], a[1], a[2, 1:], b[2, 1:] = a[0], (50, 0, 0), 0, 0  # same, one grey, both grey
    expected = deltaE_ciede2000(a, b)
    np.testing.assert_allclose(ciede2000(torch.from_numpy(a), torch.from_numpy(b)), expected, atol=1e-6)


def test_ciede2000_of_published_pairs():
    # Sharma, Wu & Dalal 2005, table 1, pairs 1, 7, 17 and 25
    a = [(50, 2.6772, -79.7751), (50, 0, 0), (50, 2.5, 0), (60.2574, -34.0099, 36.2677)]
    b = [(50, 0, -82.7485), (50, -1, 2), (73, 25, -18), (60.4626, -34.1751, 39.4387)]
    distance = ciede2000(torch.tensor(a, dtype=torch.float64), torch.tensor(b, dtype=torch.float64))
    np.testing.assert_allclose(distance, [2.0425, 2.3669, 27.1492, 1.2644], atol=1e-4)
