"""A small hub on loopback: the endpoints that huggingface_hub calls, with faults on order. Counts
every byte that it sends.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import re
import socket
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

LARGE_SUFFIXES = (".safetensors", ".gguf", ".bin", ".onnx")
BLOCK = 16 * 1024
SEND_BUFFER = 32 * 1024
"""Small, so that the count of sent bytes is near to what was received."""


@dataclass
class Fault:
    """A fault of one response."""

    status: int = 0
    """Answered instead of the file."""
    code: str = ""
    message: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    cut_at: int = -1
    """The connection is cut before this byte of the file."""
    reset: bool = False
    """Cut hard: what was not read yet is lost."""
    truncate_to: int = -1
    """A whole answer that is shorter than the file."""
    whole: bool = False
    """The requested range is ignored."""
    wrong_start: bool = False
    """A range other than the requested one."""
    flip: int = -1
    """This byte of the file is changed."""
    pause_at: int = -1
    """Nothing is sent from this byte on until the connection or hub closes; sets `paused`."""
    bytes_a_second: float = 0.0
    """As slow as this."""


@dataclass
class Repo:
    """One repository."""

    files: dict[str, bytes]
    gated: str | bool = False
    card: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    """Further fields of its description."""
    allowed: Callable[[str], Fault | None] = lambda _token: None
    """Token → why its files are not given."""

    @property
    def commit(self) -> str:
        """Changes with the files."""
        return hashlib.sha1(
            "".join(
                f"{name}{digest(name, data)}" for name, data in sorted(self.files.items())
            ).encode()
        ).hexdigest()


@functools.lru_cache(maxsize=256)
def digest(name: str, data: bytes) -> str:
    """What the hub lists: SHA-256 of large files, git's hash of others."""
    if name.endswith(LARGE_SUFFIXES):
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def files_of(folder: Path) -> dict[str, bytes]:
    """The files of a checkpoint that the real classes wrote."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


class LoopbackHub:
    """Use it with `with`. `faults`: path → what goes wrong with its next answers, in order."""

    def __init__(self, *, elsewhere: bool = True, send_buffer: int = SEND_BUFFER) -> None:
        self.repos: dict[str, Repo] = {}
        self.faults: dict[str, list[Fault]] = defaultdict(list)
        self.api_faults: list[Fault] = []
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        """(method, path, headers) of every request."""
        self.sent: dict[str, list[tuple[int, int]]] = defaultdict(list)
        """File → (first byte, byte after the last) of each answer."""
        self.send_buffer = send_buffer
        self.over, self.paused = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._servers = [_Server(self) for _ in range(2 if elsewhere else 1)]
        self.endpoint = self._servers[0].address
        self.storage = self._servers[1].address if elsewhere else ""
        """Large files lie at another address, as they do behind a real hub."""

    def __enter__(self) -> LoopbackHub:
        for server in self._servers:
            server.thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.over.set()
        for server in self._servers:
            server.shutdown()
            server.thread.join()
            server.server_close()

    def add(self, name: str, files: dict[str, bytes], **more: Any) -> Repo:
        self.repos[name] = Repo(files, **more)
        return self.repos[name]

    def sent_twice(self, path: str) -> int:
        """How many bytes of a file were sent again."""
        twice, reached = 0, 0
        for begin, end in sorted(self.sent[path]):
            twice += max(0, min(end, reached) - begin)
            reached = max(reached, end)
        return twice

    def next_fault(self, path: str) -> Fault | None:
        with self._lock:
            waiting = self.faults.get(path)
            return waiting.pop(0) if waiting else None

    def note(self, method: str, path: str, headers: dict[str, str]) -> None:
        with self._lock:
            self.asked.append((method, path, headers))


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True

    def __init__(self, hub: LoopbackHub) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hub = hub
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,), name="loopback hub")

    def server_bind(self) -> None:
        # The usual one asks for the machine's name, which may ask the network.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is killed is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 60

    def log_message(self, *_words: Any) -> None:
        """Quiet."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        hub, path = self.server.hub, unquote(urlsplit(self.path).path)
        hub.note(self.command, path, {name.lower(): value for name, value in self.headers.items()})
        if match := re.fullmatch(r"/api/models/(.+?)(?:/revision/(.+))?", path):
            self._describe(match[1], match[2] or "main")
        elif match := re.fullmatch(r"/(storage/)?(.+?)/resolve/([^/]+)/(.+)", path):
            self._file(match[2], match[3], match[4], stored=bool(match[1]))
        else:
            self._refuse(Fault(404, message="Not found"))

    def _describe(self, name: str, revision: str) -> None:
        hub = self.server.hub
        if hub.api_faults:
            self._refuse(hub.api_faults.pop(0))
            return
        repo = hub.repos.get(name)
        if repo is None:
            self._refuse(
                Fault(
                    404 if self.headers.get("Authorization") else 401,
                    "RepoNotFound",
                    "Repository not found",
                )
            )
            return
        if revision not in ("main", repo.commit):
            self._refuse(Fault(404, "RevisionNotFound", "Invalid rev id"))
            return
        siblings = []
        for path, data in repo.files.items():
            entry: dict[str, Any] = {
                "rfilename": path,
                "size": len(data),
                "blobId": hashlib.sha1(data).hexdigest(),
            }
            if path.endswith(LARGE_SUFFIXES):
                entry["lfs"] = {"size": len(data), "sha256": digest(path, data), "pointerSize": 130}
            else:
                entry["blobId"] = digest(path, data)
            siblings.append(entry)
        body = {
            "id": name,
            "sha": repo.commit,
            "gated": repo.gated,
            "private": False,
            "tags": [],
            "downloads": 0,
            "likes": 0,
        }
        self._send(
            200,
            json.dumps({**body, "cardData": repo.card, "siblings": siblings, **repo.more}).encode(),
            "application/json",
        )

    def _file(self, name: str, revision: str, path: str, *, stored: bool) -> None:
        hub = self.server.hub
        repo = hub.repos.get(name)
        if repo is None or revision not in ("main", repo.commit):
            self._refuse(Fault(404, "RevisionNotFound", "Invalid rev id"))
            return
        data = repo.files.get(path)
        if data is None:
            self._refuse(Fault(404, "EntryNotFound", "Entry not found"))
            return
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        refusal = None if stored else repo.allowed(token)
        if refusal is not None:
            self._refuse(refusal)
            return
        large = path.endswith(LARGE_SUFFIXES)
        if large and hub.storage and not stored:
            self.send_response(302)
            self.send_header("Location", f"{hub.storage}/storage{urlsplit(self.path).path}")
            self.send_header("X-Repo-Commit", repo.commit)
            self.send_header("X-Linked-Etag", f'"{digest(path, data)}"')
            self.send_header("X-Linked-Size", str(len(data)))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self._body(path, data, repo, hub.next_fault(path) or Fault())

    def _body(self, path: str, data: bytes, repo: Repo, fault: Fault) -> None:
        if fault.status:
            self._refuse(fault)
            return
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(asked[1]) if asked and not fault.whole else 0
        if start and start >= len(data):
            self._refuse(
                Fault(
                    416,
                    message="Requested Range Not Satisfiable",
                    headers={"Content-Range": f"bytes */{len(data)}"},
                )
            )
            return
        start += 1 if fault.wrong_start else 0
        content = data[start:] if fault.truncate_to < 0 else data[start : fault.truncate_to]
        if start <= fault.flip < start + len(content):
            at = fault.flip - start
            content = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{digest(path, data)}"')
        self.send_header("X-Repo-Commit", repo.commit)
        self.send_header("Accept-Ranges", "bytes")
        if start:
            self.send_header(
                "Content-Range", f"bytes {start}-{start + len(content) - 1}/{len(data)}"
            )
        self.end_headers()
        if self.command == "GET":
            self._stream(path, start, content, fault)

    def _stream(self, path: str, start: int, content: bytes, fault: Fault) -> None:
        hub, gone = self.server.hub, 0
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, hub.send_buffer)
        stop = min(
            next(
                (max(0, at - start) for at in (fault.cut_at, fault.pause_at) if at >= 0),
                len(content),
            ),
            len(content),
        )
        try:
            while gone < stop:
                gone += self.connection.send(content[gone : min(stop, gone + BLOCK)])
                if fault.bytes_a_second:
                    time.sleep(BLOCK / fault.bytes_a_second)
                    if hub.over.is_set():
                        break
        except OSError:
            self.close_connection = True
        finally:
            hub.sent[path].append((start, start + gone))
        if fault.pause_at >= 0:
            self._pause()
        if fault.cut_at >= 0 or fault.pause_at >= 0:
            self.close_connection = True
            if fault.reset:
                self.connection.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR if not fault.reset else socket.SHUT_RD)

    def _pause(self) -> None:
        """Wait until the other side is gone."""
        self.server.hub.paused.set()
        self.connection.settimeout(0.05)
        while not self.server.hub.over.is_set():
            with contextlib.suppress(TimeoutError):
                with contextlib.suppress(ConnectionError):
                    if self.connection.recv(1):
                        continue
                return

    def _refuse(self, fault: Fault) -> None:
        headers = {**fault.headers, **({"X-Error-Code": fault.code} if fault.code else {})}
        if fault.message:
            headers["X-Error-Message"] = fault.message
        self._send(
            fault.status, json.dumps({"error": fault.message}).encode(), "application/json", headers
        )

    def _send(
        self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
