"""A folder of hostile files and of files that are no artifacts, dropped on the real window."""

import json
import os
import sys

import pytest

from studio.library.file_reader import process
from tests.library.file_reader.conftest import _failing  # noqa: F401  a fixture
from tests.media.image_texts import image_files
from tests.media.test_image_reader import huge_png
from tests.ui.conftest import PATIENCE
from tests.ui.library.conftest import found
from tests.ui.library.test_folders import drop

OTHERS = 500
TEXTS = {
    "large": "a red fox, " * 500_000 + "\nSteps: 20, Seed: 5",
    "deep": '{"a":' * 100_000,
    "types": json.dumps({"1": {"class_type": 5, "inputs": ["x"]}, "2": {"inputs": {"seed": {}}}}),
    "control": "".join(map(chr, range(1, 256))) + "\u202e\u2028\nSteps: x, Seed: 1e999, Size: -3x9",
}


@pytest.fixture
def hostile(tmp_path):
    folder = tmp_path / "hostile"
    folder.mkdir()
    for name, text in TEXTS.items():
        for keyword in ("parameters", "prompt"):
            image_files.png(folder / f"{name}-{keyword}.png", {keyword: text})
    for number in range(OTHERS):
        suffix = (".png", ".jpg", ".wav", ".mp4", ".webp", ".flac")[number % 6]
        (folder / f"{number}{suffix}").write_bytes(os.urandom(number % 3 * 700))
    if sys.platform != "win32":
        (folder / "loop").symlink_to(folder)
        (folder / "self.png").symlink_to("self.png")
        os.mkfifo(folder / "pipe.png")
        (folder / "zero.png").symlink_to("/dev/zero")
    notes = folder / ".studio" / "annotations.jsonl"
    notes.parent.mkdir()
    notes.write_text("[" * 100_000 + '\n{"name":"deep-prompt.png","sha256":3}\n' + '{"a":' * 9_999)
    return folder


def test_hostile_folder_adds_what_can_be_shown_and_is_reported_once(open_library, hostile, qtbot):
    studio, page = open_library()
    posted = []
    studio.shared.toast_posted.connect(lambda toast: posted.append(toast.text))
    drop(page, hostile)
    count = 2 * len(TEXTS)
    qtbot.waitUntil(lambda: bool(posted), timeout=PATIENCE)
    assert posted == [f"Added {count} files to the library"]
    qtbot.waitUntil(lambda: len(found(page)) == count, timeout=PATIENCE)
    for item_id in found(page):
        page.view.select(item_id)
        qtbot.waitUntil(
            lambda item_id=item_id: (
                page.details.item is not None and page.details.item.id == item_id
            ),
            timeout=PATIENCE,
        )
        assert len(page.details.item.prompt) <= 200_000
    library = studio.shared.library
    assert library.rebuild().problems == []
    assert library.index.count() == count
    assert not page.notice.isVisible(), page.notice.message


def test_file_that_ends_its_reader_is_reported_once(open_library, tmp_path, qtbot, request):
    request.getfixturevalue("_failing")
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("a.png", "crash.png", "z.png"):
        image_files.png(folder / name, {"parameters": f"{name}\nSteps: 2, Seed: 3"})
    studio, page = open_library()
    posted = []
    studio.shared.toast_posted.connect(lambda toast: posted.append(toast.text))
    drop(page, folder)
    qtbot.waitUntil(lambda: len(found(page)) == 2, timeout=PATIENCE)
    expected = [
        "Added 2 files to the library",
        "crash.png was skipped: reading it crashed or took too long.",
    ]
    qtbot.waitUntil(lambda: sorted(posted) == expected, timeout=PATIENCE)
    image_files.png(folder / "b.png", {"parameters": "b\nSteps: 2, Seed: 3"})
    studio.shared.library._refresh_soon()
    qtbot.waitUntil(lambda: len(found(page)) == 3, timeout=PATIENCE)
    assert sorted(posted) == expected


def test_window_reads_files_in_a_child(open_library, hostile, qtbot, monkeypatch):
    started = []
    start = process.start_child
    monkeypatch.setattr(
        process,
        "start_child",
        lambda *args, **options: started.append(start(*args, **options)) or started[-1],
    )
    studio, page = open_library()
    drop(page, hostile)
    qtbot.waitUntil(lambda: len(found(page)) == 2 * len(TEXTS), timeout=PATIENCE)
    assert started
    studio.window.close()
    studio.close()
    assert all(child.poll() is not None for child in started)


def test_image_that_is_too_large_to_decode_is_listed_with_the_reason(open_library, tmp_path, qtbot):
    folder = tmp_path / "folder"
    folder.mkdir()
    huge_png(folder / "large.png", 30_000, 20_000)
    image_files.png(folder / "small.png")
    _studio, page = open_library()
    drop(page, folder)
    qtbot.waitUntil(lambda: len(found(page)) == 2, timeout=PATIENCE)
    large, small = (
        page.results.library.index.find(str(folder / name)) for name in ("large.png", "small.png")
    )
    assert (large.width, large.height) == (30_000, 20_000)
    details = page.details
    page.view.select(large.id)
    qtbot.waitUntil(lambda: details.no_preview.isVisible(), timeout=PATIENCE)
    assert "30000 × 20000 pixels" in details.no_preview.text()
    assert details.no_preview.text().startswith("No preview: large.png has")
    page.view.select(small.id)
    qtbot.waitUntil(lambda: details.preview.isVisible(), timeout=PATIENCE)
    assert not details.no_preview.isVisible()
