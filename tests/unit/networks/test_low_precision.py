import torch

from hairgan.networks.low_precision import in_low_precision
from hairgan.networks.sean import SEANGenerator


def test_sean_in_low_precision_paints_what_autocast_paints():
    torch.manual_seed(0)
    sean = SEANGenerator(image_size=32, width=4, style_dim=8)
    labels = torch.randint(0, 19, (2, 4, 4)).repeat_interleave(8, 1).repeat_interleave(8, 2)
    with torch.no_grad():
        for _ in range(20):  # spectral norm and batch statistics settle
            sean(labels, torch.rand(2, 19, 8))
    sean.eval()
    before = {name: value.clone() for name, value in sean.state_dict().items()}
    images = torch.rand(2, 3, 32, 32) * 2 - 1
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        codes = sean.encode_styles(images, labels)
        low = in_low_precision(sean)
        assert torch.equal(low.encode_styles(images, labels), codes)
        expected, painted = sean(labels, codes).float(), low(labels, codes).float()
    assert expected.std() > 1e-3
    assert (painted - expected).abs().mean() < 0.05 * expected.std()
    after = sean.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items()), "the network itself stays as it was"
