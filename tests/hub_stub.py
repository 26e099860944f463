"""A stand-in for the Hugging Face hub on this machine: the part of its HTTP API that the hub's client calls."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "hf_of_the_owner"
READER = "hf_of_a_reader"


@dataclass
class Repository:
    private: bool
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """Commit -> files by path, oldest first."""
    revisions: dict[str, str] = field(default_factory=dict)
    """Branch or tag -> commit."""
    messages: list[str] = field(default_factory=list)

    def commit(self, changes: dict[str, bytes | None], message: str) -> str:
        files: dict[str, Any] = {**self.commits.get(self.revisions.get("main", ""), {}), **changes}
        name = hashlib.sha1(f"{len(self.commits)}{sorted(files)}".encode()).hexdigest()
        self.commits[name] = {path: content for path, content in files.items() if content is not None}
        self.revisions["main"] = name
        self.messages.append(message)
        return name


@dataclass
class Hub:
    """Its address, what it holds, and what was asked of it."""

    address: str = ""
    repositories: dict[str, Repository] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    """Large files by SHA-256."""
    asked: list[str] = field(default_factory=list)

    def files(self, name: str) -> dict[str, bytes]:
        """The files of a repository's newest commit."""
        repository = self.repositories[name]
        return repository.commits[repository.revisions["main"]]


@contextmanager
def running() -> Iterator[Hub]:
    """Start one, and stop it at the end."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    server.daemon_threads = True
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


class _RefusedError(Exception):
    def __init__(self, status: int, code: str = "", message: str = "", path: str = "") -> None:
        self.status, self.code, self.message, self.path = status, code, message, path


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            hub.asked.append(f"{self.command} {self.path}")
            try:
                content, headers = self.respond(body)
                status = 200
            except _RefusedError as refused:
                answer = {"error": refused.message, "url": hub.address + refused.path}
                content, status = json.dumps(answer).encode(), refused.status
                headers = {"X-Error-Code": refused.code, "X-Error-Message": refused.message}
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_HEAD = do_POST = do_PUT = answer

        def log_message(self, *_: Any) -> None:
            pass

        def respond(self, body: bytes) -> tuple[bytes, dict[str, str]]:
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            if token not in ("", TOKEN, READER):
                raise _RefusedError(401, message="Invalid credentials in Authorization header")
            if found := re.fullmatch(r"/lfs/(\w+)", self.path):
                hub.objects[found[1]] = body
                return _json({})
            if self.path == "/api/validate-yaml":
                return _json({"errors": [], "warnings": []})
            if self.path == "/api/repos/create":
                return self.create(json.loads(body), token)
            if found := re.fullmatch(r"/([\w-]+/[\w-]+)/resolve/([^/]+)/(.+)", self.path):
                return self.resolve(*found.groups(), token=token)
            if found := re.fullmatch(r"(?:/api/models)?/([\w-]+/[\w-]+?)(?:\.git|/|$)(.*)", self.path):
                return self.model(found[1], found[2].strip("/"), body, token)
            raise _RefusedError(404)

        def create(self, asked: dict[str, Any], token: str) -> tuple[bytes, dict[str, str]]:
            name = f"{asked['organization']}/{asked['name']}"
            if token != TOKEN:
                raise _RefusedError(403, message="You don't have the rights to create a model there")
            if name in hub.repositories:
                raise _RefusedError(409, message="You already created this model repo", path=f"/{name}")
            hub.repositories[name] = Repository(
                private=asked.get("visibility") == "private" or bool(asked.get("private"))
            )
            hub.repositories[name].commit({".gitattributes": b""}, "initial commit")
            return _json({"url": f"{hub.address}/{name}", "name": name, "id": name})

        def repository(self, name: str, token: str) -> Repository:
            found = hub.repositories.get(name)
            if found is None or (found.private and token != TOKEN):
                # as the hub does: it does not tell strangers which repositories there are
                raise _RefusedError(404 if token else 401, "RepoNotFound", "Repository not found")
            return found

        def resolve(self, name: str, revision: str, file: str, token: str) -> tuple[bytes, dict[str, str]]:
            repository = self.repository(name, token)
            commit = repository.revisions.get(revision, revision)
            if commit not in repository.commits:
                raise _RefusedError(404, "RevisionNotFound", f"Invalid rev id: {revision}")
            files = repository.commits[commit]
            if file not in files:
                raise _RefusedError(404, "EntryNotFound", "Entry not found")
            return files[file], {"X-Repo-Commit": commit, "ETag": f'"{hashlib.sha256(files[file]).hexdigest()}"'}

        def model(self, name: str, what: str, body: bytes, token: str) -> tuple[bytes, dict[str, str]]:
            repository = self.repository(name, token)
            if what == "":
                siblings = [{"rfilename": path} for path in hub.files(name)]
                return _json({"id": name, "private": repository.private, "siblings": siblings})
            if token != TOKEN:
                raise _RefusedError(403, message="You have read access, but not write access")
            if what == "preupload/main":
                large = [file["path"].endswith((".safetensors", ".png")) for file in json.loads(body)["files"]]
                modes = ["lfs" if is_large else "regular" for is_large in large]
                files = zip(json.loads(body)["files"], modes, strict=True)
                return _json({"files": [{"path": f["path"], "uploadMode": m, "shouldIgnore": False} for f, m in files]})
            if what == "info/lfs/objects/batch":
                return _json(
                    {"transfer": "basic", "objects": [self.upload(each) for each in json.loads(body)["objects"]]}
                )
            if what == "commit/main":
                return self.commit(name, [json.loads(line) for line in body.splitlines()])
            raise _RefusedError(404)

        def upload(self, asked: dict[str, Any]) -> dict[str, Any]:
            actions = {"upload": {"href": f"{hub.address}/lfs/{asked['oid']}", "header": {}}}
            return asked | ({} if asked["oid"] in hub.objects else {"actions": actions})

        def commit(self, name: str, lines: list[dict[str, Any]]) -> tuple[bytes, dict[str, str]]:
            changes: dict[str, bytes | None] = {}
            message = ""
            for line in lines:
                value = line["value"]
                if line["key"] == "header":
                    message = value["summary"]
                elif line["key"] == "file":
                    changes[value["path"]] = base64.b64decode(value["content"])
                elif line["key"] == "lfsFile":
                    changes[value["path"]] = hub.objects[value["oid"]]
                else:
                    assert line["key"] == "deletedFile", line
                    changes[value["path"]] = None
            oid = hub.repositories[name].commit(changes, message)
            return _json({"commitOid": oid, "commitUrl": f"{hub.address}/{name}/commit/{oid}", "success": True})

    return Handler


def _json(content: Any) -> tuple[bytes, dict[str, str]]:
    return json.dumps(content).encode(), {"Content-Type": "application/json"}
