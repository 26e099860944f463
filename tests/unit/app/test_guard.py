"""The guard: what reaches Gradio, and who may read which file. A small application stands in for Gradio."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hairgan.app.address import LOOPBACK_NAMES
from hairgan.app.examples import Drawings
from hairgan.app.limits import Limits
from hairgan.app.sessions import Sessions

pytest.importorskip("gradio", reason="the page needs Gradio: uv pip install -e '.[app]'")

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from hairgan.app.guard import COOKIE, Guard, session_of

PUBLIC, INSIDE = "https://example.org/a.png", "gradio_api"


class Salon:
    """A guarded application, and visitors of it."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.sessions = Sessions(folder / "app", Limits())
        self.drawings = Drawings(self.sessions.public, example_size=32)
        self.uploads = (folder / "app" / "abc").resolve()
        self.uploads.mkdir()
        routes = [Route("/{path:path}", self._answer, methods=["GET", "POST"])]
        self.options = {"hosts": LOOPBACK_NAMES, "upload_bytes": 100_000} | options
        guard = Middleware(Guard, sessions=self.sessions, drawings=self.drawings, **self.options)
        self.app = Starlette(routes=routes, middleware=[guard])

    async def _answer(self, request: Request) -> Response:
        if request.url.path == "/gradio_api/upload":
            path = self.uploads / request.query_params["name"]
            path.write_bytes(await request.body())
            return JSONResponse([str(path)])
        if request.url.path == "/gradio_api/queue/join":
            return JSONResponse(session_of(request.headers, self.sessions).folder.name)
        return JSONResponse({"path": request.url.path})

    def visitor(self) -> TestClient:
        client = TestClient(self.app, base_url="http://127.0.0.1:7860")
        assert client.get("/").status_code == 200
        return client

    def upload(self, client: TestClient, name: str) -> Path:
        answer = client.post(f"/gradio_api/upload?name={name}", content=b"a photo")
        return Path(answer.json()[0])


@pytest.fixture
def salon(tmp_path: Path) -> Iterator[Salon]:
    salon = Salon(tmp_path)
    yield salon
    salon.sessions.close()


def test_files_of_another_session_are_refused(salon: Salon) -> None:
    mine, other, nobody = salon.visitor(), salon.visitor(), TestClient(salon.app, base_url="http://localhost")
    path = salon.upload(mine, "me.png")
    session = salon.sessions.get(mine.cookies[COOKIE])
    assert session is not None and list(session.uploads) == [path]
    session.folder.mkdir()
    (session.folder / "result.png").write_bytes(b"the result")

    assert mine.get(f"/gradio_api/file={path}").status_code == 200
    assert mine.get("/salon/files/result.png").content == b"the result"
    answer = mine.get("/salon/files/result.png?download")
    assert (
        answer.headers["content-disposition"].startswith("attachment") and "no-store" in answer.headers["cache-control"]
    )
    up = f"../{session.folder.name}/result.png"
    for visitor in (other, nobody):
        for name in (f"file={path}", f"file={session.folder / 'result.png'}", "file=/etc/passwd", "file=etc/passwd"):
            assert visitor.get(f"/gradio_api/{name}").status_code == 403, name
        for name in ("result.png", up, up.replace("/", "%2f"), "..%2f..%2fabc%2fme.png"):
            assert visitor.get(f"/salon/files/{name}").status_code == 404, name


def test_events_of_another_page_are_refused(salon: Salon) -> None:
    mine, other = salon.visitor(), salon.visitor()
    assert mine.get("/gradio_api/heartbeat/page1").status_code == 200
    assert mine.get("/gradio_api/queue/data?session_hash=page1").status_code == 200
    for visitor in (other, TestClient(salon.app, base_url="http://localhost")):
        assert visitor.get("/gradio_api/queue/data?session_hash=page1").status_code == 403
        assert visitor.get("/gradio_api/heartbeat/page1").status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        f"/{INSIDE}/file={PUBLIC}", f"/{INSIDE}/proxy={PUBLIC}", f"/{INSIDE}/runs", f"/{INSIDE}/vibe-code/",
        f"/{INSIDE}/file//etc/passwd", "/monitoring", f"/{INSIDE}/deep_link", f"/{INSIDE}/process_recording", "/docs",
        f"/{INSIDE}/custom_component/a/b/c/d", "/nothing", f"/{INSIDE}/run/dye", f"/{INSIDE}/mcp/sse",
    ],
)  # fmt: skip
def test_what_the_page_does_not_use_is_closed(salon: Salon, path: str) -> None:
    assert salon.visitor().get(path).status_code in (403, 404)


@pytest.mark.parametrize("path", ["/", "/ko", "/config", "/assets/a.js", f"/{INSIDE}/info", f"/{INSIDE}/call/dye/ab12"])
def test_what_the_page_uses_is_open(salon: Salon, path: str) -> None:
    answer = salon.visitor().get(path)
    assert answer.status_code == 200
    assert "connect-src 'self'" in answer.headers["content-security-policy"]
    assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]


def test_other_names_of_this_machine_are_refused_unless_it_is_open_to_all(salon: Salon, tmp_path: Path) -> None:
    for name, status in (("127.0.0.1:7860", 200), ("localhost", 200), ("[::1]:7860", 200), ("evil.example", 403)):
        assert TestClient(salon.app).get("/", headers={"host": name}).status_code == status
    everybody = Salon(tmp_path / "all", hosts=None, framed=True)
    answer = TestClient(everybody.app).get("/", headers={"host": "salon.example"})
    assert answer.status_code == 200 and "frame-ancestors" not in answer.headers["content-security-policy"]
    everybody.sessions.close()


def test_large_requests_are_refused_before_they_are_read(salon: Salon) -> None:
    visitor = salon.visitor()
    assert visitor.post("/gradio_api/upload?name=a", content=b"x" * 100_001).status_code == 413
    assert visitor.post("/gradio_api/queue/join", content=b"x" * 1_000_001).status_code == 413
    assert visitor.post("/gradio_api/queue/join", headers={"content-length": "-1"}).status_code == 413


def test_a_cookie_is_the_session(salon: Salon) -> None:
    first = TestClient(salon.app, base_url="http://localhost").get("/")
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Secure" not in cookie
    visitor = salon.visitor()
    session = salon.sessions.get(visitor.cookies[COOKIE])
    assert session is not None
    assert "set-cookie" not in visitor.get("/").headers
    assert json.loads(visitor.post("/gradio_api/queue/join").content) == session.folder.name
    salon.sessions.end(session)
    again = visitor.post("/gradio_api/queue/join")  # a page that was left open
    assert again.json() != session.folder.name and COOKIE in again.headers["set-cookie"]
    proxied = TestClient(salon.app, base_url="http://localhost").get("/", headers={"x-forwarded-proto": "https"})
    assert "Secure; SameSite=None; Partitioned" in proxied.headers["set-cookie"]


def test_drawn_people_are_for_everybody(salon: Salon) -> None:
    salon.drawings.start()
    visitor = salon.visitor()
    for name in ("domain_bob.jpg", salon.drawings.examples[0].name):
        answer = visitor.get(f"/salon/drawn/{name}")
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("image/")
    assert visitor.get("/salon/drawn/../secret").status_code == 404
    assert visitor.get("/salon/drawn/nobody.png").status_code == 404
