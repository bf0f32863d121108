"""Ends works on a library with SIGKILL at changes of files, and looks at what the next start has.

    LD_PRELOAD=kill_at.so python -m tests.library.kill_points FOLDER [STEP]

Every STEP-th change of each work. Prints one JSON object: work → number of changes, and what was
wrong. One process imports everything; each run is a fork.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

import msgspec
from PIL import Image
from PySide6.QtCore import QCoreApplication

import studio.library.read_item
import studio.library.scanning.rebuild
import studio.library.scanning.scan  # noqa: F401  imported here once
from studio.core.files import sha256_of
from studio.core.paths import DataFolder
from studio.core.requests import ImageRequest, SpeechRequest, TextRequest
from studio.jobs.library.live_library import LiveLibrary
from studio.jobs.queue import JobQueue
from studio.jobs.store import JobStore
from studio.library.encoders import sidecar_path
from studio.library.file_actions.move import move_items
from studio.library.items import Annotation, Query
from studio.library.library import Library
from tests.library.conftest import Studio

MOST = 2_000
NOTED = Annotation(rating=3, tags=("sky",), collections=("Best",))
SEARCH = Query(min_rating=3)


def main() -> int:
    root, step = Path(sys.argv[1]), int([*sys.argv, "1"][2])
    template, place = root / "template", root / "place"
    place.mkdir(parents=True)
    os.environ["XDG_DATA_HOME"] = str(place / "share")
    os.environ["KILL_PATH"] = str(place)
    run_forked(lambda: fill(place))
    place.rename(template)
    report = root / "report.json"
    points: dict[str, int] = {}
    wrong: list[str] = []
    for name, work in WORKS.items():
        for number in range(1, MOST, step):
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(template, place)
            points[name] = number
            code = run_forked(lambda work=work, number=number: work(place, number))
            assert code in (0, -signal.SIGKILL), f"{name} {number}: {code}"
            if run_forked(lambda: report.write_text(json.dumps(faults_of(place)))) != 0:
                wrong.append(f"{name} {number}: the next start failed")
            else:
                found = json.loads(report.read_text())
                wrong += [f"{name} {number}: {what}" for what in found]
            if code == 0:
                break
    sys.stdout.write(json.dumps({"points": points, "wrong": wrong}))
    return 0


def run_forked(work: Callable[[], object]) -> int:
    """Return the exit code, or the signal's number as a negative one."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def fill(place: Path) -> None:
    data = DataFolder(place / "data")
    data.create()
    (place / "share").mkdir()
    opened = Studio(data, Library(data))
    opened.make(ImageRequest(prompt="a boat", seed=1))
    opened.make(TextRequest(prompt="a storm", seed=1))
    opened.make(SpeechRequest(prompt="Hello.", seed=1))
    opened.library.refresh()
    opened.library.annotate(opened.library.index.ids(), lambda _old: NOTED)
    opened.library.save_search("old", SEARCH)
    (place / "photos").mkdir()
    for number in (1, 2):
        Image.new("RGB", (4, 4), (number, 0, 0)).save(place / "photos" / f"{number}.png")
    opened.library.close()


# What is killed
# ----------------------------------------------------------------------


def arm(number: int) -> None:
    os.environ["KILL_AT"] = str(number)


def opened(place: Path, number: int) -> Library:
    library = Library(DataFolder(place / "data"))
    arm(number)
    return library


def live(place: Path) -> tuple[LiveLibrary, list[int]]:
    QCoreApplication([])
    data = DataFolder(place / "data")
    library = LiveLibrary(data, JobQueue(JobStore.open(data.database)))
    return library, list(library.index.ids())


def add_folder(place: Path, number: int) -> None:
    library = opened(place, number)
    library.add_folder(place / "photos")
    library.refresh()


def annotate(place: Path, number: int) -> None:
    library = opened(place, number)
    library.annotate(library.index.ids(), lambda old: msgspec.structs.replace(old, rating=5))


def rename(place: Path, number: int) -> None:
    library, ids = live(place)
    arm(number)
    for item_id in ids:
        library.rename(item_id, f"renamed {item_id}")


def move(place: Path, number: int) -> None:
    library, ids = live(place)
    (place / "data" / "outputs" / "other").mkdir()
    arm(number)
    move_items(library.index, library.data, ids, place / "data" / "outputs" / "other")


def trash(place: Path, number: int) -> None:
    library, ids = live(place)
    arm(number)
    library.trash(ids)


def restore(place: Path, number: int) -> None:
    library, ids = live(place)
    trashing = library.trash(ids)
    arm(number)
    library.restore_trashed(trashing)


def rebuild(place: Path, number: int) -> None:
    opened(place, number).rebuild()


def save_search(place: Path, number: int) -> None:
    opened(place, number).save_search("new", SEARCH)


WORKS: dict[str, Callable[[Path, int], None]] = {
    "add_folder": add_folder,
    "annotate": annotate,
    "rename": rename,
    "move": move,
    "trash": trash,
    "restore": restore,
    "rebuild": rebuild,
    "save_search": save_search,
}


# What the next start has
# ----------------------------------------------------------------------


def faults_of(place: Path) -> list[str]:
    library = Library(DataFolder(place / "data"))
    library.refresh()
    undo_trash(place)
    library.refresh()
    searches = library.index.saved_searches()
    wrong = [] if searches.get("old") == SEARCH else [f"searches: {searches}"]
    parts = [part for part in place.rglob("*.part") if part.parent != place / "data"]
    wrong += [f"left behind: {part}" for part in parts]  # a start of Studio deletes the others
    files = sorted(media_files(place / "data" / "outputs"))
    if sorted(path.suffix for path in files) != [".png", ".txt", ".wav"]:
        wrong.append(f"files: {[path.name for path in files]}")
    items = {item.path: item for item in library.index.search(Query(program="Studio"))}
    if sorted(items) != [str(path) for path in files]:
        wrong.append(f"items: {[Path(path).name for path in sorted(items)]}")
    for path, item in items.items():
        note = library.index.annotation(item.id)
        if note not in (NOTED, msgspec.structs.replace(NOTED, rating=5)):
            wrong.append(f"notes of {Path(path).name}: {note}")
        if item.missing or sha256_of(Path(path)) != item.sha256:
            wrong.append(f"{Path(path).name} is missing or another file")
        if path.endswith(".txt") and not sidecar_path(Path(path)).is_file():
            wrong.append("the text has no recipe")
    if library.index.folders() and library.index.count() != len(items) + 2:
        wrong.append(f"{library.index.count()} items with the added folder")
    return wrong


def media_files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix in (".png", ".txt", ".wav"):
            yield path


def undo_trash(place: Path) -> None:
    """Move files back to where they were, as the desktop does, unless they are there."""
    bin_ = place / "share" / "Trash"
    for note in (bin_ / "info").glob("*.trashinfo"):
        path = "".join(one[5:] for one in note.read_text().splitlines() if one.startswith("Path="))
        source, target = bin_ / "files" / note.stem, Path(unquote(path))
        if path and source.exists() and not target.exists():
            source.rename(target)


if __name__ == "__main__":
    sys.exit(main())
