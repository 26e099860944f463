"""What a user got wrong ends in one sentence; a bug keeps its trace."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches

from hydra.errors import (
    ConfigCompositionException,
    HydraException,
    InstantiationException,
    MissingConfigException,
    OverrideParseException,
)
from omegaconf import DictConfig
from omegaconf.errors import ConfigAttributeError, OmegaConfBaseException

from lightning_modules.launch.settings.hints import COMMON_NAMES

HYDRA_FULL_ERROR = "HYDRA_FULL_ERROR"
FULL_ERROR = "HAIRGAN_FULL_ERROR"  # the user's choice, also for the processes that a run starts

USERS = (ValueError, OSError, OmegaConfBaseException, ModuleNotFoundError)
USERS_BY_NAME = ("NonFiniteError", "ProcessLostError", "MisconfigurationException")
"""Those of modules that need torch: they are not imported for a config that is refused before it is needed."""


@contextmanager
def errors_as_sentences(program: str) -> Iterator[None]:
    """Tell an error of the user's in one sentence, and exit with code 1.

    A bug keeps its trace, and so does everything where `HYDRA_FULL_ERROR=1` is set. To be used twice: around what a
    Hydra main does, so that Hydra has nothing to add, and around the call of that main, for the config.

    Args:
        program: how the command line is called, for the sentence.
    """
    trace = os.environ.setdefault(FULL_ERROR, os.environ.get(HYDRA_FULL_ERROR, "0")) == "1"
    os.environ[HYDRA_FULL_ERROR] = "1"  # Hydra then raises what it would print over several lines
    try:
        yield
    except Exception as error:
        sentence = None if trace else one_sentence(error)
        if sentence is None:
            raise
        sys.exit(f"{program}: {sentence}")


def one_sentence(error: BaseException) -> str | None:
    """The message for a user, or None for an error that is a bug and deserves its trace."""
    if isinstance(error, HydraException):
        return _of_hydra(error)
    if isinstance(error, OmegaConfBaseException):
        return _of_omegaconf(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    if isinstance(error, ValueError) and str(error).startswith("Config group override must be"):
        return "the choice of a group is a name, as in model=stargan"
    if isinstance(error, RuntimeError) and str(error).startswith("DataLoader worker"):
        return (
            f"a process that reads batches is gone ({' '.join(str(error).split())[:120]}), for want of memory or "
            "because a data file was cut short; data.num_workers=0 reads in the training process"
        )
    if isinstance(error, ValueError) and str(error).startswith("Expected more than 1 value per channel"):
        return (
            "a batch normalisation has one value for each channel, and needs two or more: raise batch_size, or give it "
            "fewer processes or parts (accumulate)"
        )
    if isinstance(error, USERS) or any(kind.__name__ in USERS_BY_NAME for kind in type(error).__mro__):
        return " ".join(str(error).split())
    return None


def _of_omegaconf(error: OmegaConfBaseException) -> str:
    what = str(error).splitlines()[0] if str(error) else type(error).__name__
    if found := re.fullmatch(r"Key '(.+)' is not in struct", what):
        name = str(error.full_key or found.group(1))
        return f"there is no setting '{name}'{_in_a_file(name) or '; --cfg job shows all of them'}"
    if told := _in_a_file(str(error.full_key)):
        return f"{error.full_key} cannot be given here{told}"
    return f"{error.full_key}: {what}" if error.full_key and error.full_key not in what else what


def _of_hydra(error: HydraException) -> str:
    cause = error.__cause__
    if isinstance(error, InstantiationException):  # Hydra wraps what a constructor raised
        return (one_sentence(cause) if cause is not None else None) or " ".join(str(error).split())
    if isinstance(error, MissingConfigException) and error.missing_cfg_file and error.options:
        group, _, name = error.missing_cfg_file.rpartition("/")
        return f"there is no {group} '{name}'{_nearest(name, error.options)}; there are {', '.join(error.options)}"
    if isinstance(cause, ConfigAttributeError) and isinstance(cause.parent_node, DictConfig):
        name, full = str(cause.key), str(cause.full_key)
        if full in COMMON_NAMES:
            return f"there is no setting '{full}': {COMMON_NAMES[full]}"
        names = [str(known) for known in cause.parent_node]
        return f"there is no setting '{full}'{_nearest(name, names)}; --cfg job shows all of them"
    if isinstance(error, ConfigCompositionException) and isinstance(cause, OmegaConfBaseException):
        return _of_omegaconf(cause)
    if isinstance(error, ConfigCompositionException) and "No match in the defaults list" in str(error):
        group = str(error).split("'")[1]
        return f"the group {group} is not chosen from by this config{NO_MATCH.get(group.split('@')[0], '')}"
    if isinstance(error, OverrideParseException):
        if not error.override.isascii():
            name, _, value = error.override.partition("=")
            quoted = f"'{name}=\"{value}\"'"
            return f"'{error.override}' cannot be read: a value with letters like these goes into quotes, {quoted}"
        if "=" not in error.override:
            return f"'{error.override}' is not of the form NAME=VALUE"
        if re.search(r"[=,\[]~", error.override):
            return f"'{error.override}': write the whole path of the home directory, or quote the value; ~ is not read"
        why = str(error.__cause__ or error).split("See https://")[0].removeprefix("LexerNoViableAltException: ")
        return f"'{error.override}' is not of the form NAME=VALUE ({' '.join(why.split())})"
    return " ".join(str(error).split())


FILES = {
    "sweep.space": ": the settings that a sweep varies are in a file in conf/sweep, which sweep=NAME chooses",
    "data.domains.queries": ": a set of domains is a file in conf/data/domains, which data/domains=NAME chooses",
}
"""What names of the user's own are given by."""

NO_MATCH = {
    "data/domains": ": an image folder's domains are its folders",
    **dict.fromkeys(("model", "data", "trainer", "experiment", "callbacks"), ": evaluate.py takes the run's own"),
    "model/optimizer": ": face_parser and hair_classifier have one optimizer, the GANs have model.optimizers.NETWORK",
}


def _in_a_file(name: str) -> str:
    return next((told for group, told in FILES.items() if name == group or name.startswith(f"{group}.")), "")


def _nearest(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f" (did you mean '{close[0]}'?)" if close else ""
