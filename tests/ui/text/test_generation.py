"""A model writes into the document: it goes on, changes a part, is stopped, and is judged."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from studio.core.errors import Failure
from studio.documents.origins import shares
from studio.documents.store import DocumentStore
from tests.ui.conftest import PATIENCE, close_studio
from tests.ui.text.conftest import wait_saved
from tests.ui.text.test_document_page import choose, press

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def page(open_page):
    """A document with a text."""
    page = open_page()
    page.editor.insertPlainText("The lamp. The sea.")
    return page


def wait_for(qtbot, page, state):
    qtbot.waitUntil(lambda: page.generation.state == state, timeout=PATIENCE)


def tab_of(page):
    return page.window().text_tab


def test_model_goes_on_from_the_cursor_and_its_text_is_accepted(qtbot, page, data):
    page.editor.select(9, 9)
    tab_of(page).form.set_values({"max_new_tokens": 12})
    QTest.keyClick(page.editor, Qt.Key.Key_Return, CONTROL)
    wait_for(qtbot, page, "done")
    text, place = page.editor.text, page.generation.place
    assert text.startswith("The lamp.")
    assert text.endswith(" The sea.")
    job = page.shared.queue.jobs()[-1]
    assert (job.request.mode, job.request.prompt) == ("complete", "The lamp.")
    bar = page.model_writing.bar
    assert bar.status.whole == "The text stops at its limit of tokens."
    assert bar.more_button.isVisible()
    assert shares(page.document.origins)["model"] == place - 9 > 10
    QTest.mouseClick(bar.more_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(page.shared.queue.jobs()) == 2, timeout=PATIENCE)
    wait_for(qtbot, page, "done")
    assert page.editor.text.startswith(text[:place])
    QTest.mouseClick(bar.accept_button, Qt.MouseButton.LeftButton)
    assert page.generation.state == "idle"
    wait_saved(qtbot, page)
    page.editor.setFocus()
    QTest.keyClick(page.editor, Qt.Key.Key_Z, CONTROL)
    assert page.editor.text == text
    QTest.keyClick(page.editor, Qt.Key.Key_Z, CONTROL)
    assert page.editor.text == "The lamp. The sea."
    store = DocumentStore(data.documents)
    reasons = [info.reason for info in store.versions.list(page.document.id)]
    assert reasons.count("generation") == 2
    store.close()


def test_model_reads_the_end_of_a_text_that_is_longer_than_a_prompt(qtbot, open_page):
    page = open_page()
    page.editor.insertPlainText(2_000_000 * "一" + " The end of it.")
    QTest.keyClick(page.editor, Qt.Key.Key_Return, CONTROL)
    wait_for(qtbot, page, "done")
    request = page.shared.queue.jobs()[-1].request
    assert request.prompt.endswith("一 The end of it.")
    assert len(request.prompt) == 200_000
    assert page.editor.text.startswith(2_000_000 * "一" + " The end of it.")
    assert len(page.editor.text) > 2_000_015


def test_selection_is_rewritten_and_rejected(qtbot, page):
    page.editor.select(0, 10)
    choose(page.model_writing.bar.menu, "Shorten")
    wait_for(qtbot, page, "done")
    request = page.shared.queue.jobs()[-1].request
    assert request.prompt.startswith("The lamp.\n")
    assert "half as long" in request.prompt
    assert page.editor.text.endswith(" The sea.")
    assert not page.editor.text.startswith("The lamp.")
    assert page.model_writing.bar.status.whole == "The model ended its text."
    press(page.model_writing.bar, "Reject")
    assert page.editor.hasFocus()
    assert page.editor.text == "The lamp. The sea."
    assert shares(page.document.origins) == {"imported": 0, "person": 18, "model": 0}
    assert page.generation.state == "idle"


def test_another_try_has_another_seed_and_replaces_the_first(qtbot, page):
    page.model_writing.bar.instruction.setFocus()
    QTest.keyClicks(page.model_writing.bar.instruction, "Use the past tense")
    QTest.keyClick(page.model_writing.bar.instruction, Qt.Key.Key_Return)
    wait_for(qtbot, page, "done")
    first = page.editor.text
    press(page.model_writing.bar, "Try again")
    wait_for(qtbot, page, "running")
    wait_for(qtbot, page, "done")
    jobs = page.shared.queue.jobs()[-2:]
    assert jobs[0].request.seed != jobs[1].request.seed
    assert jobs[0].request.prompt == jobs[1].request.prompt
    assert "Use the past tense" in jobs[0].request.prompt
    assert page.editor.text != first
    page.editor.undo()
    page.editor.undo()
    page.editor.undo()
    assert page.editor.text == "The lamp. The sea."


def test_person_types_while_a_text_arrives_and_stops_it(qtbot, open_page):
    page = open_page(step_seconds=0.05)
    page.editor.insertPlainText("One. Two.")
    page.editor.select(4, 4)
    press(page.model_writing.bar, "Continue")
    qtbot.waitUntil(lambda: len(page.editor.text) > 20, timeout=PATIENCE)
    page.editor.setFocus()
    page.editor.select(0, 0)
    QTest.keyClicks(page.editor, "My ")
    QTest.keyClick(page.editor, Qt.Key.Key_End, CONTROL)
    QTest.keyClicks(page.editor, " Three.")
    length = len(page.editor.text)
    qtbot.waitUntil(lambda: len(page.editor.text) > length, timeout=PATIENCE)
    press(page.model_writing.bar, "Stop")
    wait_for(qtbot, page, "done")
    text = page.editor.text
    assert text.startswith("My One.")
    assert text.endswith(" Two. Three.")
    assert page.model_writing.bar.status.whole == "Stopped."
    press(page.model_writing.bar, "Reject")
    assert page.editor.text == "My One. Two. Three."
    page.editor.undo()
    assert page.editor.text == text
    while page.editor.history.can_undo:
        page.editor.undo()
    assert page.editor.text == ""


def test_undo_while_a_text_arrives_takes_it_back_and_stops_it(qtbot, open_page):
    page = open_page(step_seconds=0.05)
    page.editor.insertPlainText("One.")
    press(page.model_writing.bar, "Continue")
    qtbot.waitUntil(lambda: len(page.editor.text) > 10, timeout=PATIENCE)
    page.editor.setFocus()
    QTest.keyClick(page.editor, Qt.Key.Key_Z, CONTROL)
    assert page.editor.text == "One."
    assert page.generation.state == "idle"
    job = page.shared.queue.jobs()[-1].id
    qtbot.waitUntil(lambda: page.shared.queue.job(job).state.over, timeout=PATIENCE)
    assert page.editor.text == "One."


def test_failure_is_shown_and_the_text_stays(qtbot, page):
    engine = page.window().shared.session.engine
    engine._fail_on = lambda _job: Failure(cause="model", message="It broke.", cure="Do this.")
    press(page.model_writing.bar, "Continue")
    qtbot.waitUntil(page.model_writing.notice.isVisible, timeout=PATIENCE)
    assert page.model_writing.notice.message == "It broke."
    assert page.editor.text == "The lamp. The sea."
    assert page.generation.state == "idle"


def test_empty_text_is_explained(qtbot, open_page, data):
    page = open_page()
    press(page.model_writing.bar, "Continue")
    assert "beginning" in page.model_writing.notice.message
    page.model_writing.notice.clear()
    choose(page.model_writing.bar.menu, "Shorten")
    qtbot.waitUntil(page.model_writing.notice.isVisible, timeout=PATIENCE)
    assert "missing" in page.model_writing.notice.message


def test_own_instruction_is_kept_in_the_menu(qtbot, page, data):
    bar = page.model_writing.bar
    bar.instruction.setText("Use the past tense")
    choose(bar.menu, "Keep the instruction in this menu")
    qtbot.waitUntil(lambda: len(list(data.tasks.glob("*.toml"))) == 1, timeout=PATIENCE)
    bar.menu.aboutToShow.emit()
    titles = lambda: [action.text() for action in bar.menu.actions()]  # noqa: E731
    qtbot.waitUntil(lambda: "Use the past tense" in titles(), timeout=PATIENCE)
    next(one for one in bar.menu.actions() if one.text() == "Use the past tense").trigger()
    wait_for(qtbot, page, "done")
    assert "past tense" in page.shared.queue.jobs()[-1].request.prompt


def test_another_document_ends_the_generation(qtbot, open_page):
    page = open_page(step_seconds=0.05)
    page.editor.insertPlainText("One.")
    press(page.model_writing.bar, "Continue")
    qtbot.waitUntil(lambda: len(page.editor.text) > 10, timeout=PATIENCE)
    first = page.document.id
    with qtbot.waitSignal(page.document_opened, timeout=PATIENCE):
        choose(page.header.title_menu, "New document")
    assert page.generation.state == "idle"
    job = page.shared.queue.jobs()[-1].id
    qtbot.waitUntil(lambda: page.shared.queue.job(job).state.over, timeout=PATIENCE)
    assert page.editor.text == ""
    with qtbot.waitSignal(page.document_opened, timeout=PATIENCE):
        page.open(first)
    assert page.editor.text.startswith("One.")
    assert len(page.editor.text) > 10


def shown_page(qtbot, studio):
    page = studio.window.text_tab.document_page
    qtbot.waitUntil(lambda: page._is_open and not page.editor.is_loading, timeout=PATIENCE)
    return page


@pytest.mark.parametrize("answer", ["Accept", "Reject"])
def test_text_that_was_undecided_when_studio_ended_is_so_again(qtbot, open_studio, data, answer):
    studio = open_studio(step_seconds=0.05)
    studio.window.text_tab.show_view("document")
    page = shown_page(qtbot, studio)
    page.editor.insertPlainText("One. Two. Three.")
    page.editor.select(5, 9)
    choose(page.model_writing.bar.menu, "Shorten")
    qtbot.waitUntil(lambda: len(page.editor.text) > 25, timeout=PATIENCE)
    close_studio(studio)
    page = shown_page(qtbot, open_studio())
    text = page.editor.text
    assert text.startswith("One. ")
    assert text.endswith(" Three.")
    bar = page.model_writing.bar
    assert page.generation.state == "done"
    assert bar.retry_button.isVisible()
    assert "Do you want to keep it" in bar.status.whole
    press(bar, answer)
    assert page.editor.text == (text if answer == "Accept" else "One. Two. Three.")
    assert page.generation.state == "idle"
    store = DocumentStore(data.documents)
    qtbot.waitUntil(lambda: store.pending.get(page.document.id) is None, timeout=PATIENCE)
    store.close()


@pytest.mark.parametrize("task", ["Shorten", "Continue"])
def test_another_text_is_written_for_one_that_came_back_undecided(qtbot, open_studio, data, task):
    studio = open_studio(step_seconds=0.05)
    studio.window.text_tab.show_view("document")
    page = shown_page(qtbot, studio)
    page.editor.insertPlainText("One. Two. Three.")
    page.editor.select(5, 9)
    bar = page.model_writing.bar
    if task == "Continue":
        press(bar, task)
    else:
        choose(bar.menu, task)
    qtbot.waitUntil(lambda: len(page.editor.text) > 25, timeout=PATIENCE)
    job = page.shared.queue.jobs()[-1]
    close_studio(studio)
    page = shown_page(qtbot, open_studio())
    text = page.editor.text
    press(page.model_writing.bar, "Try again")
    wait_for(qtbot, page, "running")
    wait_for(qtbot, page, "done")
    again = page.shared.queue.jobs()[-1]
    assert again.request.prompt == job.request.prompt
    assert again.request.seed != job.request.seed
    qtbot.waitUntil(lambda: page.shared.queue.job(job.id).state.over, timeout=PATIENCE)
    assert page.editor.text != text
    assert page.editor.text.endswith(" Three.")
    press(page.model_writing.bar, "Reject")
    assert page.editor.text == "One. Two. Three."


def test_text_stays_undecided_while_another_document_is_shown(qtbot, page):
    first = page.document.id
    press(page.model_writing.bar, "Continue")
    wait_for(qtbot, page, "done")
    text = page.editor.text
    with qtbot.waitSignal(page.document_opened, timeout=PATIENCE):
        page.new()
    assert page.generation.state == "idle"
    with qtbot.waitSignal(page.document_opened, timeout=PATIENCE):
        page.open(first)
    assert (page.generation.state, page.editor.text) == ("done", text)
    press(page.model_writing.bar, "Reject")
    assert page.editor.text == "The lamp. The sea."
    page.editor.undo()
    assert page.editor.text == text
