"""Which errors are the user's to mend, and how they are told: in one sentence."""

from __future__ import annotations

from hydra.errors import InstantiationException
from omegaconf.errors import OmegaConfBaseException
from pytorch_lightning.utilities.exceptions import MisconfigurationException

from lightning_modules.base import NonFiniteError
from lightning_modules.strategy import ProcessLostError

USERS = (ValueError, OSError, NonFiniteError, ProcessLostError, MisconfigurationException, OmegaConfBaseException)


def one_sentence(error: BaseException) -> str | None:
    """The message for a user, or None for an error that is a bug and deserves its trace."""
    if isinstance(error, InstantiationException):  # Hydra wraps what a constructor raised
        return one_sentence(error.__cause__) if error.__cause__ is not None else str(error).splitlines()[0]
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    if isinstance(error, USERS):
        return " ".join(str(error).split())
    return None
