"""Two real windows with data folders of their own that watch one folder: no change is lost."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.media.image_texts import image_files

NAMES = "abcdefg"
PATIENCE = 120


class Window:
    """One window in a process of its own."""

    def __init__(self, data: Path, share: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.ui.library.driven_window", str(data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "XDG_DATA_HOME": str(share), "QT_QPA_PLATFORM": "offscreen"},
        )

    def begin(self, *command) -> None:
        self.process.stdin.write(json.dumps([str(part) for part in command]) + "\n")
        self.process.stdin.flush()

    def end(self):
        return json.loads(self.process.stdout.readline())

    def do(self, *command):
        self.begin(*command)
        return self.end()


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "photos"
    (made / "sub").mkdir(parents=True)
    for number, name in enumerate(NAMES):
        image_files.png(made / f"{name}.png", {"parameters": f"{name}\nSteps: 2, Seed: {number}"})
    return made


@pytest.fixture
def share(tmp_path):
    """The desktop's data folder, with the trash."""
    made = tmp_path / "share"
    made.mkdir()
    return made


@pytest.fixture
def windows(tmp_path, share, folder):
    opened = [Window(tmp_path / name, share) for name in ("first", "second")]
    for window in opened:
        window.begin("add", folder)
    assert [window.end() for window in opened] == [len(NAMES)] * 2
    yield opened
    for window in opened:
        window.process.stdin.close()
    codes = [window.process.wait(PATIENCE) for window in opened]
    for window in opened:
        window.process.stdout.close()
    assert codes == [0, 0]


def both(windows, first, second) -> list:
    """Let the windows work at the same time."""
    windows[0].begin(*first)
    windows[1].begin(*second)
    return [window.end() for window in windows]


def refreshed(windows) -> dict:
    """Return what both windows show after each has looked at the files."""
    for _round in range(2):
        both(windows, ["refresh"], ["refresh"])
    shown = [window.do("items") for window in windows]
    assert shown[0] == shown[1]
    return {Path(path): noted for path, noted in shown[0].items()}


@pytest.mark.skipif(sys.platform == "win32", reason="the trash of the desktop is another one")
def test_two_windows_change_the_same_files_and_nothing_is_lost(windows, folder, share):
    first, second = windows
    paths = {name: folder / f"{name}.png" for name in NAMES}
    first.do("rate", paths["a"], 5)
    second.do("tag", paths["a"], "harbor")  # it does not know the rating yet
    first.do("tag", paths["a"], "storm")
    both(windows, ["rate", paths["b"], 3], ["rate", paths["b"], 4])
    for number in range(5):
        both(windows, ["tag", paths["c"], f"x{number}"], ["tag", paths["c"], f"y{number}"])
    assert first.do("move", paths["d"], folder / "sub") == {}
    second.do("tag", paths["d"], "moved")  # it knows the old place
    assert first.do("trash", paths["e"]) == {}
    assert list(second.do("move", paths["e"], folder / "sub")) == [str(paths["e"])]
    trashed = both(windows, ["trash", paths["f"]], ["trash", paths["f"]])
    assert len([failed for failed in trashed if not failed]) >= 1
    moved = both(
        windows, ["move", paths["g"], folder / "sub"], ["move", paths["g"], folder / "other"]
    )
    assert {} in moved

    found = refreshed(windows)
    shown = {path.name: [path.parent.name, *noted] for path, noted in found.items()}
    assert shown["a.png"] == ["photos", 5, ["harbor", "storm"]]
    assert shown["b.png"][1] in (3, 4)
    expected = sorted([f"x{number}" for number in range(5)] + [f"y{number}" for number in range(5)])
    assert shown["c.png"] == ["photos", 0, expected]
    assert shown["d.png"] == ["sub", 0, ["moved"]]
    assert shown["g.png"][0] in ("sub", "other")
    assert set(shown) == {"a.png", "b.png", "c.png", "d.png", "g.png"}
    in_trash = sorted(path.name for path in (share / "Trash" / "files").iterdir())
    assert in_trash == ["e.png", "f.png"]
    on_disk = sorted(path.name for path in folder.rglob("*.png"))
    assert on_disk == ["a.png", "b.png", "c.png", "d.png", "g.png"]
