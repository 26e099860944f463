"""The running server: its API by `gradio_client`, what it leaves behind, and what the command says."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hairgan.app.address import Address
from hairgan.app.limits import Limits
from hairgan.app.salons import Salons
from hairgan.cli import main
from tests.unit.app.tiny import DOMAINS, tiny_head, tiny_photo, tiny_salon

pytest.importorskip("gradio", reason="the page needs Gradio: uv pip install -e '.[app]'")

import httpx
from gradio_client import Client, handle_file

from hairgan.app.guard import COOKIE
from hairgan.app.server import PREFIX, Server


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    salons = Salons.of_networks(tiny=tiny_salon(), bare=tiny_salon(restyles=False))
    server = Server(salons, Address(port=free_port()), Limits(upload_mb=1, megapixels=1))
    server.start()
    yield server
    server.close()
    assert not server.folder.exists()


@pytest.fixture
def client(server: Server, tmp_path: Path) -> Client:
    return Client(server.url, download_files=str(tmp_path / "downloads"), verbose=False)


def pixels(path: str) -> np.ndarray:
    return np.asarray(Image.open(path))


def test_the_api(client: Client, tmp_path: Path) -> None:
    """What docs/app.md shows."""
    me, her = handle_file(tiny_photo(tmp_path)), handle_file(tiny_photo(tmp_path, "her.png", length=0.45))
    salon, head = tiny_salon(), tiny_head()
    assert client.predict("tiny", api_name="/about")["domains"] == list(DOMAINS)

    file, facts = client.predict(me, color="ginger", strength=0.8, api_name="/dye")
    assert np.array_equal(pixels(file), salon.dye(head, color="ginger", strength=0.8).image)
    assert facts["wish"] == "ginger" and facts["seconds"] > 0 and facts["size"] == [320, 300]

    file, _ = client.predict(me, like=her, bundle="bare", api_name="/dye")
    assert np.array_equal(pixels(file), tiny_salon(restyles=False).dye(head, like=tiny_head(0.45)).image)

    file, _ = client.predict(me, domain="bob", seed=4, truncation=0.5, color="black", api_name="/restyle")
    assert np.array_equal(pixels(file), salon.restyle(head, domain="bob", seed=4, psi=0.5, color="black").image)

    files, facts = client.predict(me, api_name="/all_domains")
    assert [one["wish"] for one in facts] == list(DOMAINS) and len(files) == len(DOMAINS)
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    assert set(endpoints) == {"/about", "/dye", "/restyle", "/all_domains"}


def test_errors_reach_programs(client: Client, tmp_path: Path) -> None:
    me = handle_file(tiny_photo(tmp_path))
    with pytest.raises(Exception, match="reddish"):
        client.predict(me, color="reddish", api_name="/dye")
    with pytest.raises(Exception, match="Choose a photo first"):
        client.predict(None, color="red", api_name="/dye")
    with pytest.raises(Exception, match="not fetched"):
        client.predict({"path": "http://127.0.0.1:9/a.png", "meta": {"_type": "gradio.FileData"}}, api_name="/dye")


def test_files_of_another_program_are_refused(server: Server, client: Client, tmp_path: Path) -> None:
    client.predict(handle_file(tiny_photo(tmp_path)), color="red", api_name="/dye")
    session = server.service.sessions.get(client.cookies[COOKIE])
    assert session is not None
    secret, (photo,) = session.folder / session.entries[-1].full, session.uploads
    other = Client(server.url, verbose=False)
    for path in (secret, photo):
        assert httpx.get(f"{server.url}gradio_api/file={path}", cookies=client.cookies).status_code == 200
        assert httpx.get(f"{server.url}gradio_api/file={path}", cookies=other.cookies).status_code == 403
        data = [{"path": str(path), "meta": {"_type": "gradio.FileData"}}, "red", None, 1.0, "tiny"]
        call = f"{server.url}gradio_api/call/dye"
        event = httpx.post(call, json={"data": data}, cookies=other.cookies).json()["event_id"]
        answer = httpx.get(f"{call}/{event}", cookies=other.cookies, timeout=60).text
        assert answer.startswith("event: error") and "not one of this session" in answer


def test_a_password(tmp_path: Path) -> None:
    server = Server(Salons.of_networks(tiny=tiny_salon()), Address(port=free_port(), auth=("ann", "secret")))
    server.start()
    try:
        assert httpx.get(f"{server.url}config").status_code == 401
        assert httpx.post(f"{server.url}gradio_api/upload").status_code == 401
        with pytest.raises(Exception, match=r"[Ll]ogin|[Aa]uth|credentials"):
            Client(server.url, auth=("ann", "wrong"), verbose=False)
        assert Client(server.url, auth=("ann", "secret"), verbose=False).predict("tiny", api_name="/about")["paints"]
    finally:
        server.close()


def test_folders_of_killed_salons_are_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    killed, other = tmp_path / f"{PREFIX}99999999-abc", tmp_path / "somebody-elses"
    for folder in (killed, other):
        folder.mkdir()
    server = Server(Salons.of_networks(tiny=tiny_salon()))
    assert not killed.exists() and other.exists() and server.folder.parent == tmp_path
    server.close()
    assert [path.name for path in tmp_path.iterdir()] == ["somebody-elses"]


def test_who_is_warned() -> None:
    assert Address().warnings() == []
    assert [text.split()[0] for text in Address(host="0.0.0.0").warnings()] == ["every", "nobody"]
    assert any("not encrypted" in text for text in Address(host="0.0.0.0", auth=("a", "b")).warnings())
    assert any("Gradio's servers" in text for text in Address(share=True).warnings())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--auth", "name"], "--auth is NAME:PASSWORD"),
        (["--keep", "nowhere"], "--keep nowhere: there is no such folder"),
        (["--upload-mb", "0"], "0 is not in the range"),
    ],
)
def test_the_command_refuses_in_a_sentence(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["app", *arguments])
    assert message in f"{ended.value} {capsys.readouterr().err}"
