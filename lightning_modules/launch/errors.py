"""Errors that a user can cause are printed as one sentence; bugs keep their traceback."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from hydra.errors import (
    ConfigCompositionException,
    HydraException,
    InstantiationException,
    MissingConfigException,
    OverrideParseException,
)
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from hairgan import programs
from lightning_modules.launch.config_comments import choices
from lightning_modules.launch.settings.hints import COMMON_NAMES, did_you_mean
from lightning_modules.launch.settings.wording import nearest

HYDRA_FULL_ERROR = "HYDRA_FULL_ERROR"
FULL_ERROR = "HAIRGAN_FULL_ERROR"
"""Environment variable with the user's value of `HYDRA_FULL_ERROR`, also for the processes that a run starts."""

INTERRUPTED = 130  # the exit code of shells for a program that Ctrl-C ended
USER_ERRORS = (ValueError, OSError, OmegaConfBaseException, ModuleNotFoundError)
USER_ERRORS_BY_NAME = ("NonFiniteError", "ProcessLostError", "MisconfigurationException")
"""Errors of modules that need torch, which is not imported before the config is checked."""


@contextmanager
def errors_as_sentences(program: str) -> Iterator[None]:
    """A context in which an error that a user can cause is printed as one sentence, and ends the program with code 1.

    Ctrl-C ends it with a sentence too, and code 130. Bugs keep their traceback, and with `HYDRA_FULL_ERROR=1` every
    error does. Use it twice: inside a Hydra main function, so that Hydra adds nothing, and around the call of that
    function, for errors in the config.

    Args:
        program: `train.py`, `evaluate.py` or `sweep.py`, for the message.
    """
    before = {name: os.environ.get(name) for name in (FULL_ERROR, HYDRA_FULL_ERROR)}
    with_traceback = os.environ.setdefault(FULL_ERROR, os.environ.get(HYDRA_FULL_ERROR, "0")) == "1"
    os.environ[HYDRA_FULL_ERROR] = "1"  # Hydra then raises errors instead of printing them
    try:
        yield
    except Exception as error:
        sentence = None if with_traceback else one_sentence(error)
        if sentence is None:
            raise
        sys.exit(f"{programs.spoken(program.removesuffix('.py'))}: {sentence}")
    except KeyboardInterrupt:
        if with_traceback:
            raise
        print(f"{programs.spoken(program.removesuffix('.py'))}: stopped by Ctrl-C", file=sys.stderr)
        sys.exit(INTERRUPTED)
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def one_sentence(error: BaseException) -> str | None:
    """The message for the user; None for a bug, which keeps its traceback."""
    if isinstance(error, HydraException):
        return _of_hydra(error)
    if isinstance(error, OmegaConfBaseException):
        return _of_omegaconf(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    if isinstance(error, ValueError) and str(error).startswith("Config group override must be"):
        return "a group is chosen by a name, as in model=stargan"
    if isinstance(error, RuntimeError) and str(error).startswith("DataLoader worker"):
        return (
            f"a process that reads batches was killed ({' '.join(str(error).split())[:120]}): memory ran out, or a "
            "data file was truncated. data.num_workers=0 reads in the training process"
        )
    if isinstance(error, ValueError) and str(error).startswith("Expected more than 1 value per channel"):
        return (
            "batch normalization needs two or more values per channel, and has one: raise batch_size, or use fewer "
            "processes or a smaller accumulate"
        )
    if isinstance(error, USER_ERRORS) or any(kind.__name__ in USER_ERRORS_BY_NAME for kind in type(error).__mro__):
        return " ".join(str(error).split())
    return None


def _of_omegaconf(error: OmegaConfBaseException) -> str:
    message = str(error).splitlines()[0] if str(error) else type(error).__name__
    if found := re.fullmatch(r"Key '(.+)' is not in struct", message):
        name = str(error.full_key or found.group(1))
        return f"there is no setting '{name}'{_set_in_file(name) or '; --cfg job shows all of them'}"
    if hint := _set_in_file(str(error.full_key)):
        return f"{error.full_key} cannot be given here{hint}"
    return f"{error.full_key}: {message}" if error.full_key and error.full_key not in message else message


def _of_hydra(error: HydraException) -> str:
    cause = error.__cause__
    if isinstance(error, InstantiationException):  # Hydra wraps what a constructor raised
        return (one_sentence(cause) if cause is not None else None) or " ".join(str(error).split())
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, name = error.missing_cfg_file.rpartition("/")
        known = error.options or choices().get(group, [])  # Hydra gives no options for one of several choices
        if known:
            return f"there is no {group} '{name}'{nearest(name, known)}; choose from {', '.join(known)}"
    if isinstance(cause, (ConfigAttributeError, ConfigKeyError)) and isinstance(cause.parent_node, DictConfig):
        full, group = str(cause.full_key), str(cause.parent_node._get_full_key(None) or "")
        if hint := _set_in_file(full) or (f": {COMMON_NAMES[full]}" if full in COMMON_NAMES else ""):
            return f"there is no setting '{full}'{hint}"
        typed = re.match(r"Could not override '(.+?)'", str(error))  # the error's own name ends at the unknown part
        name = (typed.group(1) if typed else full).removeprefix(f"{group}.")
        tree = OmegaConf.to_container(cause.parent_node._get_root(), resolve=False)
        assert isinstance(tree, dict)
        typeable = tree if group else {**choices(), **tree}  # groups are no settings, but are typed like them
        return f"there is no setting '{full}'{did_you_mean(name, typeable, group)}; --cfg job shows all of them"
    if isinstance(error, ConfigCompositionException) and isinstance(cause, OmegaConfBaseException):
        return _of_omegaconf(cause)
    if isinstance(error, ConfigCompositionException) and "No match in the defaults list" in str(error):
        group = str(error).split("'")[1]
        return f"the group {group} cannot be chosen here{NOT_CHOSEN.get(group.split('@')[0], '')}"
    if isinstance(error, OverrideParseException):
        if not error.override.isascii():
            name, _, value = error.override.partition("=")
            quoted = f"'{name}=\"{value}\"'"
            return f"'{error.override}' cannot be read: quote a value with such letters, {quoted}"
        if "=" not in error.override:
            return f"'{error.override}' is not of the form NAME=VALUE"
        if re.search(r"[=,\[]~", error.override):
            return f"'{error.override}': ~ is not expanded; write the full path, or quote the value"
        reason = str(error.__cause__ or error).split("See https://")[0].removeprefix("LexerNoViableAltException: ")
        return f"'{error.override}' is not of the form NAME=VALUE ({' '.join(reason.split())})"
    return " ".join(str(error).split())


SET_IN_FILES = {
    "sweep.space": ": the settings that a sweep varies are in a file in conf/sweep, which sweep=NAME chooses",
    "data.domains.queries": ": a set of domains is a file in conf/data/domains, which data/domains=NAME chooses",
}
"""Settings whose names the user chooses, and the files that they are set in."""

NOT_CHOSEN = {
    "data/domains": ": the domains of an image folder are its folders",
    **dict.fromkeys(("model", "data", "trainer", "experiment", "callbacks"), ": evaluate.py uses that of the run"),
    "model/optimizer": ": it is for face_parser and hair_classifier; stargan and sean have model.optimizers.NETWORK",
}
"""Groups that some configs do not choose from, and what to use instead."""


def _set_in_file(name: str) -> str:
    """Where a setting is set, if it is one of `SET_IN_FILES`; otherwise empty."""
    return next((hint for group, hint in SET_IN_FILES.items() if name == group or name.startswith(f"{group}.")), "")
