"""Queries a repository on a hub and streams its files, through huggingface_hub.

Used in the downloading process only.
"""

from __future__ import annotations

import contextlib
import json
import random
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from studio.core.errors import StudioError
from studio.core.file_names import printable
from studio.core.translation import tr
from studio.models.hub.errors import not_a_hub, refusal, unreachable
from studio.models.hub.file_selection import LARGEST_FILE, RemoteFiles, choose, ggufs
from studio.models.hub.messages import FromChild, Waiting
from studio.models.hub.repository import Hub, RemoteFile, Repository, RepositoryContents, Trouble

QUERY_TRIES, FETCH_TRIES = 3, 6
MAX_WAIT_SECONDS, LONGEST_REQUESTED_SECONDS = 30.0, 600.0
MAX_SMALL_BYTES = 1 << 20
"""Limit for a license file or a model_index.json."""
_TEMPORARY = {408, 425, 429, 500, 502, 503, 504}
_HASH_LENGTHS = {40, 64}
_LICENSES = {
    "apache-2.0": "Apache-2.0",
    "mit": "MIT",
    "cc-by-4.0": "CC-BY-4.0",
    "cc-by-nc-4.0": "CC-BY-NC-4.0",
    "cc0-1.0": "CC0-1.0",
    "bsd-3-clause": "BSD-3-Clause",
}
Answer = TypeVar("Answer")


class HubRefusedError(Exception):
    """A failed request to the hub; a `temporary` one may succeed a little later."""

    def __init__(
        self, error: StudioError, *, temporary: bool = False, wait_seconds: float | None = None
    ) -> None:
        super().__init__(error.message)
        self.error = error
        self.temporary = temporary
        self.wait_seconds = wait_seconds


class RetryPolicy:
    """Waits between failed attempts: each time twice as long, or as long as the hub requests."""

    def __init__(self, hub: Hub, tries: int, send: Callable[[FromChild], None]) -> None:
        self._hub, self._tries, self._send = hub, tries, send
        self._failures = 0

    def reset(self) -> None:
        """Reset the count of failures after data was received."""
        self._failures = 0

    def wait(self, refused: HubRefusedError) -> None:
        """Wait before the next attempt. Raises StudioError if the attempts are used up."""
        self._failures += 1
        asked = refused.wait_seconds
        if (
            not refused.temporary
            or self._failures >= self._tries
            or (asked or 0) > LONGEST_REQUESTED_SECONDS
        ):
            raise refused.error from refused
        seconds = min(
            MAX_WAIT_SECONDS, self._hub.first_wait_seconds * 2 ** (self._failures - 1)
        ) * random.uniform(0.8, 1.2)
        seconds = max(seconds, asked or 0.0)
        self._send(Waiting(seconds, refused.error.message))
        time.sleep(seconds)


class HubClient:
    """One repository on one hub. Used by several threads."""

    def __init__(self, hub: Hub, repository: Repository, send: Callable[[FromChild], None]) -> None:
        from huggingface_hub.utils import build_hf_headers

        self.hub, self.repository, self.send = hub, repository, send
        self._token: str | bool = hub.token or False
        self._headers: dict[str, str] = build_hf_headers(
            token=self._token, library_name="studio", library_version="1"
        )
        self._commit = repository.revision

    # Queries
    # ----------------------------------------------------------------------

    def query(self, *, with_license: bool) -> RepositoryContents:
        """Return the repository's contents, and which files are needed. Raises StudioError."""
        info = self._with_retries(self._info)
        self._commit = str(info.sha or "")
        if not self._commit.isalnum():
            raise not_a_hub(self.hub)
        listing = [_remote_file(self.hub, entry) for entry in info.siblings or []]
        files_by_name = {file.path: file for file in listing}
        gated = bool(info.gated)
        closed = self._why_closed(files_by_name) if gated else None
        parts = (
            self._read_index(files_by_name["model_index.json"])
            if "model_index.json" in files_by_name and closed is None
            else None
        )
        files = tuple(choose(self.repository, listing, parts)) if closed is None else ()
        for file in files:
            if file.size > LARGEST_FILE:
                raise StudioError(
                    tr(
                        "{path} has {size:.0f} GB; hubs serve at most {limit:.0f} over HTTP.",
                        path=file.path,
                        size=file.size / 1e9,
                        limit=LARGEST_FILE / 1e9,
                    ),
                    cause="model",
                    cure=tr("Choose a smaller model."),
                )
        card = info.card_data or {}
        license, link = _license(card)
        return RepositoryContents(
            commit=self._commit,
            files=files,
            choices=tuple(ggufs(listing)),
            license=license,
            license_link=link,
            license_text=self._license_text(files_by_name) if with_license and not closed else "",
            gated=gated,
            languages=_languages(card),
            parameters=_parameters(info),
            closed=closed,
        )

    def _info(self) -> Any:
        from huggingface_hub import HfApi

        api = HfApi(
            endpoint=self.hub.endpoint,
            token=self._token,
            library_name="studio",
            library_version="1",
        )
        silence = self.hub.silence_seconds
        try:
            return api.model_info(
                self.repository.repo,
                revision=self.repository.revision,
                files_metadata=True,
                timeout=silence,
            )
        except (
            json.JSONDecodeError,
            KeyError,
            TypeError,
            AttributeError,
        ) as error:  # the response is not a hub's
            raise HubRefusedError(not_a_hub(self.hub)) from error

    def _why_closed(self, files: RemoteFiles) -> Trouble | None:
        """Return why this user may not download a gated repository's files, which all may list."""
        from huggingface_hub import get_hf_file_metadata

        name = next(
            (name for name in ("config.json", "model_index.json", *files) if name in files), None
        )
        if name is None:
            return None
        try:
            self._with_retries(
                lambda: get_hf_file_metadata(
                    self._address(name), token=self._token, timeout=self.hub.silence_seconds
                )
            )
        except StudioError as error:
            return Trouble.of(error)
        return None

    def _read_index(self, file: RemoteFile) -> dict[str, Any]:
        try:
            table = json.loads(self._with_retries(lambda: self._read_small(file)))
        except (ValueError, RecursionError):
            table = None
        if not isinstance(table, dict):
            raise StudioError(
                tr("The {path} of {repo} is damaged.", path=file.path, repo=self.repository.repo),
                cause="model",
                cure=tr("Choose another model."),
            )
        return table

    def _license_text(self, files: RemoteFiles) -> str:
        names = [
            name
            for name in files
            if "/" not in name and name.upper().startswith(("LICENSE", "LICENCE"))
        ]
        if not names or files[names[0]].size > MAX_SMALL_BYTES:
            return ""
        return self._with_retries(lambda: self._read_small(files[names[0]])).decode(
            errors="replace"
        )

    def _read_small(self, file: RemoteFile) -> bytes:
        content = b""
        with self.stream(file, 0) as (_start, blocks):
            for block in blocks:
                content += block
                if len(content) > MAX_SMALL_BYTES:
                    raise StudioError(
                        tr(
                            "{path} of {repo} is larger than any real one.",
                            path=file.path,
                            repo=self.repository.repo,
                        ),
                        cause="model",
                    )
        return content

    def _with_retries(self, request: Callable[[], Answer]) -> Answer:
        retries = RetryPolicy(self.hub, QUERY_TRIES, self.send)
        while True:
            try:
                with self.translated_errors():
                    return request()
            except HubRefusedError as refused:
                retries.wait(refused)

    # Streams
    # ----------------------------------------------------------------------

    @contextlib.contextmanager
    def stream(self, file: RemoteFile, start: int) -> Iterator[tuple[int, Iterator[bytes]]]:
        """Stream a file from byte `start`; yield the stream's first byte and its blocks.

        Raises HubRefusedError.
        """
        from huggingface_hub.utils import get_session, hf_raise_for_status

        headers = {
            **self._headers,
            "Accept-Encoding": "identity",
            **({"Range": f"bytes={start}-"} if start else {}),
        }
        with (
            self.translated_errors(),
            get_session().stream(
                "GET", self._address(file.path), headers=headers, timeout=self.hub.silence_seconds
            ) as response,
        ):
            hf_raise_for_status(response)
            yield (
                _first_byte(response.status_code, response.headers.get("Content-Range", "")),
                response.iter_raw(),
            )

    def _address(self, path: str) -> str:
        from huggingface_hub import hf_hub_url

        return str(
            hf_hub_url(
                self.repository.repo, path, revision=self._commit, endpoint=self.hub.endpoint
            )
        )

    @contextlib.contextmanager
    def translated_errors(self) -> Iterator[None]:
        """Turn the library's errors into HubRefusedError."""
        import httpx2
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError

        try:
            yield
        except HfHubHTTPError as error:
            raise self._refusal(error.response, error.server_message or "") from error
        except httpx2.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise HubRefusedError(
                unreachable(self.hub, reason), temporary="CERTIFICATE" not in reason.upper()
            ) from error
        except (httpx2.InvalidURL, HFValidationError) as error:
            raise HubRefusedError(StudioError(str(error)[:300], cause="invalid")) from error

    def _refusal(self, response: Any, message: str) -> HubRefusedError:
        status, code = int(response.status_code), response.headers.get("X-Error-Code", "")
        error = refusal(
            status, code, message, self.repository, self.hub, logged_in=bool(self.hub.token)
        )
        return HubRefusedError(
            error, temporary=status in _TEMPORARY, wait_seconds=_retry_after(response.headers)
        )


def _first_byte(status: int, content_range: str) -> int:
    """Return the byte at which a response begins: 0 unless it is a partial one."""
    if status != 206:
        return 0
    begin = content_range.removeprefix("bytes ").partition("-")[0].strip()
    return int(begin) if begin.isdigit() else -1


def _retry_after(headers: Any) -> float | None:
    """Return the seconds that the hub asks to wait."""
    from huggingface_hub.utils import parse_ratelimit_headers

    asked = str(headers.get("Retry-After", "")).strip()
    if asked.isdigit():
        return float(asked)
    limit = parse_ratelimit_headers(headers)
    return float(limit.reset_in_seconds) if limit is not None and limit.remaining == 0 else None


def _remote_file(hub: Hub, entry: Any) -> RemoteFile:
    digest = str(entry.lfs.sha256 if entry.lfs else entry.blob_id)
    size = entry.lfs.size if entry.lfs else entry.size
    # The digest becomes a file's name here, so it must be one.
    if (
        len(digest) not in _HASH_LENGTHS
        or set(digest) - set("0123456789abcdef")
        or type(size) is not int
        or size < 0
    ):
        raise not_a_hub(hub)
    return RemoteFile(str(entry.rfilename), size, digest)


def _license(card: Any) -> tuple[str, str]:
    """Return a license's name and the address of its text."""
    name, link = card.get("license") or "", card.get("license_link") or ""
    if isinstance(name, list):
        name = ", ".join(map(str, name))
    if str(name).lower() == "other":
        name = card.get("license_name") or "other"
    return _LICENSES.get(str(name).lower(), printable(str(name)))[:120], printable(str(link))[:300]


def _languages(card: Any) -> tuple[str, ...]:
    found = card.get("language") or ()
    return tuple(
        printable(str(one))[:20] for one in ([found] if isinstance(found, str) else found)
    )[:200]


def _parameters(info: Any) -> int:
    for count in (getattr(info.safetensors, "total", 0), (info.gguf or {}).get("total", 0)):
        if type(count) is int and count > 0:
            return count
    return 0
