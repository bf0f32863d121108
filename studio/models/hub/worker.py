"""The process that speaks to a hub: the network and the token are here, and neither torch nor the
window.

`python -m studio.models.hub.worker` takes JSON lines on stdin (an `Order`, then `Fetch`es), answers
with JSON lines on stdout, and ends with its parent. huggingface_hub lists, authorises and opens the
streams. Its own downloads begin anew after a kill (2.4: a temporary file of a new name each time,
deleted at any error), so `blobs.py` writes the bytes.
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
    say = _speaker()
    asked: queue.SimpleQueue[ToChild] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(asked,), daemon=True).start()
    order = asked.get()
    assert isinstance(order, Order)
    _prepare(order)
    try:
        _serve(order, asked, say)
    except StudioError as error:
        say(Trouble.of(error))
    except OSError as error:
        say(_disk_trouble(error))
    sys.stderr.flush()
    os._exit(0)  # threads may wait in the network


def _serve(
    order: Order, asked: queue.SimpleQueue[ToChild], say: Callable[[FromChild], None]
) -> None:
    client = HubClient(order.hub, order.repository, say)
    say(client.look(with_licence=order.with_licence))
    while True:
        fetch = asked.get()
        assert isinstance(fetch, Fetch)
        with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
            tasks = [
                pool.submit(fetch_file, client, file, Path(order.folder)) for file in fetch.files
            ]
            done, _open = wait(tasks, return_when=FIRST_EXCEPTION)
            for task in done:
                if error := task.exception():
                    pool.shutdown(wait=False, cancel_futures=True)
                    say(_trouble(error))
                    sys.stderr.flush()
                    os._exit(0)
        say(Complete())


def _trouble(error: BaseException) -> Trouble:
    if isinstance(error, StudioError):
        return Trouble.of(error)
    if isinstance(error, OSError):
        return _disk_trouble(error)
    raise error


def _disk_trouble(error: OSError) -> Trouble:
    return Trouble(
        "disk",
        f"The download cannot be written: {error.strerror or error}.",
        "Check the disk's space and rights, and start it again; what is there is not fetched "
        "twice.",
    )


def _prepare(order: Order) -> None:
    """Nothing of the person's own account or cache is read, and what the library writes stays in
    our folder.
    """
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


def _speaker() -> Callable[[FromChild], None]:
    """Return what writes messages to the real stdout; whatever a library prints goes to stderr."""
    stream = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    lock = threading.Lock()

    def say(message: FromChild) -> None:
        line = msgspec.json.encode(message) + b"\n"
        with lock:
            while line:
                line = line[stream.write(line) or 0 :]

    return say


def _listen(asked: queue.SimpleQueue[ToChild]) -> None:
    # The end of stdin means that whoever wanted the model is gone.
    decoder: Any = msgspec.json.Decoder(Order | Fetch)
    with contextlib.suppress(OSError, msgspec.DecodeError):  # either way nobody waits for an answer
        for line in iter(lambda: sys.stdin.buffer.readline(_LINE_BYTES), b""):
            asked.put(decoder.decode(line))
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
