import math

import pytest
import torch
from torch import Tensor

from hairgan.losses.segmentation import bisenet_loss, ohem_cross_entropy, soft_jaccard_loss


def reference(logits: Tensor, labels: Tensor, threshold: float, kept: int) -> float:
    """The published rule, in words of one pixel at a time: sort, look at the `kept`-th, take what is above."""
    losses = []
    for score, label in zip(logits.permute(0, 2, 3, 1).reshape(-1, logits.shape[1]), labels.flatten(), strict=True):
        losses.append(0.0 if label == -100 else -math.log(score.double().softmax(0)[label]))
    losses.sort(reverse=True)
    limit = -math.log(threshold)
    chosen = [x for x in losses if x > limit] if losses[kept] > limit else losses[:kept]
    return sum(chosen) / len(chosen)


@pytest.mark.parametrize("sharpness", [0.0, 3.0, 9.0])  # all pixels hard, some, hardly any
def test_equals_the_published_rule(sharpness):
    torch.manual_seed(0)
    labels = torch.randint(0, 5, (2, 8, 8))
    logits = torch.randn(2, 5, 8, 8)
    logits += sharpness * torch.nn.functional.one_hot(labels, 5).permute(0, 3, 1, 2)
    labels[0, :2] = -100
    expected = reference(logits, labels, 0.7, 8)
    assert ohem_cross_entropy(logits, labels).item() == pytest.approx(expected, rel=1e-5)
    assert bisenet_loss([logits, logits, logits], labels).item() == pytest.approx(3 * expected, rel=1e-5)


def test_only_hard_pixels_get_a_gradient():
    labels = torch.zeros(1, 4, 8, dtype=torch.int64)
    logits = torch.zeros(1, 2, 4, 8)
    logits[0, 0, 1:] = 5.0  # easy
    logits.requires_grad_()
    ohem_cross_entropy(logits, labels).backward()
    assert (logits.grad[0, 0, 0] != 0).all()
    assert (logits.grad[:, :, 1:] == 0).all()


def test_nothing_to_learn_from():
    logits = torch.randn(1, 19, 2, 2, requires_grad=True)
    loss = ohem_cross_entropy(logits, torch.full((1, 2, 2), -100))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad.abs().sum() == 0


def test_smaller_heads_meet_the_nearest_labels():
    torch.manual_seed(0)
    small = torch.randint(0, 5, (2, 4, 4))
    labels = small.repeat_interleave(2, 1).repeat_interleave(2, 2)
    labels[0, :2] = small[0, 0] = -100
    main, auxiliary = torch.randn(2, 5, 8, 8), torch.randn(2, 5, 4, 4)
    parts = bisenet_loss([main], labels), bisenet_loss([auxiliary], small)
    torch.testing.assert_close(bisenet_loss([main, auxiliary], labels), sum(parts))


def test_soft_jaccard_of_decisions_is_the_iou():
    predicted, labels = torch.zeros(1, 4, 4, dtype=torch.int64), torch.zeros(1, 4, 4, dtype=torch.int64)
    predicted[0, :2], labels[0, 1:3] = 1, 1
    labels[0, 3, 3] = -100
    logits = 100.0 * torch.nn.functional.one_hot(predicted, 3).permute(0, 3, 1, 2)
    ious = (3 / 11, 4 / 12)  # of 0 (15 pixels count) and of 1; 2 is not there
    assert soft_jaccard_loss(logits, labels).item() == pytest.approx(1 - sum(ious) / 2, rel=1e-5)


def test_soft_jaccard_gives_rare_regions_the_benefit_of_the_doubt():
    """Ten pixels that look alike, four of them a necklace: cross entropy rests at 40 %, the overlap wants more."""
    labels = torch.zeros(1, 16, 16, dtype=torch.int64)
    labels[0, 4, :4] = 1
    doubt = torch.tensor(math.log(0.4 / 0.6), requires_grad=True)
    logits = torch.zeros(1, 2, 16, 16)
    logits[:, 0] = 20
    logits[0, 0, 4, :10] = 0
    logits = logits + doubt * torch.eye(2)[1][None, :, None, None] * (logits[:, :1] == 0)
    pulls = [torch.autograd.grad(loss, doubt, retain_graph=True)[0].item() for loss in (
        torch.nn.functional.cross_entropy(logits, labels), soft_jaccard_loss(logits, labels)
    )]  # fmt: skip
    assert pulls[0] == pytest.approx(0, abs=1e-6) and pulls[1] < -0.01
