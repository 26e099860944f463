import time

import pytest
import torch
from torch import nn

from hairgan.metrics.cost import measure_cost, multiply_adds


def test_cost_of_a_convolution_by_hand():
    network = nn.Conv2d(3, 8, 3, padding=1, bias=False)
    image = torch.zeros(1, 3, 16, 16)
    cost = measure_cost(lambda: network(image), [network], "cpu")
    assert cost.million_parameters == pytest.approx(3 * 8 * 9 / 1e6)
    assert cost.giga_multiply_adds == pytest.approx(16 * 16 * 3 * 8 * 9 / 1e9)


def test_matrix_products_count_elementwise_work_does_not():
    a = torch.zeros(4, 5)
    assert multiply_adds(lambda: (a @ a.T).relu() + 1) == 4 * 5 * 4


def test_the_first_call_is_not_timed():
    calls = []

    def work():
        calls.append(0)
        time.sleep(0.5 if len(calls) == 1 else 0.02)

    cost = measure_cost(work, [], "cpu", repeats=3)
    assert len(calls) == 4
    assert 0.02 <= cost.seconds_per_image < 0.25
