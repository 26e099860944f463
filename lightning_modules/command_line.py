"""The command lines of train.py, evaluate.py and sweep.py: what a user got wrong ends in one sentence."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from lightning_modules.user_errors import one_sentence

HYDRAS = "HYDRA_FULL_ERROR"
ASKED = "HAIRGAN_FULL_ERROR"  # what the user wants of it; also for the processes that a run starts


@contextmanager
def errors_as_sentences(program: str) -> Iterator[None]:
    """Tell an error of the user's in one sentence, and exit with code 1.

    A bug keeps its trace, and so does everything where `HYDRA_FULL_ERROR=1` is set. To be used twice: around what a
    Hydra main does, so that Hydra has nothing to add, and around the call of that main, for the config.

    Args:
        program: how the command line is called, for the sentence.
    """
    trace = os.environ.setdefault(ASKED, os.environ.get(HYDRAS, "0")) == "1"
    os.environ[HYDRAS] = "1"  # Hydra then raises what it would print over several lines
    try:
        yield
    except Exception as error:
        sentence = None if trace else one_sentence(error)
        if sentence is None:
            raise
        sys.exit(f"{program}: {sentence}")
