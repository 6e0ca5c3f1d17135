"""A hub on this machine: serves the files of model folders as `huggingface_hub` asks for them."""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlparse

__all__ = ["COMMIT", "Hub"]

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """Serves `folders` by name until it is closed, and remembers which files were asked for."""

    def __init__(self, **folders: Path) -> None:
        self.folders = {name.replace("__", "/"): folder for name, folder in folders.items()}
        self.taken: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                self._answer(with_body=False)

            def do_GET(self) -> None:
                self._answer(with_body=True)

            def log_message(self, *_: object) -> None:
                """Tests say what they want to know."""

            def _answer(self, *, with_body: bool) -> None:
                path = unquote(urlparse(self.path).path).strip("/")
                status, headers, body = hub.answer(path, with_body=with_body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if with_body:
                    self.wfile.write(body)

        return Handler

    def answer(self, path: str, *, with_body: bool) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body for one path."""
        for name, folder in self.folders.items():
            if path in {f"api/models/{name}", f"api/models/{name}/revision/{COMMIT}"}:
                return 200, {"Content-Type": "application/json"}, _listing(name, folder)
            if path == f"api/models/{name}/tree/{COMMIT}":
                return 200, {"Content-Type": "application/json"}, _tree(folder)
            if path.startswith(f"api/models/{name}/revision/"):
                return 404, {"X-Error-Code": "RevisionNotFound"}, b"{}"
            prefix = f"{name}/resolve/{COMMIT}/"
            if path.startswith(prefix) and (file := folder / path.removeprefix(prefix)).is_file():
                if with_body:
                    self.taken.append(path.removeprefix(prefix))
                body = file.read_bytes()
                etag = hashlib.sha256(body).hexdigest()
                return 200, {"X-Repo-Commit": COMMIT, "ETag": f'"{etag}"'}, body
        return 404, {"X-Error-Code": "RepoNotFound"}, b"{}"


def _listing(name: str, folder: Path) -> bytes:
    siblings = [{"rfilename": each} for each in _files(folder)]
    return json.dumps({"id": name, "sha": COMMIT, "siblings": siblings}).encode()


def _tree(folder: Path) -> bytes:
    entries = [
        {"type": "file", "path": name, "size": file.stat().st_size, "oid": name}
        for name, file in _files(folder).items()
    ]
    return json.dumps(entries).encode()


def _files(folder: Path) -> dict[str, Path]:
    files = (each for each in folder.glob("**/*") if each.is_file())
    return {str(each.relative_to(folder)): each for each in files}
