"""Strip, stage and batch grid follow what the library does to files."""

from pathlib import Path

import pytest

from studio.core.jobs import Batch, new_job
from studio.core.requests import TextRequest
from studio.jobs.library import live_library
from studio.jobs.library.trash import Trashed, TrashedFile, TrashResult
from studio.ui import background
from tests.ui.conftest import PATIENCE
from tests.ui.stage.test_stage import wait_over
from tests.ui.stage.test_strip import make_texts, prompts, text_of


@pytest.fixture
def studio(open_studio):
    return open_studio()


@pytest.fixture(autouse=True)
def trash_folder(tmp_path, monkeypatch):
    """A trash of this test: a folder, because the tests' machine may have none."""
    folder = tmp_path / "trash"
    folder.mkdir()

    def move(paths):
        trashed = []
        for path in paths:
            path.rename(folder / path.name)
            trashed.append(Trashed(path, (TrashedFile(path, folder / path.name),)))
        return TrashResult(tuple(trashed), {})

    monkeypatch.setattr(live_library, "move_to_trash", move)


def in_library(qtbot, studio, path):
    """Wait until the library has a file; return its id."""
    index = studio.shared.library.index
    qtbot.waitUntil(lambda: index.find(path) is not None, timeout=PATIENCE)
    return index.find(path).id


def change(qtbot, studio, work):
    """Change the library in another thread, as the window does; return the result."""
    results = []
    background.run(studio.window, work, results.append)
    qtbot.waitUntil(lambda: bool(results), timeout=PATIENCE)
    return results[0]


def test_trashed_result_leaves_strip_and_stage_until_it_is_restored(qtbot, studio):
    strip = make_texts(qtbot, studio, "kept", "trashed")
    tab, library = studio.window.text_tab, studio.shared.library
    kept = text_of(studio, "kept")
    item_id = in_library(qtbot, studio, strip.results.item(0).path)
    trashing = change(qtbot, studio, lambda: library.trash([item_id]))
    qtbot.waitUntil(lambda: prompts(strip) == ["kept"], timeout=PATIENCE)
    qtbot.waitUntil(lambda: tab.view.text() == kept, timeout=PATIENCE)
    assert tab.stage.header.prompt.whole == "kept"
    assert not tab.notice.isVisible()
    change(qtbot, studio, lambda: library.restore_trashed(trashing))
    qtbot.waitUntil(lambda: prompts(strip) == ["trashed", "kept"], timeout=PATIENCE)


def test_last_result_that_is_trashed_leaves_the_examples(qtbot, studio):
    strip = make_texts(qtbot, studio, "only")
    tab, library = studio.window.text_tab, studio.shared.library
    item_id = in_library(qtbot, studio, strip.results.item(0).path)
    change(qtbot, studio, lambda: library.trash([item_id]))
    qtbot.waitUntil(tab.examples_page.isVisible, timeout=PATIENCE)
    qtbot.waitUntil(lambda: not strip.isVisible(), timeout=PATIENCE)
    assert not tab.stage.header.isVisible()


@pytest.mark.parametrize("is_rename", [True, False])
def test_moved_result_stays_shown_and_is_found_by_every_route(qtbot, studio, tmp_path, is_rename):
    strip = make_texts(qtbot, studio, "stays", "moved")
    tab, library = studio.window.text_tab, studio.shared.library
    old, text = strip.results.item(0).path, tab.view.text()
    item_id = in_library(qtbot, studio, old)
    if is_rename:
        change(qtbot, studio, lambda: library.rename(item_id, "another 名字"))
    else:
        (tmp_path / "elsewhere").mkdir()
        studio.shared.file_actions.move([item_id], tmp_path / "elsewhere")
    index = library.index
    qtbot.waitUntil(lambda: index.items([item_id])[0].path != old, timeout=PATIENCE)
    new = index.items([item_id])[0].path
    qtbot.waitUntil(lambda: tab.stage.current_path() == new, timeout=PATIENCE)
    qtbot.waitUntil(lambda: strip.results.item(0).path == new, timeout=PATIENCE)
    assert prompts(strip) == ["moved", "stays"]
    assert strip.currentIndex().row() == 0
    qtbot.waitUntil(lambda: tab.view.text() == text, timeout=PATIENCE)
    strip.setCurrentIndex(strip.results.index(1))
    qtbot.waitUntil(lambda: tab.stage.header.prompt.whole == "stays", timeout=PATIENCE)
    job_id = strip.results.item(0).job_id
    studio.window.show_result(job_id)
    qtbot.waitUntil(lambda: tab.stage.current_path() == new, timeout=PATIENCE)
    qtbot.waitUntil(lambda: tab.view.text() == text, timeout=PATIENCE)
    assert not tab.notice.isVisible()


def test_result_of_the_queue_whose_file_is_gone_is_explained(qtbot, studio):
    strip = make_texts(qtbot, studio, "gone")
    path = Path(strip.results.item(0).path)
    path.unlink()
    studio.window.show_result(strip.results.item(0).job_id)
    notice = studio.window.text_tab.notice
    qtbot.waitUntil(lambda: notice.message == f"{path.name} cannot be shown.", timeout=PATIENCE)
    assert notice.isVisible()


def test_hidden_tab_follows_when_it_is_shown_again(qtbot, studio):
    strip = make_texts(qtbot, studio, "kept", "trashed")
    library = studio.shared.library
    item_id = in_library(qtbot, studio, strip.results.item(0).path)
    studio.window.show_tab("library")
    change(qtbot, studio, lambda: library.trash([item_id]))
    qtbot.waitUntil(lambda: studio.window.text_tab.stage._is_outdated, timeout=PATIENCE)
    studio.window.show_tab("text")
    qtbot.waitUntil(lambda: prompts(strip) == ["kept"], timeout=PATIENCE)


def test_copy_in_the_library_is_no_second_result(qtbot, studio, tmp_path):
    strip = make_texts(qtbot, studio, "copied")
    stage, library = studio.window.text_tab.stage, studio.shared.library
    item_id = in_library(qtbot, studio, strip.results.item(0).path)
    (tmp_path / "copies").mkdir()
    studio.shared.file_actions.copy([item_id], tmp_path / "copies")
    qtbot.waitUntil(lambda: library.index.count() == 2, timeout=PATIENCE)
    with qtbot.waitSignal(strip.filled, timeout=PATIENCE):
        stage.refresh()
    assert [item.path for item in strip.results.items()] == [library.index.items([item_id])[0].path]


def test_grid_of_a_batch_follows_trash_and_move(qtbot, studio, tmp_path):
    folder = tmp_path / "made"
    batch = Batch(id="b1", source=str(tmp_path / "rows.csv"), folder=str(folder))
    jobs = [
        new_job(
            TextRequest(prompt=f"row {number}", model="fake-text", max_new_tokens=4),
            str(folder),
            f"{number}",
            batch="b1",
            row=number,
        )
        for number in (1, 2)
    ]
    studio.shared.queue.submit(jobs, batch)
    for job in jobs:
        wait_over(qtbot, studio, job.id)
    studio.window.show_batch(batch)
    grid, library = studio.window.text_tab.stage.grid, studio.shared.library
    qtbot.waitUntil(lambda: len(grid.content.files) == 2, timeout=PATIENCE)
    first, second = (grid.model.item(row).path for row in (0, 1))
    ids = [in_library(qtbot, studio, path) for path in (first, second)]
    change(qtbot, studio, lambda: library.trash(ids[:1]))
    qtbot.waitUntil(lambda: not grid.model.item(0).path, timeout=PATIENCE)
    (tmp_path / "best").mkdir()
    studio.shared.file_actions.move(ids[1:], tmp_path / "best")
    moved = str(tmp_path / "best" / Path(second).name)
    qtbot.waitUntil(lambda: grid.model.item(1).path == moved, timeout=PATIENCE)
