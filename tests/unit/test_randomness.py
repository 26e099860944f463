"""Draws are functions of (seed, purpose, counters), the same on every machine."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hairgan.randomness import key, normal, numpy_generator, shuffled_position, torch_generator


def test_keys_stay_what_they_are() -> None:
    """They seed every run and every drawn portrait: another value would make other batches and other people."""
    assert key(0, "latent") == 253606037668993055
    assert key(7, "order/train", 3) == 1274466344449524455
    assert key(0, "augment/image", 12) != key(0, "augment/image", 1, 2)


def test_the_same_arguments_draw_the_same() -> None:
    assert np.array_equal(numpy_generator(1, "a", 2).random(5), numpy_generator(1, "a", 2).random(5))
    assert torch.equal(normal(1, "a", 2, shape=(3, 4)), normal(1, "a", 2, shape=(3, 4)))
    assert torch_generator(1, "a", 2).initial_seed() == key(1, "a", 2)


@pytest.mark.parametrize("other", [(2, "a", 2), (1, "b", 2), (1, "a", 3), (1, "a")])
def test_other_arguments_draw_otherwise(other: tuple) -> None:
    assert not np.array_equal(numpy_generator(1, "a", 2).random(5), numpy_generator(*other).random(5))


def test_each_epoch_of_the_shuffled_order_has_every_item_once() -> None:
    order = shuffled_position(np.arange(3 * 10), 10, 0, "order").reshape(3, 10)
    assert (np.sort(order, axis=1) == np.arange(10)).all()
    assert not (order[0] == order[1]).all()


def test_a_batch_of_positions_is_read_out_of_the_whole_order() -> None:
    whole = shuffled_position(np.arange(40), 10, 0, "order")
    across = np.arange(7, 23)  # of three epochs
    assert np.array_equal(shuffled_position(across, 10, 0, "order"), whole[across])
