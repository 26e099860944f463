"""What is asked for, and the true answer: the same person drawn again with other hair."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count, islice

from jaxtyping import UInt8
from numpy import ndarray

from hairgan.portraits import Hairstyle, Identity, draw
from hairgan.regions import Region

TASKS = ("dye", "restyle")

SEED = 7919
"""Of the benchmark's portraits: nothing may be trained on portraits of this seed."""

MIN_HAIR = 0.02
"""Share of the picture that hair must cover in source, reference and truth."""


@dataclass(frozen=True)
class EditCase:
    """An edit that is asked for: all that a method may look at.

    Attributes:
        task: `dye` asks for the reference's hair colour on the source's hair, `restyle` for the reference's whole hair,
            its colour included.
        index: number of the case in its task.
        source, reference: RGB pictures.
        source_labels, reference_labels: their true label maps.
        target_domain: for `restyle` the reference's hair domain (`long_straight`, `long_perm`, `bob` or `short`), for
            `dye` the name of its hair colour.
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
    """The true result of an edit: hidden from methods."""

    image: UInt8[ndarray, "s s 3"]
    labels: UInt8[ndarray, "s s"]


Method = Callable[[EditCase], UInt8[ndarray, "s s 3"]]
"""An editor under test: a case to the edited picture, of the source's size."""


def cases(task: str, pairs: int, size: int, seed: int = SEED) -> Iterator[tuple[EditCase, Truth]]:
    """The first `pairs` cases of a task; fewer pairs are a prefix of more.

    Raises:
        ValueError: no such task.
    """
    if task not in TASKS:
        raise ValueError(f"there is no task {task!r}: the tasks are {', '.join(TASKS)}")
    return islice(_all_cases(task, size, seed), pairs)


def _all_cases(task: str, size: int, seed: int) -> Iterator[tuple[EditCase, Truth]]:
    accepted = count()
    for candidate in count():
        source, reference = 2 * candidate, 2 * candidate + 1
        person, worn = Identity.sample(seed, source), Hairstyle.sample(seed, source)
        wanted = Hairstyle.sample(seed, reference)
        if task == "dye":
            asks = wanted.color_name != worn.color_name
            new = replace(
                worn, color_name=wanted.color_name, color=wanted.color, streaks=wanted.streaks,
                streak_share=wanted.streak_share,
            )  # fmt: skip
        else:
            asks = (wanted.length, wanted.texture, wanted.bangs) != (worn.length, worn.texture, worn.bangs)
            new = wanted
        if not asks:
            continue
        before = draw(person, worn, size)
        example = draw(Identity.sample(seed, reference), wanted, size)
        after = draw(person, new, size)
        if min((portrait.labels == Region.HAIR).mean() for portrait in (before, example, after)) < MIN_HAIR:
            continue  # under a hat, say
        case = EditCase(
            task, next(accepted), before.image, before.labels, example.image, example.labels,
            wanted.color_name if task == "dye" else _hair_domain(wanted),
        )  # fmt: skip
        yield case, Truth(after.image, after.labels)


def _hair_domain(hairstyle: Hairstyle) -> str:
    return f"long_{hairstyle.texture}" if hairstyle.length == "long" else hairstyle.length
