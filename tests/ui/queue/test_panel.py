"""The queue's panel in the real window: keys, clicks, drops, filters, undo."""

import subprocess
import sys
import time

import pytest
from PySide6.QtCore import QModelIndex, Qt, QTime
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QInputDialog, QPushButton, QStyleOptionViewItem

from studio.core.files import can_write
from studio.core.jobs import Batch, JobState, new_job
from studio.core.requests import ImageRequest, TextRequest
from studio.ui.queue.job_text import format_duration, time_of_day
from studio.ui.queue.job_thumbnails import SIDE
from studio.ui.queue.table import PROGRESS, PROMPT, STATE, TIME
from tests.ui.conftest import PATIENCE


def text(data, prompt, **values):
    return new_job(
        TextRequest(**{"prompt": prompt, "seed": 1, "max_new_tokens": 4, **values}),
        str(data.outputs),
    )


@pytest.fixture
def panel(qtbot, open_studio, data):
    """Return the panel of a paused queue with the waiting jobs a, b, c, d."""
    studio = open_studio()
    studio.shared.queue.pause("The queue is paused.")
    with qtbot.waitSignal(studio.shared.queue.jobs_added, timeout=PATIENCE):
        studio.shared.queue.submit([text(data, name) for name in "abcd"])
    studio.window.queue_dock.show()
    panel = studio.window.queue_dock.panel
    panel.studio = studio
    panel.table.setFocus()
    return panel


def prompts(panel):
    return [panel.shown.job_at(number).request.prompt for number in range(panel.shown.rowCount())]


def choose(panel, *names):
    panel.job_actions.select([job.id for job in panel.queue.jobs() if job.request.prompt in names])


def press(panel, key, modifier=Qt.KeyboardModifier.NoModifier):
    panel.table.setFocus()
    QTest.keyClick(panel.table, key, modifier)


def test_keys_move_waiting_jobs_and_undo_restores_them(qtbot, panel):
    alt, control = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier
    choose(panel, "c", "d")
    press(panel, Qt.Key.Key_Home, alt)
    qtbot.waitUntil(lambda: prompts(panel) == ["c", "d", "a", "b"], timeout=PATIENCE)
    qtbot.waitUntil(
        lambda: len(panel.job_actions.selected()) == 2, timeout=PATIENCE
    )  # what was moved stays selected
    press(panel, Qt.Key.Key_Down, alt)
    qtbot.waitUntil(lambda: prompts(panel) == ["a", "c", "d", "b"], timeout=PATIENCE)
    press(panel, Qt.Key.Key_Z, control)
    qtbot.waitUntil(lambda: prompts(panel) == ["c", "d", "a", "b"], timeout=PATIENCE)
    press(panel, Qt.Key.Key_Z, control)
    qtbot.waitUntil(lambda: prompts(panel) == ["a", "b", "c", "d"], timeout=PATIENCE)
    press(panel, Qt.Key.Key_Z, control | Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: prompts(panel) == ["c", "d", "a", "b"], timeout=PATIENCE)


def test_rows_can_be_dragged(qtbot, panel):
    dragged = panel.shown.mimeData([panel.shown.index(3, 0), panel.shown.index(3, 1)])
    assert panel.shown.canDropMimeData(dragged, Qt.DropAction.MoveAction, 1, 0, QModelIndex())
    assert panel.shown.dropMimeData(dragged, Qt.DropAction.MoveAction, 1, 0, QModelIndex())
    qtbot.waitUntil(lambda: prompts(panel) == ["a", "d", "b", "c"], timeout=PATIENCE)
    dragged = panel.shown.mimeData([panel.shown.index(0, 0)])
    assert panel.shown.dropMimeData(dragged, Qt.DropAction.MoveAction, -1, -1, QModelIndex())
    qtbot.waitUntil(lambda: prompts(panel) == ["d", "b", "c", "a"], timeout=PATIENCE)


def test_removed_jobs_do_not_run_and_undo_restores_them(qtbot, panel):
    choose(panel, "b")
    press(panel, Qt.Key.Key_Delete, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: prompts(panel) == ["a", "c", "d"], timeout=PATIENCE)
    panel.job_actions.by_name["undo"].trigger()
    qtbot.waitUntil(lambda: prompts(panel) == ["a", "b", "c", "d"], timeout=PATIENCE)
    choose(panel, "b")
    panel.job_actions.by_name["remove"].trigger()
    panel.pause_button.click()
    qtbot.waitUntil(lambda: all(job.state.over for job in panel.queue.jobs()), timeout=PATIENCE)
    assert sorted(prompts(panel)) == ["a", "c", "d"]


def test_finished_jobs_are_cleared_and_undo_restores_them(qtbot, panel):
    choose(panel, "a", "c")
    panel.cancel_button.click()
    qtbot.waitUntil(lambda: panel.job_actions.by_name["clear"].isEnabled(), timeout=PATIENCE)
    panel.job_actions.by_name["clear"].trigger()
    qtbot.waitUntil(lambda: prompts(panel) == ["b", "d"], timeout=PATIENCE)
    press(panel, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: prompts(panel) == ["a", "b", "c", "d"], timeout=PATIENCE)
    assert [job.state.over for job in panel.queue.jobs()] == [True, False, True, False]


def test_damaged_database_is_reported(qtbot, open_studio, data):
    data.database.write_bytes(b"nothing that SQLite knows" * 500)
    bar = open_studio().window.queue_banner
    assert bar.isVisible()
    assert "damaged" in bar.message
    bar.findChild(QPushButton).click()
    assert not bar.isVisible()


def test_waiting_job_is_edited_in_its_form(qtbot, panel):
    tab = panel.studio.window.text_tab
    tab.prompt.setPlainText("my draft")
    choose(panel, "b")
    press(panel, Qt.Key.Key_F2)
    assert tab.prompt.toPlainText() == "b"
    assert tab.editing.isVisible()
    tab.prompt.setPlainText("better b")
    tab.generate_button.click()
    qtbot.waitUntil(lambda: prompts(panel) == ["a", "better b", "c", "d"], timeout=PATIENCE)
    assert tab.prompt.toPlainText() == "my draft"
    assert tab.generate_button.text() == "Generate"
    assert not tab.editing.isVisible()


def test_editing_can_be_cancelled(qtbot, panel):
    tab = panel.studio.window.text_tab
    tab.prompt.setPlainText("my draft")
    choose(panel, "b")
    panel.job_actions.edit_selected()
    choose(panel, "c")
    panel.job_actions.edit_selected()  # another one, before the first was changed
    assert tab.prompt.toPlainText() == "c"
    tab._end_edit()
    assert tab.prompt.toPlainText() == "my draft"
    assert prompts(panel) == ["a", "b", "c", "d"]


def test_duplicates_have_the_same_seed(qtbot, panel):
    choose(panel, "a")
    press(panel, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: prompts(panel) == ["a", "b", "c", "d", "a"], timeout=PATIENCE)
    first, *_, last = panel.queue.jobs()
    assert first.request == last.request
    assert first.id != last.id
    assert first.target.stem != last.target.stem


def test_filters_by_kind_state_batch_and_text(qtbot, panel, data):
    batch = Batch(id="b1", source="x.csv", folder=str(data.outputs / "cities"))
    rows = [
        new_job(
            ImageRequest(prompt=name, width=64, height=64),
            str(data.outputs / "cities"),
            batch="b1",
            row=n,
        )
        for n, name in enumerate(("猫 cat", "dog"), start=1)
    ]
    with qtbot.waitSignal(panel.queue.jobs_added, timeout=PATIENCE):
        panel.queue.submit(rows, batch)
    panel.kind.setCurrentIndex(panel.kind.findData("image"))
    assert prompts(panel) == ["猫 cat", "dog"]
    panel.text.setText("猫")
    assert prompts(panel) == ["猫 cat"]
    panel.kind.setCurrentIndex(0)
    panel.text.clear()
    panel.batch.setCurrentIndex(panel.batch.findText("cities"))
    assert prompts(panel) == ["猫 cat", "dog"]
    panel.table.selectRow(0)
    panel.job_actions.by_name["cancel_batch"].trigger()
    panel.batch.setCurrentIndex(0)
    panel.state.setCurrentIndex(panel.state.findData("cancelled"))
    qtbot.waitUntil(lambda: prompts(panel) == ["猫 cat", "dog"], timeout=PATIENCE)
    panel.state.setCurrentIndex(panel.state.findData("queued"))
    assert prompts(panel) == ["a", "b", "c", "d"]


def test_ranks_and_estimates_are_shown(qtbot, panel, data):
    with qtbot.waitSignal(panel.queue.jobs_added, timeout=PATIENCE):
        panel.queue.submit([text(data, "m", model="other"), text(data, "e")])
    ranks = [f"Waiting · {rank}" for rank in (1, 2, 3, 4, 6, 5)]  # jobs of one model run together
    qtbot.waitUntil(
        lambda: [panel.shown.index(number, STATE).data() for number in range(6)] == ranks,
        timeout=PATIENCE,
    )
    panel.pause_menu.by_model.setChecked(False)
    qtbot.waitUntil(lambda: panel.shown.index(4, STATE).data() == "Waiting · 5", timeout=PATIENCE)
    panel.pause_button.click()
    qtbot.waitUntil(lambda: all(job.state.over for job in panel.queue.jobs()), timeout=PATIENCE)
    panel.queue.pause()
    with qtbot.waitSignal(panel.queue.jobs_added, timeout=PATIENCE):
        panel.queue.submit([text(data, "again")])
    qtbot.waitUntil(lambda: panel.shown.index(6, TIME).data().startswith("≈"), timeout=PATIENCE)
    qtbot.waitUntil(lambda: "left" in panel.summary.text(), timeout=PATIENCE)
    assert panel.summary.text().startswith("Paused")


def test_a_pause_by_the_user_needs_no_banner(qtbot, panel):
    bar = panel.studio.window.queue_banner
    assert not bar.isVisible()  # the table shows it
    panel.queue.pause("The limit is reached.")
    assert bar.isVisible()
    panel.queue.pause()
    assert not bar.isVisible()
    assert panel.pause_button.text() == "Continue"
    QTest.keyClick(panel.studio.window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: not bar.isVisible(), timeout=PATIENCE)
    assert panel.pause_button.text() == "Pause"


def test_banner_counts_jobs_that_are_added_while_it_is_shown(qtbot, open_studio):
    studio = open_studio()
    studio.shared.queue.pause("The limit is reached.")
    bar = studio.window.queue_banner
    qtbot.waitUntil(lambda: "No jobs wait" in bar.message, timeout=PATIENCE)
    tab = studio.window.image_tab
    studio.window.show_tab("image")
    tab.prompt.setPlainText("a red apple")
    for count in ("1 job waits", "2 jobs wait"):
        qtbot.mouseClick(tab.generate_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda count=count: count in bar.message, timeout=PATIENCE)
    studio.shared.queue.cancel_all()
    qtbot.waitUntil(lambda: "No jobs wait" in bar.message, timeout=PATIENCE)
    assert bar.isVisible()


def test_limit_pauses_after_a_number_of_jobs(qtbot, panel, monkeypatch):
    monkeypatch.setattr(QInputDialog, "getInt", lambda *_args: (2, True))
    panel.pause_menu.pause_jobs.trigger()
    panel.pause_menu._on_about_to_show()
    assert "2 more jobs" in panel.pause_menu.no_limit.text()
    panel.pause_button.click()
    qtbot.waitUntil(lambda: "2 jobs" in panel.queue.paused, timeout=PATIENCE)
    qtbot.waitUntil(
        lambda: [job.state.over for job in panel.queue.jobs()] == [True, True, False, False],
        timeout=PATIENCE,
    )


def test_pause_time_in_the_past_means_tomorrow(panel):
    panel.pause_menu.pause_at(QTime.currentTime().addSecs(-60))
    assert 86_000 < panel.queue.limit.until - time.time() < 86_400


def test_queue_is_paused_after_a_kill(qtbot, open_studio, data):
    code = (
        "import os, sys; from studio.core.paths import data_folder; from studio.core.jobs "
        "import new_job\n"
    )
    code += "from studio.core.requests import TextRequest\n"
    code += "from studio.jobs.session import lock_folder\n"
    code += (
        "from studio.jobs.store import JobStore\ndata = data_folder(); lock = lock_folder(data); "
        "store = JobStore.open(data.database)\n"
    )
    code += (
        "store.add([new_job(TextRequest(prompt='one', seed=1), str(data.outputs))]); os._exit(1)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 1
    studio = open_studio()
    bar = studio.window.queue_banner
    assert bar.message.startswith("Studio did not end in order")
    assert "1 job waits" in bar.message
    look = next(
        b
        for b in bar.findChildren(type(studio.window.text_tab.stop_button))
        if b.text() == "Show queue"
    )
    look.click()
    assert studio.window.queue_dock.isVisible()
    assert not bar.isVisible()
    assert studio.shared.queue.paused
    studio.window.queue_dock.panel.pause_button.click()
    qtbot.waitUntil(
        lambda: studio.shared.queue.jobs()[0].state is JobState.COMPLETED, timeout=PATIENCE
    )


def test_queue_resumes_when_the_folder_is_writable(qtbot, open_studio, data):
    from studio.ui.desktop.notifications import Notifier

    studio = open_studio()
    blocked = data.root / "results"
    blocked.write_text("in the way")
    batch = Batch(id="b", source="x.txt", folder=str(blocked))
    job = new_job(
        TextRequest(prompt="row", seed=1, max_new_tokens=3), str(blocked), batch="b", row=1
    )
    notifier = studio.window.findChild(Notifier)
    with qtbot.waitSignal(studio.shared.queue.pause_changed, timeout=PATIENCE):
        studio.shared.queue.submit([job], batch)
    assert studio.window.queue_banner.isVisible()
    assert not can_write(blocked)
    notifier.check_folder()
    blocked.unlink()
    notifier.check_folder()
    qtbot.waitUntil(
        lambda: studio.shared.queue.job(job.id).state is JobState.COMPLETED, timeout=PATIENCE
    )
    assert not studio.window.queue_banner.isVisible()


def test_window_title_counts_open_jobs(qtbot, panel):
    qtbot.waitUntil(
        lambda: panel.studio.window.windowTitle() == "Studio – 4 to do", timeout=PATIENCE
    )
    panel.queue.cancel_all()
    qtbot.waitUntil(lambda: panel.studio.window.windowTitle() == "Studio", timeout=PATIENCE)


def test_progress_has_rate_and_time_left(qtbot, open_studio, data):
    studio = open_studio(step_seconds=0.05)
    panel = studio.window.queue_dock.panel
    studio.shared.queue.submit([text(data, "slow", max_new_tokens=40)])
    qtbot.waitUntil(
        lambda: "tokens/s" in (panel.shown.index(0, PROGRESS).data() or ""), timeout=PATIENCE
    )
    assert "left" in panel.shown.index(0, PROGRESS).data()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3.21, "3.2 s"), (42.4, "42 s"), (200, "3 min"), (7500, "2 h 5 min"), (0, "0.0 s")],
)
def test_format_duration(seconds, words):
    assert format_duration(seconds) == words


def test_menu_enables_applicable_actions(panel):
    choose(panel, "a")
    titles = {
        action.text(): action.isEnabled()
        for action in panel.job_actions.create_menu().actions()
        if action.text()
    }
    assert all(
        titles[title] for title in ("Run next", "Edit…", "Duplicate", "Cancel", "Remove from list")
    )
    assert not titles["Try again"]
    assert not titles["Undo"]
    assert not titles["Clear finished jobs"]


def refuse_growth(studio, pages=None):
    """Make SQLite report a full disk, or allow `pages` pages again."""
    store = studio.session.queue._store
    pages = pages or store._connection.execute("PRAGMA page_count").fetchone()[0]
    studio.session.queue._journal.submit(
        store._connection.execute, f"PRAGMA max_page_count = {pages}"
    ).result()


def test_tab_recovers_when_a_job_cannot_be_stored(qtbot, open_studio):
    studio = open_studio()
    tab = studio.window.text_tab
    prompt = "long words " * 2_000
    tab.prompt.setPlainText(prompt)
    refuse_growth(studio)
    tab.generate()
    qtbot.waitUntil(lambda: not tab.notice.isHidden(), timeout=PATIENCE)
    assert tab.prompt.toPlainText() == prompt
    assert tab.bar.isHidden()
    assert tab.status.text() == ""
    assert studio.shared.queue.jobs() == []
    refuse_growth(studio, 1_000_000)
    next(
        found for found in tab.notice.findChildren(QPushButton) if found.text() == "Try again"
    ).click()
    qtbot.waitUntil(
        lambda: [job.state for job in studio.shared.queue.jobs()] == [JobState.COMPLETED],
        timeout=PATIENCE,
    )
    assert tab.notice.isHidden()


def test_editing_a_removed_job_creates_a_new_one(qtbot, panel):
    tab, message = panel.studio.window.text_tab, []
    panel.studio.shared.toast_posted.connect(message.append)
    choose(panel, "b")
    press(panel, Qt.Key.Key_F2)
    job = next(job for job in panel.queue.jobs() if job.request.prompt == "b")
    with qtbot.waitSignal(panel.queue.jobs_removed, timeout=PATIENCE):
        panel.queue.remove([job.id])
    tab.prompt.setPlainText("better b")
    tab.generate_button.click()
    qtbot.waitUntil(lambda: prompts(panel) == ["a", "c", "d", "better b"], timeout=PATIENCE)
    assert "no longer waits" in message[-1].text
    assert not tab.editing.isVisible()


def undo_button(panel):
    (frame,) = panel.studio.window.toasts.shown
    return frame.first_button


def states(panel):
    return {job.request.prompt: job.state for job in panel.queue.jobs()}


@pytest.mark.parametrize("way", ["toast", "key"])
def test_cancelling_waiting_jobs_can_be_undone(qtbot, panel, way):
    choose(panel, "b", "c")
    press(panel, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: states(panel)["c"] is JobState.CANCELLED, timeout=PATIENCE)
    (frame,) = panel.studio.window.toasts.shown
    assert frame.toast.text == "2 jobs cancelled"
    if way == "toast":
        QTest.mouseClick(frame.first_button, Qt.MouseButton.LeftButton)
    else:
        press(panel, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: set(states(panel).values()) == {JobState.QUEUED}, timeout=PATIENCE)
    assert prompts(panel) == ["a", "b", "c", "d"]


def test_an_undo_in_a_toast_undoes_its_own_change(qtbot, panel):
    choose(panel, "a")
    press(panel, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: states(panel)["a"] is JobState.CANCELLED, timeout=PATIENCE)
    choose(panel, "d")
    press(panel, Qt.Key.Key_Home, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: prompts(panel)[-1] == "c", timeout=PATIENCE)
    undo_button(panel).click()
    qtbot.waitUntil(lambda: states(panel)["a"] is JobState.QUEUED, timeout=PATIENCE)
    assert prompts(panel).index("d") < prompts(panel).index("b")  # the move stays


def test_a_job_that_ran_is_not_run_again_by_undo(qtbot, open_studio, data):
    studio = open_studio(step_seconds=0.05)
    panel, queue = studio.window.queue_dock.panel, studio.shared.queue
    queue.batch_jobs = False
    jobs = [text(data, name, max_new_tokens=2_000) for name in "ab"]
    queue.submit(jobs)
    qtbot.waitUntil(
        lambda: [job.state for job in queue.jobs()] == [JobState.RUNNING, JobState.QUEUED],
        timeout=PATIENCE,
    )
    panel.job_actions.cancel_all()
    qtbot.waitUntil(lambda: all(job.state.over for job in queue.jobs()), timeout=PATIENCE)
    (frame,) = studio.window.toasts.shown
    assert frame.toast.text == "1 job cancelled"
    queue.pause()
    frame.first_button.click()
    qtbot.waitUntil(
        lambda: [job.state for job in queue.jobs()] == [JobState.CANCELLED, JobState.QUEUED],
        timeout=PATIENCE,
    )


def test_removing_jobs_can_be_undone_in_a_toast(qtbot, panel):
    choose(panel, "b")
    panel.job_actions.by_name["remove"].trigger()
    qtbot.waitUntil(lambda: prompts(panel) == ["a", "c", "d"], timeout=PATIENCE)
    undo_button(panel).click()
    qtbot.waitUntil(lambda: prompts(panel) == ["a", "b", "c", "d"], timeout=PATIENCE)


def test_completed_images_have_a_thumbnail(qtbot, open_studio, data):
    studio = open_studio()
    studio.window.queue_dock.show()
    panel = studio.window.queue_dock.panel
    job = new_job(ImageRequest(prompt="a cat", width=64, height=64), str(data.outputs))
    studio.shared.queue.submit([job, text(data, "words")])
    qtbot.waitUntil(lambda: thumbnail_side(panel, "a cat") == SIDE, timeout=PATIENCE)
    qtbot.waitUntil(lambda: all(job.state.over for job in panel.queue.jobs()), timeout=PATIENCE)
    assert thumbnail_side(panel, "words") == 0


def thumbnail_side(panel, prompt):
    """Return the side of the thumbnail that the cell of a prompt is drawn with; 0 without one."""
    row = prompts(panel).index(prompt) if prompt in prompts(panel) else -1
    option = QStyleOptionViewItem()
    index = panel.shown.index(row, PROMPT)
    if not index.isValid():
        return 0
    panel.table.itemDelegateForIndex(index).initStyleOption(option, index)
    return 0 if option.icon.isNull() else option.icon.availableSizes()[0].width()


def test_the_time_of_day_is_shown(qtbot, panel):
    panel.pause_button.click()
    qtbot.waitUntil(lambda: all(job.state.over for job in panel.queue.jobs()), timeout=PATIENCE)
    job = panel.queue.jobs()[0]
    cell = panel.table_model.index(0, TIME)
    assert cell.data().startswith(time_of_day(job.ended))
    tip = cell.data(Qt.ItemDataRole.ToolTipRole)
    assert [line.split()[0] for line in tip.split("<br>")] == ["Added", "Started", "Ended"]


def test_a_time_of_another_day_has_its_date():
    noon = time.mktime((2026, 11, 30, 12, 0, 0, 0, 0, -1))
    assert time_of_day(noon, noon + 60) == "12:00"
    assert time_of_day(noon, noon + 86_400) == "2026-11-30 12:00"


def test_the_result_of_a_completed_job_is_requested(qtbot, panel):
    panel.pause_button.click()
    qtbot.waitUntil(lambda: all(job.state.over for job in panel.queue.jobs()), timeout=PATIENCE)
    dock = panel.studio.window.queue_dock
    dock.result_requested.disconnect()
    choose(panel, "c")
    with qtbot.waitSignal(dock.result_requested, timeout=PATIENCE) as requested:
        press(panel, Qt.Key.Key_Return)
    assert panel.queue.job(requested.args[0]).request.prompt == "c"


def test_stopping_a_job_that_waits_can_be_undone(qtbot, open_studio):
    studio = open_studio()
    queue, tab = studio.shared.queue, studio.window.text_tab
    queue.pause()
    tab.prompt.setPlainText("a")
    tab.generate()
    qtbot.waitUntil(lambda: len(queue.waiting()) == 1, timeout=PATIENCE)
    QTest.mouseClick(tab.stop_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: queue.jobs()[0].state is JobState.CANCELLED, timeout=PATIENCE)
    (frame,) = studio.window.toasts.shown
    assert frame.toast.text == "1 job cancelled"
    frame.first_button.click()
    qtbot.waitUntil(lambda: len(queue.waiting()) == 1, timeout=PATIENCE)
    queue.resume()
    qtbot.waitUntil(lambda: queue.jobs()[0].state is JobState.COMPLETED, timeout=PATIENCE)
    qtbot.waitUntil(lambda: bool(tab.stage.current_path()), timeout=PATIENCE)


def test_the_menu_cancels_and_clears(qtbot, panel):
    window = panel.studio.window
    window._actions["queue_dock.cancel_waiting"].trigger()
    qtbot.waitUntil(lambda: set(states(panel).values()) == {JobState.CANCELLED}, timeout=PATIENCE)
    window._actions["queue_dock.clear_finished"].trigger()
    qtbot.waitUntil(lambda: prompts(panel) == [], timeout=PATIENCE)
    press(panel, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    press(panel, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: set(states(panel).values()) == {JobState.QUEUED}, timeout=PATIENCE)
