"""A program that is killed at any instant loses nothing and doubles nothing."""

import random
import subprocess
import sys
import threading

import msgspec
import pytest

from studio.library.annotations import read_annotations
from studio.library.artifacts import read_recipe
from studio.library.file_actions.journal import ActionJournal
from studio.library.file_actions.run import ActionRun

ROUNDS = 5
COUNT = 8


def kill_after(work: str, studio, seconds: float) -> list[str]:
    """Start work in another program, kill it after `seconds`, and return what it reported."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.library.endless_work", work, str(studio.data.root)],
        stdout=subprocess.PIPE,
        text=True,
    )
    timer = threading.Timer(seconds, process.kill)
    lines = []
    for line in process.stdout:
        if line == "ready\n":
            timer.start()
        elif line.endswith("\n"):
            lines.append(line.strip())
    process.wait()
    timer.join()
    process.stdout.close()
    return lines


def content(library) -> list[tuple[str, str]]:
    """Return name and hash of every item."""
    return sorted(
        (item.path.rpartition("/")[2], item.sha256) for item in library.index.search(limit=1000)
    )


@pytest.fixture
def rated(studio):
    for number in range(COUNT):
        (studio.text if number % 2 else studio.image)(f"number {number}")
    studio.library.catch_up()
    studio.library.annotate(
        studio.library.index.ids(), lambda old: msgspec.structs.replace(old, rating=3)
    )
    return studio


def instants(seed: int) -> list[float]:
    drawn = random.Random(seed)
    return [drawn.uniform(0, 0.25) for _round in range(ROUNDS)]


def test_catching_up(rated):
    before = content(rated.library)
    for seconds in instants(1):
        kill_after("catch_up", rated, seconds)
        rated.library.catch_up()
        rated.library.scan()
        assert content(rated.library) == before
        assert {item.rating for item in rated.library.index.search()} == {3}


def test_rebuilds(rated):
    before = content(rated.library)
    for seconds in instants(2):
        kill_after("rebuild", rated, seconds)
        assert content(rated.library) == before
        assert {item.rating for item in rated.library.index.search()} == {3}
    rated.library.rebuild()
    assert content(rated.library) == before
    assert not rated.data.rebuilt_library.exists()


def test_ratings(rated):
    library = rated.library
    expected = dict.fromkeys(library.index.ids(), 3)
    for seconds in instants(3):
        for line in kill_after("annotate", rated, seconds):
            item_id, stars = map(int, line.split())
            expected[item_id] = stars
        library.scan()  # the last change may be next to the file and not in the index
        changed = []
        for item in library.index.search():
            line = read_annotations(rated.data.outputs)[item.path.rpartition("/")[2]]
            assert line.annotation.rating == item.rating
            changed += [item.id] if item.rating != expected[item.id] else []
            expected[item.id] = item.rating
        assert len(changed) <= 1  # the one that was not reported


def test_moves(rated):
    library, before = rated.library, content(rated.library)
    for seconds in instants(4):
        kill_after("move", rated, seconds)
        library.refresh()
        found = library.scan()
        assert (found.added, found.missing) == (0, 0)
        assert content(library) == before
        for item in library.index.search():
            assert item.rating == 3
        for folder in (rated.data.outputs, rated.data.outputs / "other"):
            texts = {path.name for path in folder.glob("*.txt")}
            recipes = {path.name for path in folder.glob(".studio/*.txt.json")}
            assert recipes == {f"{name}.json" for name in texts}
    names = [path.name for path in rated.data.outputs.rglob("*.*") if path.suffix == ".txt"]
    assert len(names) == len(set(names)) == COUNT // 2


def test_actions_on_files_are_continued(rated):
    library, data = rated.library, rated.data
    prompts = {f"number {number}" for number in range(COUNT)}
    journal = ActionJournal(data.file_actions)
    for seconds in instants(5):
        kill_after("act", rated, seconds)
        for progress in journal.pending():
            result = ActionRun(library.index, data, progress).run()
            journal.end(progress.action.id)
            assert not result.failed
            assert len(result.done) == len(progress.action.files)
        for folder in (data.root / "targets").iterdir():
            files = [path for path in folder.iterdir() if path.is_file() and path.suffix != ".mid"]
            made = [path for path in files if path.name[0] != "."]
            if "move" in folder.name and not made:
                continue  # they were moved on
            assert len(made) == COUNT
            if "export" not in folder.name:
                assert {read_recipe(path).request.prompt for path in made} == prompts
            assert not list(folder.rglob("*.part"))
            texts = {path.name for path in made if path.suffix == ".txt"}
            assert {path.name[:-5] for path in folder.glob(".studio/*.txt.json")} == texts
        paths = [item.path for item in library.index.search(limit=10_000)]
        copies = [path for path in paths if "/copy-" in path]
        assert len(set(paths)) == len(paths) == COUNT + len(copies)
        assert library.scan().added == 0
