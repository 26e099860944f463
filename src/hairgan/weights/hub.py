"""Bundles on the Hugging Face hub: named `owner/name` or `owner/name@revision`, downloaded once, and pushed.

A download is kept in the hub's cache, where it is found without a network too. Only the card and the parts that are
needed are downloaded, all from one commit; their hashes are compared with the card when they are read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from hairgan.extras import how_to_install
from hairgan.files import write_text
from hairgan.weights.cards import CARD, read_card, write_card
from hairgan.weights.files import sha256, shorten
from hairgan.weights.model_cards import PICTURES, README, is_ours, model_card, with_licenses

TOKEN = "a token of the hub with the right to write: run `hf auth login`, or set HF_TOKEN"

Result = TypeVar("Result")


@dataclass(frozen=True)
class HubName:
    """A model repository on the hub, and one of its revisions: a branch, a tag or a commit; None for its newest."""

    repository: str
    revision: str | None = None

    @classmethod
    def parse(cls, text: str) -> HubName | None:
        """The name in a text, `owner/name` or `owner/name@revision`; None if it is no such name."""
        found = re.fullmatch(r"([\w-][\w.-]*/[\w-][\w.-]*)(?:@([\w.-]+(?:/[\w.-]+)*))?", text, re.ASCII)
        return None if found is None or ".." in text else cls(found[1], found[2])

    def __str__(self) -> str:
        return self.repository if self.revision is None else f"{self.repository}@{self.revision}"


@dataclass(frozen=True)
class BundleFiles:
    """The folder of a bundle with its card, to which the files of parts are downloaded when they are needed.

    Attributes:
        folder: a folder of the user, or of one commit in the hub's cache.
        name: on the hub, with the commit as its revision; None for a folder of the user.
    """

    folder: Path
    name: HubName | None = None

    @classmethod
    def find(cls, source: Path | str, revision: str | None = None) -> BundleFiles:
        """Find a bundle, and download its card where it is on the hub.

        Args:
            source: a folder, or `owner/name[@revision]` on the hub.
            revision: of the repository, if `source` does not name it.

        Raises:
            ValueError: there is no such folder or repository, the hub cannot be reached, or the revision is named twice
                or for a folder.
        """
        name = HubName.parse(str(source))
        if Path(source).is_dir() or name is None:
            if revision is not None:
                raise ValueError(f"{source} is a folder, and has no revision {revision}")
            return cls(Path(source))
        if revision is not None and name.revision not in (None, revision):
            raise ValueError(f"{source} names the revision {name.revision}, not {revision}")
        name = HubName(name.repository, revision or name.revision)
        folder = _download(name, CARD).parent
        return cls(folder, HubName(name.repository, folder.name))

    def fetch(self, file: str) -> Path:
        """The path of a file of the bundle, after it was downloaded if it is on the hub.

        Raises:
            ValueError: it cannot be downloaded.
        """
        return self.folder / file if self.name is None else _download(self.name, file)


def is_bundle(source: Path | str) -> bool:
    """Whether a source is a folder with a card, or the name of a repository rather than of anything on this disk."""
    return (Path(source) / CARD).is_file() or (not Path(source).exists() and HubName.parse(str(source)) is not None)


def push(
    bundle: Path | str,
    name: str,
    *,
    private: bool = False,
    message: str | None = None,
    license: str | None = None,
    data_license: str | None = None,
    pictures: Sequence[Path | str] = (),
) -> str:
    """Push a bundle to the hub, with a model card that is written beside its card.

    The repository is made if there is none. Parts that the bundle no longer has are deleted there. Nothing is pushed
    unless the license of every part and of the data it was trained on is stated.

    Args:
        bundle: the folder.
        name: `owner/name`.
        private: for a new repository.
        message: of the commit.
        license: of the parts whose card states none, best a name that the hub knows: `mit`, `cc-by-nc-4.0`, ...
        data_license: of the training data, where the card states none and it is not known.
        pictures: files for the model card.

    Returns:
        `owner/name@commit`, which loads exactly what was pushed.

    Raises:
        ValueError: the name or the bundle is not valid, a file was altered, a license is missing, there is no token,
            or the hub refuses or cannot be reached.
    """
    folder, to = Path(bundle), HubName.parse(name)
    if to is None or to.revision is not None:
        raise ValueError(f"a bundle is pushed to owner/name, not to {shorten(name)}")
    card = read_card(folder)
    for part in card["parts"].values():
        file = folder / part["file"]
        if not file.is_file():
            raise ValueError(f"the bundle {folder} lacks {part['file']}")
        if (found := sha256(file)) != part["sha256"]:
            raise ValueError(f"{file} was altered: its SHA-256 is {found}, the card says {part['sha256']}")
    stated = with_licenses(card, license, data_license)
    files = {CARD: folder / CARD, README: folder / README}
    files |= {part["file"]: folder / part["file"] for part in card["parts"].values()}
    hub = _client()
    if hub.get_token() is None:
        raise ValueError(f"to push, {TOKEN}")
    if stated != card:
        write_card(folder, stated)
    shown = _keep_pictures(folder, pictures)
    if not (folder / README).exists() or is_ours(folder / README):
        write_text(folder / README, model_card(stated, to.repository, shown))
    files |= {path: folder / path for path in shown}
    return _asking(to, lambda: _push_files(hub, to.repository, files, private, message))


def _keep_pictures(folder: Path, pictures: Sequence[Path | str]) -> list[str]:
    """Copy pictures into the bundle; returns the paths in it of all that it has."""
    for picture in map(Path, pictures):
        if picture.suffix.lower() not in (".png", ".jpg", ".jpeg", ".webp") or not picture.is_file():
            raise ValueError(f"there is no picture {picture} (.png, .jpg or .webp)")
        (folder / PICTURES).mkdir(exist_ok=True)
        (folder / PICTURES / picture.name.replace(" ", "_")).write_bytes(picture.read_bytes())
    return sorted(f"{PICTURES}/{path.name}" for path in (folder / PICTURES).glob("*"))


def _push_files(hub: Any, repository: str, files: dict[str, Path], private: bool, message: str | None) -> str:
    api = hub.HfApi()
    api.create_repo(repository, private=private, exist_ok=True)
    there = api.model_info(repository)
    if private and not there.private:
        raise ValueError(f"{repository} is public already, and --private is for new ones: make it private on its page")
    ours = re.compile(rf"{PICTURES}/[^/]+|[^/]+\.safetensors")
    old = [file.rfilename for file in there.siblings or () if ours.fullmatch(file.rfilename)]
    operations = [hub.CommitOperationAdd(path, str(file)) for path, file in files.items()]
    operations += [hub.CommitOperationDelete(path) for path in old if path not in files]
    commit = api.create_commit(repository, operations, commit_message=message or "hairgan bundle")
    return f"{repository}@{commit.oid}"


def _download(name: HubName, file: str) -> Path:
    """A file of a repository, from the hub or its cache."""
    hub = _client(f"there is no folder {name}; to load it from the hub")
    return Path(_asking(name, lambda: hub.hf_hub_download(name.repository, file, revision=name.revision)))


def _client(needed: str = "to push a bundle to the hub") -> Any:
    try:
        import huggingface_hub
    except ImportError as error:
        raise ValueError(f"{needed}: {how_to_install('hub')}") from error
    return huggingface_hub


def _asking(name: HubName, ask: Callable[[], Result]) -> Result:
    """Ask the hub something, with one sentence for each way in which that can fail."""
    from huggingface_hub import constants, errors, get_token

    where = f"on the hub ({constants.ENDPOINT})"
    try:
        return ask()
    except errors.GatedRepoError as error:
        raise ValueError(
            f"{name.repository} is gated {where}: ask for access on its page, and log in (`hf auth login`)"
        ) from error
    except errors.RepositoryNotFoundError as error:
        private = "your token may not see it" if get_token() else "a private one needs a token: `hf auth login`"
        raise ValueError(
            f"there is no folder {name}, and no model {name.repository} {where}, unless it is private ({private})"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise ValueError(f"{name.repository} has no revision {name.revision} {where}") from error
    except errors.LocalEntryNotFoundError as error:
        raise ValueError(
            f"there is no folder {name}, and it was not downloaded before: the hub cannot be reached"
            + (" (HF_HUB_OFFLINE is set)" if constants.HF_HUB_OFFLINE else "")
        ) from error
    except errors.EntryNotFoundError as error:
        raise ValueError(f"{name} {where} is not a bundle of hairgan, or not a whole one: {_first(error)}") from error
    except errors.HfHubHTTPError as error:
        status = getattr(error.response, "status_code", None)
        refusals = {
            401: f"the hub does not accept the token: {TOKEN}",
            403: f"the token may not write to {name.repository} {where}",
        }
        raise ValueError(refusals.get(status or 0, f"the hub refused {name.repository}: {_first(error)}")) from error
    except ValueError:
        raise
    except Exception as error:  # of the HTTP library, which differs between versions of the client
        raise ValueError(f"the hub cannot be reached for {name.repository}: {_first(error)}") from error


def _first(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return shorten(lines[0] if lines else type(error).__name__, 200)
