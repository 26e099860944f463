"""The benchmark's edits and their true results: the same person drawn again with other hair."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count, islice

from jaxtyping import UInt8
from numpy import ndarray

from hairgan.editbench.tasks import SEED, TASKS
from hairgan.portraits import Hairstyle, Identity, draw
from hairgan.regions import Region

MIN_HAIR = 0.02
"""Share of the picture that hair must cover in source, reference and truth."""


@dataclass(frozen=True)
class EditCase:
    """A requested edit: all that a method may see.

    Attributes:
        task: `dye` requests the reference's hair color on the source's hair, `restyle` the reference's whole hair, its
            color included.
        index: number of the case in its task.
        source, reference: RGB pictures.
        source_labels, reference_labels: their true label maps.
        target_domain: for `restyle` the reference's hair domain (`long_straight`, `long_perm`, `bob` or `short`), for
            `dye` the name of its hair color.
    """

    task: str
    index: int
    source: UInt8[ndarray, "s s 3"]
    source_labels: UInt8[ndarray, "s s"]
    reference: UInt8[ndarray, "s s 3"]
    reference_labels: UInt8[ndarray, "s s"]
    target_domain: str


@dataclass(frozen=True)
class Truth:
    """The true result of an edit, which methods do not see."""

    image: UInt8[ndarray, "s s 3"]
    labels: UInt8[ndarray, "s s"]


@dataclass(frozen=True)
class SolvedCase:
    """A requested edit and its true result."""

    case: EditCase
    truth: Truth


def cases(task: str, pairs: int, size: int, seed: int = SEED) -> Iterator[SolvedCase]:
    """The first `pairs` cases of a task; the cases of a smaller number are the first of a larger one.

    Raises:
        ValueError: no such task.
    """
    if task not in TASKS:
        raise ValueError(f"there is no task {task!r}: the tasks are {', '.join(TASKS)}")
    return islice(_all_cases(task, size, seed), pairs)


def _all_cases(task: str, size: int, seed: int) -> Iterator[SolvedCase]:
    accepted = count()
    for candidate in count():
        source, reference = 2 * candidate, 2 * candidate + 1
        person, old = Identity.sample(seed, source), Hairstyle.sample(seed, source)
        wanted = Hairstyle.sample(seed, reference)
        if task == "dye":
            differs = wanted.color_name != old.color_name
            new = replace(
                old, color_name=wanted.color_name, color=wanted.color, streaks=wanted.streaks,
                streak_share=wanted.streak_share,
            )  # fmt: skip
        else:
            differs = (wanted.length, wanted.texture, wanted.bangs) != (old.length, old.texture, old.bangs)
            new = wanted
        if not differs:
            continue
        before = draw(person, old, size)
        example = draw(Identity.sample(seed, reference), wanted, size)
        after = draw(person, new, size)
        if min((portrait.labels == Region.HAIR).mean() for portrait in (before, example, after)) < MIN_HAIR:
            continue  # hair under a hat, for example
        target = wanted.color_name if task == "dye" else _hair_domain(wanted)
        pictures = before.image, before.labels, example.image, example.labels
        yield SolvedCase(EditCase(task, next(accepted), *pictures, target), Truth(after.image, after.labels))


def _hair_domain(hairstyle: Hairstyle) -> str:
    return f"long_{hairstyle.texture}" if hairstyle.length == "long" else hairstyle.length
