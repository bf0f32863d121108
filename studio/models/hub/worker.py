"""The process that connects to a hub. It has the token, and loads neither torch nor Qt.

`python -m studio.models.hub.worker` reads JSON lines on stdin (an `Order`, then `Fetch`es), answers
with JSON lines on stdout, and ends with its parent. huggingface_hub lists files, authorizes and
opens streams. Its own downloads (2.4) start over after a kill, so `blobs.py` writes the bytes.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import msgspec

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.models.hub.blobs import fetch_file
from studio.models.hub.client import HubClient
from studio.models.hub.messages import Complete, Fetch, FromChild, Order, ToChild
from studio.models.hub.repository import Trouble

FILES_AT_ONCE = 3
_LINE_BYTES = 4 << 20


def main() -> int:
    """Serve one download; the process's entry point."""
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the parent's to answer
    send = _message_writer()
    requests: queue.SimpleQueue[ToChild] = queue.SimpleQueue()
    threading.Thread(target=_read_requests, args=(requests,), daemon=True).start()
    order = requests.get()
    assert isinstance(order, Order)
    _prepare(order)
    try:
        _serve(order, requests, send)
    except StudioError as error:
        send(Trouble.of(error))
    except OSError as error:
        send(_disk_trouble(error))
    sys.stderr.flush()
    os._exit(0)  # threads may wait in the network


def _serve(
    order: Order, requests: queue.SimpleQueue[ToChild], send: Callable[[FromChild], None]
) -> None:
    client = HubClient(order.hub, order.repository, send)
    send(client.query(with_license=order.with_license))
    while True:
        fetch = requests.get()
        assert isinstance(fetch, Fetch)
        with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
            tasks = [
                pool.submit(fetch_file, client, file, Path(order.folder)) for file in fetch.files
            ]
            done, _open = wait(tasks, return_when=FIRST_EXCEPTION)
            for task in done:
                if error := task.exception():
                    pool.shutdown(wait=False, cancel_futures=True)
                    send(_trouble(error))
                    sys.stderr.flush()
                    os._exit(0)
        send(Complete())


def _trouble(error: BaseException) -> Trouble:
    if isinstance(error, StudioError):
        return Trouble.of(error)
    if isinstance(error, OSError):
        return _disk_trouble(error)
    raise error


def _disk_trouble(error: OSError) -> Trouble:
    return Trouble(
        "disk",
        tr("The download cannot be written: {reason}.", reason=error.strerror or error),
        tr(
            "Check the disk's space and permissions, and start it again; what is there is not "
            "downloaded twice."
        ),
    )


def _prepare(order: Order) -> None:
    """Keep huggingface_hub away from the user's account and cache; it writes in our folder only."""
    from studio.core.environment import OFFLINE

    os.environ.update(OFFLINE)
    os.environ.update(
        {
            "HF_HUB_OFFLINE": "0",
            "TRANSFORMERS_OFFLINE": "0",
            "HF_HOME": order.folder,
            "HF_ENDPOINT": order.hub.endpoint,
        }
    )


def _message_writer() -> Callable[[FromChild], None]:
    """Return a function that writes messages to stdout; what libraries print goes to stderr."""
    stream = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    lock = threading.Lock()

    def send(message: FromChild) -> None:
        line = msgspec.json.encode(message) + b"\n"
        with lock:
            while line:
                line = line[stream.write(line) or 0 :]

    return send


def _read_requests(requests: queue.SimpleQueue[ToChild]) -> None:
    # stdin ends when the parent has ended.
    decoder: Any = msgspec.json.Decoder(Order | Fetch)
    with contextlib.suppress(OSError, msgspec.DecodeError):  # the parent is gone
        for line in iter(lambda: sys.stdin.buffer.readline(_LINE_BYTES), b""):
            requests.put(decoder.decode(line))
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
