import pytest
import torch
from torch.nn import functional as F

from hairgan.losses.adversarial import logistic_loss, r1_penalty


def test_logistic_loss_is_a_mean_softplus() -> None:
    logits = torch.tensor([-3.0, 0.5, 8.0])
    torch.testing.assert_close(logistic_loss(logits, real=True), F.softplus(-logits).mean())
    torch.testing.assert_close(logistic_loss(logits, real=False), F.softplus(logits).mean())


def test_logistic_loss_of_half_precision_logits_is_computed_in_single() -> None:
    logits = torch.tensor([0.5, 8.0], dtype=torch.bfloat16)
    loss = logistic_loss(logits, real=False)
    assert loss.dtype == torch.float32
    assert float(loss) == pytest.approx(float(F.softplus(logits.double()).mean()), rel=1e-6)


def test_r1_of_a_known_function() -> None:
    # D(x) = sum of a * x^2 / 2 has the gradient a * x: R1 = a^2 |x|^2 / 2, and dR1/da = a |x|^2, a mean over the batch
    a = torch.tensor(3.0, requires_grad=True)
    x = torch.randn(4, 3, 2, 2, requires_grad=True)
    penalty = r1_penalty((a * x**2 / 2).sum((1, 2, 3)), x)
    squared_norm = x.detach().pow(2).sum((1, 2, 3)).mean()
    torch.testing.assert_close(penalty, 4.5 * squared_norm)
    penalty.backward()
    torch.testing.assert_close(a.grad, 3 * squared_norm)
