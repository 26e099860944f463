"""Draws are functions of (seed, purpose, counters), the same on every machine."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hairgan.randomness import key, normal, numpy_generator, permuted_position, shuffled_position, torch_generator


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


@pytest.mark.parametrize("order", [shuffled_position, permuted_position])
@pytest.mark.parametrize("size", [1, 2, 3, 10, 16, 17, 1000])
def test_each_epoch_of_the_shuffled_order_has_every_item_once(order, size) -> None:
    found = order(np.arange(3 * size), size, 0, "order").reshape(3, size)
    assert (np.sort(found, axis=1) == np.arange(size)).all()
    assert size < 10 or not (found[0] == found[1]).all()


@pytest.mark.parametrize("order", [shuffled_position, permuted_position])
def test_a_batch_of_positions_is_read_out_of_the_whole_order(order) -> None:
    whole = order(np.arange(40), 10, 0, "order")
    across = np.arange(7, 23)  # of three epochs
    assert np.array_equal(order(across, 10, 0, "order"), whole[across])


def test_the_order_stays_what_it_is() -> None:
    """It decides the batches of every run: another order could not continue or repeat one."""
    assert shuffled_position(np.arange(12, 18), 10, 7, "order/train").tolist() == [5, 9, 1, 3, 2, 6]
    assert permuted_position(np.arange(12, 18), 10, 7, "order/train").tolist() == [3, 0, 6, 2, 5, 1]


@pytest.mark.parametrize("size", [5, 6, 10, 50])
def test_every_item_and_every_pair_of_items_is_as_likely_at_a_place(size) -> None:
    epochs = 4000
    first, second = shuffled_position(np.arange(epochs * size), size, 1, "order").reshape(epochs, size)[:, :2].T
    singles = np.bincount(first, minlength=size)
    pairs = np.bincount(first * size + second, minlength=size**2).reshape(size, size)[~np.eye(size, dtype=bool)]
    for counts in (singles, pairs):  # chi-square per degree of freedom: 1 is expected
        expected = epochs / len(counts)
        assert ((counts - expected) ** 2 / expected).sum() / (len(counts) - 1) < 1 + 4 * (2 / (len(counts) - 1)) ** 0.5


def test_the_order_of_many_images_costs_no_more_than_that_of_few() -> None:
    last = shuffled_position(np.array([10**12 - 1]), 10**12, 0, "order")  # a whole epoch of these would not fit
    assert 0 <= last[0] < 10**12
