"""What the benchmark measures: a method is a callable from a case to the edited picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from hairgan.editbench.drawn_cases import EditCase, SolvedCase, Truth

Method = Callable[[EditCase], UInt8[ndarray, "s s 3"]]
"""A method under test; the edited picture has the source's size."""


@runtime_checkable
class InformedMethod(Protocol):
    """A method that sees the truth as well, to measure what one of its steps costs; not to be compared with others."""

    def edit_with_truth(self, case: EditCase, truth: Truth) -> UInt8[ndarray, "s s 3"]:
        """The edited picture, of the source's size."""


def apply(name: str, method: Method | InformedMethod, solved: SolvedCase) -> UInt8[ndarray, "s s 3"]:
    """Edit the source of a case.

    Args:
        name: of the method, for messages.

    Raises:
        ValueError: the method failed, or its picture has another shape or type than the source.
    """
    case = solved.case
    try:
        edited = method.edit_with_truth(case, solved.truth) if isinstance(method, InformedMethod) else method(case)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(f"{name} failed with {case.task} case {case.index} ({reason})") from error
    if not isinstance(edited, np.ndarray):
        kind = type(edited).__name__
        raise ValueError(f"{name}: the edit of {case.task} case {case.index} is not an array, but of type {kind}")
    if edited.shape != case.source.shape or edited.dtype != np.uint8:
        raise ValueError(
            f"{name}: the edit of {case.task} case {case.index} is {edited.dtype} of shape {edited.shape}, "
            f"the source uint8 of shape {case.source.shape}"
        )
    return edited
