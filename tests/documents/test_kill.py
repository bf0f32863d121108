"""A process that is killed while it stores what is typed."""

import random
import signal
import subprocess
import sys

import pytest

from studio.documents.store import DocumentStore

PROGRAM = """
import sys
from pathlib import Path
from studio.documents import store as store_module
from studio.documents.document import insertion, new_document
from studio.documents.store import DocumentStore

store_module.MAX_CHANGES = 7  # the text is written whole again and again
store = DocumentStore(Path(sys.argv[1]))
document = new_document("A")
store.add(document)
for number in range(100_000):
    change = insertion(len(document.text), f"{number}\\n")
    document.apply(change)
    store.append(document.id, (change,), len(document.text))
    if number % 10 == 0:
        store.versions.add(document.id, document.text, document.origins, "save")
    print(number, flush=True)
"""


@pytest.mark.parametrize("seed", range(12))
def test_what_was_stored_survives_a_kill_at_any_instant(tmp_path, seed):
    path = tmp_path / "documents.sqlite"
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(path)], stdout=subprocess.PIPE, text=True
    )
    stored = -1
    for _ in range(random.Random(seed).randint(1, 60)):
        stored = int(child.stdout.readline())
    child.send_signal(signal.SIGKILL)
    stored = max([stored, *(int(line) for line in child.stdout.read().split("\n")[:-1] if line)])
    child.stdout.close()
    child.wait()
    store = DocumentStore(path)
    assert store.set_aside is None
    document = store.load(store.list()[0].id)
    lines = document.text.split("\n")[:-1]
    assert lines == [str(number) for number in range(len(lines))]
    assert len(lines) - 1 in (stored, stored + 1)
    assert store.versions.list(document.id)
    for info in store.versions.list(document.id):
        assert document.text.startswith(store.versions.read(info.id).text)
    store.close()
