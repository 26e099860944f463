"""The service: from a wish to files, what is refused, and what stays in memory and on the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hairgan.app.limits import Limits
from hairgan.app.salons import Abilities, Salons, abilities, bundle_names
from hairgan.app.service import PHOTOS_KEPT, Progress, Service
from hairgan.app.sessions import Entry, Session
from hairgan.app.wishes import AllDomains, Dye, Restyle, Wish
from hairgan.photos.opening import open_photo
from tests.unit.app.tiny import DOMAINS, tiny_head, tiny_photo, tiny_salon


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(
        Salons.of_networks(tiny=tiny_salon(), bare=tiny_salon(restyles=False)), tmp_path / "app", Limits()
    )
    yield service
    service.close()


def upload(session: Session, folder: Path, name: str = "me.png", **how: Any) -> Path:
    path = tiny_photo(folder, name, **how).resolve()
    session.uploads[path] = None
    return path


def run(service: Service, session: Session, wish: Wish, bundle: str = "tiny") -> list[Progress | Entry]:
    async def gather() -> list[Progress | Entry]:
        return [news async for news in service.edit(session, wish, bundle)]

    return asyncio.run(gather())


def entries(news: list[Progress | Entry]) -> list[Entry]:
    return [one for one in news if isinstance(one, Entry)]


def test_an_edit_and_its_files(service: Service, tmp_path: Path) -> None:
    session = service.sessions.open(None)
    wish = Dye(upload(session, tmp_path), color="red", strength=0.5)
    (entry,) = entries(run(service, session, wish))
    edit = tiny_salon().dye(tiny_head(), color="red", strength=0.5)
    assert np.array_equal(np.asarray(Image.open(session.folder / entry.full)), edit.image)
    assert entry.facts.wish == "red" and entry.facts.size == (320, 300) and entry.facts.method == edit.method
    assert entry.full == "me_dye_1.png" and set(entry.views) == {"labels", "layout", "matte"}
    for name in (entry.before, *entry.files):
        Image.open(session.folder / name).load()
    assert session.entries == [entry]


def test_every_domain_one_by_one(service: Service, tmp_path: Path) -> None:
    session = service.sessions.open(None)
    news = run(service, session, AllDomains(upload(session, tmp_path), seed=3))
    assert [entry.facts.wish for entry in entries(news)] == list(DOMAINS)
    last = tiny_salon().restyle(tiny_head(), domain=DOMAINS[-1], seed=3).image
    assert np.array_equal(np.asarray(Image.open(session.folder / entries(news)[-1].full)), last)
    assert all("rough" in entry.views for entry in entries(news))


def test_the_profile_stays(service: Service, tmp_path: Path) -> None:
    """A photo comes back with the EXIF data it came with."""
    session = service.sessions.open(None)
    exif = Image.Exif()
    exif[0x010E] = "a portrait"
    Image.fromarray(tiny_head()).save(tmp_path / "old.png", exif=exif)
    session.uploads[(tmp_path / "old.png").resolve()] = None
    (entry,) = entries(run(service, session, Dye((tmp_path / "old.png").resolve(), color="red")))
    assert open_photo(session.folder / entry.full).exif[0x010E] == "a portrait"


@pytest.mark.parametrize(
    ("wish", "bundle", "message"),
    [
        (lambda photo: Dye(photo, color="reddish"), "tiny", "'reddish' is not a colou?r"),
        (lambda photo: Dye(photo), "tiny", "either"),
        (lambda photo: Restyle(photo, domain="mullet"), "tiny", "no domain 'mullet'"),
        (lambda photo: Restyle(photo, domain="bob"), "bare", "StarGAN v2"),
        (lambda photo: AllDomains(photo), "bare", "StarGAN v2"),
        (lambda photo: Dye(photo, color="red"), "other", "no bundle 'other'; known are tiny, bare"),
        (lambda photo: Dye(photo.parent / "secret.png", color="red"), "tiny", "not one of this session"),
        (lambda photo: Dye(photo, like=photo.parent / "secret.png"), "tiny", "not one of this session"),
    ],
)
def test_refusals(service: Service, tmp_path: Path, wish: Callable[[Path], Wish], bundle: str, message: str) -> None:
    tiny_photo(tmp_path, "secret.png")  # another session's
    session = service.sessions.open(None)
    with pytest.raises(ValueError, match=message):
        run(service, session, wish(upload(session, tmp_path)), bundle)
    assert session.entries == []


def test_few_photos_stay_in_memory_and_none_of_a_session_that_ended(service: Service, tmp_path: Path) -> None:
    session = service.sessions.open(None)
    for number in range(PHOTOS_KEPT + 2):
        run(service, session, Dye(upload(session, tmp_path, f"{number}.png"), color="red"))
    assert len(service._opened) == PHOTOS_KEPT
    service.sessions.end(session)
    assert len(service._opened) == 0 and not session.folder.exists()


def test_results_are_kept_where_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    service = Service(Salons.of_networks(tiny=tiny_salon()), tmp_path / "app", keep=tmp_path / "kept")
    session = service.sessions.open(None)
    run(service, session, Dye(upload(session, tmp_path), color="red"))
    service.close()
    assert [path.name[9:] for path in (tmp_path / "kept").iterdir()] == ["me_dye_1.png"]
    assert not (tmp_path / "app").exists()


def test_whoever_stops_listening_leaves_the_queue(service: Service, tmp_path: Path) -> None:
    session = service.sessions.open(None)
    photo = upload(session, tmp_path)

    async def listen_once() -> None:
        waiting = service.edit(session, Dye(photo, color="red"), "tiny")
        assert isinstance(await anext(waiting), Progress)
        await waiting.aclose()

    asyncio.run(listen_once())
    assert len(entries(run(service, session, Dye(photo, color="blond")))) == 1


def test_abilities() -> None:
    assert abilities(tiny_salon()) == Abilities(DOMAINS, True, True, True, ("hair_layout",))
    bare = abilities(tiny_salon(restyles=False))
    assert bare.missing == ("hair_layout", "stargan_generator", "mapping_network", "style_encoder", "sean")
    assert not (bare.domains or bare.by_reference or bare.truncates or bare.paints)


def test_networks_that_do_not_load_say_why(tmp_path: Path) -> None:
    salons = Salons({"empty": tmp_path})
    assert salons.state("empty").name == "loading"
    salons.start()
    with pytest.raises(ValueError, match=r"empty did not load: .*card\.yaml"):
        salons.get("empty")
    assert salons.state("empty").name == "failed"


def test_names_of_bundles() -> None:
    assert bundle_names(("a/old", "b/new")) == {"old": "a/old", "new": "b/new"}
    assert bundle_names(("a/old", "b/old")) == {"a/old": "a/old", "b/old": "b/old"}
