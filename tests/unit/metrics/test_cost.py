import time

import pytest

from hairgan.metrics.cost import measure_cost


def test_the_first_call_does_not_count():
    calls = []

    def work():
        calls.append(bytearray(1 << 20))
        time.sleep(0.5 if len(calls) == 1 else 0.02)

    cost = measure_cost(work, "cpu", repeats=3)
    assert len(calls) == 4
    assert cost.seconds == pytest.approx(0.02, abs=0.2)
    assert cost.peak_bytes > 50 << 20  # this process, in bytes
    assert "threads" in cost.device
