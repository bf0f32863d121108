"""Documents in the window: written, kept, listed, renamed, deleted, found in and saved."""

import sqlite3

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QInputDialog, QLineEdit, QPushButton

from studio.documents.document import insertion, new_document
from studio.documents.store import DocumentStore
from studio.ui.text.lists.document_list import DocumentList
from studio.ui.text.lists.document_trash import DocumentTrash
from tests.ui.conftest import PATIENCE, close_studio
from tests.ui.test_window import is_over, press_generate, type_prompt
from tests.ui.text.conftest import wait_saved

CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def stored(data):
    store = DocumentStore(data.documents)
    try:
        return [store.load(info.id) for info in store.list()]
    finally:
        store.close()


def choose(menu, title):
    """Choose an entry of a menu, as opened by its button."""
    menu.aboutToShow.emit()
    action = next(one for one in menu.actions() if one.text().split("\t")[0] == title)
    action.trigger()


def type_title(title):
    """Return what stands for `QInputDialog.exec`: the user types a title and accepts it."""

    def accept(dialog):
        dialog.show()
        dialog.findChild(QLineEdit).clear()
        QTest.keyClicks(dialog.findChild(QLineEdit), title)
        assert dialog.width() >= 400
        dialog.close()
        return QInputDialog.DialogCode.Accepted

    return accept


def press(notice, title):
    buttons = [one for one in notice.findChildren(QPushButton) if one.isVisible()]
    button = next(one for one in buttons if one.text() == title)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_what_is_typed_is_kept_also_when_the_window_closes_at_once(qtbot, open_page, data):
    page = open_page()
    QTest.keyClicks(page.editor, "Rain")
    assert page.saved_state.text() == ""
    wait_saved(qtbot, page)
    assert page.saved_state.text() == "Saved"
    assert [document.text for document in stored(data)] == ["Rain"]
    QTest.keyClicks(page.editor, " and wind")
    page.window().close()
    assert [document.text for document in stored(data)] == ["Rain and wind"]


def test_document_and_view_are_remembered(qtbot, open_studio, data):
    studio = open_studio()
    tab = studio.window.text_tab
    assert not tab.views.is_created("document")
    tab.show_view("document")
    page = tab.document_page
    qtbot.waitUntil(lambda: page._is_open, timeout=PATIENCE)
    QTest.keyClicks(page.editor, "Title")
    QTest.keyClick(page.editor, Qt.Key.Key_Return)
    QTest.keyClicks(page.editor, "more")
    qtbot.waitUntil(lambda: page.document.title == "Title", timeout=PATIENCE)
    close_studio(studio)
    again = open_studio().window.text_tab
    assert again.is_document_shown
    qtbot.waitUntil(lambda: again.document_page.editor.text == "Title\nmore", timeout=PATIENCE)
    assert again.document_page.header.title.text().startswith("Title")


def test_new_documents_are_listed_opened_renamed_and_deleted(qtbot, open_page, monkeypatch, data):
    page = open_page()
    QTest.keyClicks(page.editor, "First")
    with qtbot.waitSignal(page.document_opened, timeout=PATIENCE):
        choose(page.header.title_menu, "New document")
    QTest.keyClicks(page.editor, "Second")
    monkeypatch.setattr(QInputDialog, "exec", type_title("A name"))
    choose(page.header.title_menu, "Rename…")
    assert page.header.title.text().startswith("A name")
    wait_saved(qtbot, page)
    choose(page.header.title_menu, "All documents…")
    dialog = page.findChild(DocumentList)
    qtbot.waitUntil(lambda: dialog.table.rowCount() == 2, timeout=PATIENCE)
    assert [dialog.table.item(row, 0).text() for row in range(2)] == ["A name", "First"]
    dialog.table.selectRow(1)
    with qtbot.waitSignal(page.document_opened, timeout=PATIENCE):
        QTest.keyClick(dialog.table, Qt.Key.Key_Return)
    assert page.editor.text == "First"
    with qtbot.waitSignal(page.document_opened, timeout=PATIENCE):
        choose(page.header.title_menu, "Delete")
    assert page.editor.text == "Second"
    toast = page.window().toasts
    qtbot.waitUntil(
        lambda: any(b.text() == "Undo" for b in toast.findChildren(QPushButton)), timeout=PATIENCE
    )
    assert [document.text for document in stored(data)] == ["Second"]
    press(toast, "Undo")
    qtbot.waitUntil(lambda: len(stored(data)) == 2, timeout=PATIENCE)


def test_result_is_edited_as_a_document_that_knows_its_file(qtbot, open_studio, data):
    studio = open_studio()
    tab = studio.window.text_tab
    type_prompt(tab, "Rain")
    press_generate(tab)
    qtbot.waitUntil(
        lambda: is_over(studio, tab) and bool(tab.stage.current_path()), timeout=PATIENCE
    )
    text, job = tab.view.text(), tab.stage.job.id
    QTest.mouseClick(tab.stage.edit_button, Qt.MouseButton.LeftButton)
    page = tab.document_page
    qtbot.waitUntil(lambda: page.editor.text == text, timeout=PATIENCE)
    assert tab.is_document_shown
    assert page.document.origins[0].origin == ("model", job) or (
        page.document.origins[0].origin.kind,
        page.document.origins[0].origin.job,
    ) == ("model", job)
    assert len(page.document.source) == 64
    store = DocumentStore(data.documents)
    assert [info.reason for info in store.versions.list(page.document.id)] == ["generation"]
    store.close()
    page.editor.setFocus()
    QTest.mouseClick(tab.generate_button, Qt.MouseButton.LeftButton)
    assert not tab.is_document_shown
    assert page.editor.text == text


def test_keys_of_the_form_generate_a_result_also_while_the_document_is_shown(qtbot, open_page):
    page = open_page()
    tab = page.window().text_tab
    QTest.keyClicks(page.editor, "Rain")
    type_prompt(tab, "Snow")
    tab.prompt.setFocus()
    press_generate(tab)
    assert not tab.is_document_shown
    qtbot.waitUntil(lambda: bool(page.shared.queue.jobs()), timeout=PATIENCE)
    assert page.shared.queue.jobs()[-1].request.prompt == "Snow"
    assert page.editor.text == "Rain"


def test_enter_in_the_list_opens_a_document_once(qtbot, open_page):
    page = open_page()
    QTest.keyClicks(page.editor, "First")
    with qtbot.waitSignal(page.document_opened, timeout=PATIENCE):
        page.new()
    page.show_list()
    dialog = page.findChild(DocumentList)
    qtbot.waitUntil(lambda: dialog.table.rowCount() == 2, timeout=PATIENCE)
    row = next(row for row in range(2) if dialog.table.item(row, 2).text() == "5")
    dialog.table.selectRow(row)
    opened = []
    dialog.opened.connect(opened.append)
    with qtbot.waitSignal(page.document_opened, timeout=PATIENCE):
        QTest.keyClick(dialog.table, Qt.Key.Key_Return)
    assert opened == [page.document.id]
    assert page.window().focusWidget() is page.editor


def test_what_is_typed_while_another_document_is_read_is_kept(qtbot, open_page, data):
    page = open_page()
    QTest.keyClicks(page.editor, "One")
    wait_saved(qtbot, page)
    with qtbot.waitSignal(page.document_opened, timeout=PATIENCE):
        page.new()
        QTest.keyClicks(page.editor, " more")
    assert page.editor.text == ""
    page.window().close()
    assert "One more" in [document.text for document in stored(data)]


def test_find_and_replace_by_keys(qtbot, open_page):
    page = open_page()
    page.editor.insertPlainText("rain Rain raining 雨")
    bar = page.find_bar
    QTest.keyClick(page.editor, Qt.Key.Key_F, CONTROL)
    assert bar.wanted.hasFocus()
    assert not bar.replace_row.isVisible()
    QTest.keyClicks(bar.wanted, "rain")
    qtbot.waitUntil(lambda: bar.status.text() == "1 of 3", timeout=PATIENCE)
    assert page.editor.selection == (0, 4)
    QTest.keyClick(bar.wanted, Qt.Key.Key_Return)
    assert page.editor.selection == (5, 9)
    QTest.keyClick(bar.wanted, Qt.Key.Key_Return, SHIFT)
    QTest.keyClick(bar.wanted, Qt.Key.Key_Return, SHIFT)
    assert page.editor.selection == (10, 14)
    QTest.mouseClick(bar.word, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bar.status.text().endswith("2"), timeout=PATIENCE)
    QTest.mouseClick(bar.case, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bar.status.text() == "1 of 1", timeout=PATIENCE)
    QTest.keyClick(page.editor, Qt.Key.Key_H, CONTROL)
    assert bar.replace_row.isVisible()
    bar.by.setFocus()
    QTest.keyClicks(bar.by, "snow")
    QTest.keyClick(bar.by, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.editor.text == "snow Rain raining 雨", timeout=PATIENCE)
    QTest.keyClick(bar.wanted, Qt.Key.Key_Escape)
    assert not bar.isVisible()
    assert page.editor.hasFocus()
    QTest.keyClick(page.editor, Qt.Key.Key_Z, CONTROL)
    assert page.editor.text == "rain Rain raining 雨"


def test_replace_all_is_one_step_and_bad_expressions_are_explained(qtbot, open_page):
    page = open_page()
    page.editor.insertPlainText("a1 b2 c3")
    bar = page.find_bar
    QTest.keyClick(page.editor, Qt.Key.Key_H, CONTROL)
    QTest.mouseClick(bar.regex, Qt.MouseButton.LeftButton)
    QTest.keyClicks(bar.wanted, "(")
    qtbot.waitUntil(bar.problem.isVisible, timeout=PATIENCE)
    assert "no regular expression" in bar.problem.text()
    bar.wanted.clear()
    QTest.keyClicks(bar.wanted, r"([a-z])(\d)")
    qtbot.waitUntil(lambda: not bar.problem.isVisible(), timeout=PATIENCE)
    QTest.keyClicks(bar.by, r"\2\1")
    with qtbot.waitSignal(bar.replaced, timeout=PATIENCE) as replaced:
        press(bar, "Replace all")
    assert replaced.args == [3]
    assert page.editor.text == "1a 2b 3c"
    page.editor.setFocus()
    QTest.keyClick(page.editor, Qt.Key.Key_Z, CONTROL)
    assert page.editor.text == "a1 b2 c3"


def test_counts_follow_text_and_selection(qtbot, open_page):
    page = open_page()
    page.editor.insertPlainText("two words 光光")
    qtbot.waitUntil(
        lambda: page.counts.whole.startswith("4 words · 12 characters"), timeout=PATIENCE
    )
    assert "2 of them Chinese" in page.counts.whole
    page.editor.select(0, 3)
    qtbot.waitUntil(
        lambda: page.counts.whole == "Selected: 1 word · 3 characters", timeout=PATIENCE
    )


def test_saved_file_is_watched(qtbot, open_page, monkeypatch, tmp_path):
    page, path = open_page(), tmp_path / "a.txt"
    page.editor.insertPlainText("mine")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (str(path), ""))
    QTest.keyClick(page.editor, Qt.Key.Key_S, CONTROL)
    qtbot.waitUntil(lambda: page.document.file == str(path), timeout=PATIENCE)
    assert path.read_text() == "mine"
    notice = page.files.notice
    path.write_text("theirs")
    qtbot.waitUntil(notice.isVisible, timeout=PATIENCE)
    assert "a.txt" in notice.message
    press(notice, "Keep mine")
    assert page.editor.text == "mine"
    path.write_text("theirs again")
    qtbot.waitUntil(notice.isVisible, timeout=PATIENCE)
    press(notice, "Load theirs")
    assert page.editor.text == "theirs again"
    page.editor.undo()
    assert page.editor.text == "mine"
    QTest.keyClick(page.editor, Qt.Key.Key_S, CONTROL)
    qtbot.waitUntil(lambda: path.read_text() == "mine", timeout=PATIENCE)
    assert not notice.isVisible()
    path.unlink()
    qtbot.waitUntil(notice.isVisible, timeout=PATIENCE)
    assert "moved or deleted" in notice.message


def test_saving_does_not_replace_what_another_program_just_wrote(
    qtbot, open_page, monkeypatch, tmp_path
):
    page, path = open_page(), tmp_path / "a.txt"
    page.editor.insertPlainText("mine")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (str(path), ""))
    QTest.keyClick(page.editor, Qt.Key.Key_S, CONTROL)
    qtbot.waitUntil(lambda: page.document.file == str(path), timeout=PATIENCE)
    page.editor.insertPlainText(" and more")
    path.write_text("theirs")
    QTest.keyClick(page.editor, Qt.Key.Key_S, CONTROL)
    notice = page.files.notice
    qtbot.waitUntil(notice.isVisible, timeout=PATIENCE)
    assert path.read_text() == "theirs"
    press(notice, "Keep mine")
    for added in (" of", " this"):
        page.editor.insertPlainText(added)
        QTest.keyClick(page.editor, Qt.Key.Key_S, CONTROL)
    qtbot.waitUntil(lambda: path.read_text() == "mine and more of this", timeout=PATIENCE)
    assert not notice.isVisible()


def test_text_is_not_saved_with_the_name_of_a_word_document(open_page, monkeypatch, tmp_path):
    page, shown = open_page(), []
    page.editor.insertPlainText("mine")
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_args: (str(tmp_path / "a.docx"), "")
    )
    monkeypatch.setattr(
        "studio.ui.text.files.document_files.show_message", lambda *texts: shown.append(texts[2])
    )
    QTest.keyClick(page.editor, Qt.Key.Key_S, CONTROL)
    assert shown == ["A document is saved as text. Export… writes .docx files."]
    assert page.document.file == ""


def test_file_is_opened_and_compared_when_it_changes(qtbot, open_page, monkeypatch, tmp_path):
    page, path = open_page(), tmp_path / "story 光.md"
    text = "市议会周二投票决定关闭老桥。秋天的风吹过金色的田野，落叶飘零。\n" * 3
    path.write_bytes(text.replace("\n", "\r\n").encode("gb18030"))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args: (str(path), ""))
    with qtbot.waitSignal(page.document_opened, timeout=PATIENCE):
        choose(page.header.title_menu, "Open a file…")
    assert page.editor.text == text
    assert (page.document.title, page.document.format) == ("story 光", "md")
    assert page.document.origins[0].origin.kind == "imported"
    path.write_text("other\nsecond")
    qtbot.waitUntil(page.files.notice.isVisible, timeout=PATIENCE)
    press(page.files.notice, "Compare")
    dialog = next(one for one in page.children() if one.__class__.__name__ == "QDialog")
    assert dialog.windowTitle() == "Compare"
    dialog.close()


def test_full_disk_is_shown_and_the_text_is_stored_later(qtbot, open_page, data, monkeypatch):
    monkeypatch.setattr("studio.ui.text.autosave.RETRY_MS", 100)
    page = open_page()
    QTest.keyClicks(page.editor, "kept")
    wait_saved(qtbot, page)
    limit = []

    def fill(store):
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count = {pages}")

    with qtbot.waitCallback() as done:
        page.documents.run(fill, lambda _result: done())
    page.editor.insertPlainText("x" * 100_000)
    qtbot.waitUntil(page.notice.isVisible, timeout=PATIENCE)
    assert "disk is full" in page.notice.message
    assert page.saved_state.text() == "Not saved"
    asked = []
    monkeypatch.setattr(
        "studio.ui.text.document_page.confirm", lambda *texts: asked.append(texts[2]) and False
    )
    assert not page.window().close()
    assert "not stored" in asked[0]
    assert page.isVisible()
    QTest.keyClicks(page.editor, "!")
    page.documents.run(
        lambda store: store._connection.execute("PRAGMA max_page_count = 1000000").fetchall(),
        limit.append,
    )
    qtbot.waitUntil(lambda: page.autosave.is_saved, timeout=PATIENCE)
    assert not page.notice.isVisible()
    assert stored(data)[0].text == "kept" + "x" * 100_000 + "!"


def test_damaged_file_is_reported_and_writing_goes_on(qtbot, open_studio, data):
    data.documents.write_bytes(b"no database" * 1_000)
    tab = open_studio().window.text_tab
    tab.show_view("document")
    page = tab.document_page
    qtbot.waitUntil(page.damage_notice.isVisible, timeout=PATIENCE)
    assert "damaged" in page.damage_notice.message
    press(page.damage_notice, "OK")
    assert not page.damage_notice.isVisible()
    qtbot.waitUntil(lambda: not page.editor.isReadOnly(), timeout=PATIENCE)
    QTest.keyClicks(page.editor, "new")
    wait_saved(qtbot, page)
    assert stored(data)[0].text == "new"


def test_file_of_a_newer_version_stays_and_the_text_only_lasts_until_the_end(
    qtbot, open_studio, data, monkeypatch
):
    asked = []
    monkeypatch.setattr(
        "studio.ui.text.document_page.confirm", lambda *texts: asked.append(texts[2]) or True
    )
    with sqlite3.connect(data.documents) as connection:
        connection.executescript("CREATE TABLE x (y); PRAGMA user_version = 99")
    tab = open_studio().window.text_tab
    tab.show_view("document")
    page = tab.document_page
    qtbot.waitUntil(page.notice.isVisible, timeout=PATIENCE)
    assert "newer Studio" in page.notice.message
    QTest.keyClicks(page.editor, "text")
    assert page.editor.text == "text"
    assert tab.window().close()
    assert "not stored" in asked[0]


def test_focus_mode_shows_only_the_text(open_page):
    page = open_page()
    tab = page.window().text_tab
    QTest.keyClick(page.editor, Qt.Key.Key_F11, SHIFT)
    assert not tab.form_side.isVisible()
    assert not page.header.isVisible()
    assert not tab.views.bar.isVisible()
    QTest.keyClick(page.editor, Qt.Key.Key_F11, SHIFT)
    assert tab.form_side.isVisible()
    assert page.header.isVisible()


@pytest.mark.parametrize("width", [60, 0])
def test_font_and_line_width_are_chosen_and_kept(qtbot, open_page, data, width):
    page = open_page()
    page.window().text_tab.form_side.hide()
    page.header.more_menu.aboutToShow.emit()
    menus = {action.text(): action.menu() for action in page.header.more_menu.actions()}
    title = "60 characters" if width else "Whole window"
    next(one for one in menus["Line width"].actions() if one.text() == title).trigger()
    next(one for one in menus["Font"].actions() if one.text() == "Serif").trigger()
    settings = page.shared.settings
    assert (settings.document_width, settings.document_font) == (width, "serif")
    qtbot.waitUntil(
        lambda: (page.editor.viewportMargins().left() > 50) == bool(width), timeout=PATIENCE
    )
    QTest.keyClicks(page.editor, "still works")
    assert page.editor.text == "still works"


def test_damaged_document_opens_as_far_as_it_can_be_read_and_says_what_is_lost(
    qtbot, open_studio, data
):
    document = new_document("A", "one")
    store = DocumentStore(data.documents)
    store.add(document)
    for place, word in ((3, " two"), (7, " three"), (13, " four")):
        store.append(document.id, (insertion(place, word),), 3)
    store.close()
    with sqlite3.connect(data.documents) as connection:
        connection.execute("UPDATE changes SET body = x'5b' WHERE number = 2")
    tab = open_studio().window.text_tab
    tab.show_view("document")
    page = tab.document_page
    qtbot.waitUntil(page.notice.isVisible, timeout=PATIENCE)
    assert "last 2 changes are lost" in page.notice.message
    assert page.editor.text == "one two"
    QTest.keyClicks(page.editor, "!")
    wait_saved(qtbot, page)
    assert page.notice.isVisible()
    press(page.notice, "OK")
    assert not page.notice.isVisible()
    assert stored(data)[0].text == "!one two"
    QTest.mouseClick(page.versions_button, Qt.MouseButton.LeftButton)
    versions = page.version_panel.list
    qtbot.waitUntil(lambda: versions.count() == 2, timeout=PATIENCE)
    assert "With changes after the damage" in versions.item(0).text()


def test_document_that_cannot_be_read_is_no_document_that_cannot_be_saved(
    qtbot, open_page, monkeypatch
):
    page = open_page()

    def fail(*_arguments):
        raise sqlite3.DatabaseError("disk image is malformed")

    monkeypatch.setattr(DocumentStore, "list", fail)
    choose(page.header.title_menu, "New document")
    qtbot.waitUntil(page.notice.isVisible, timeout=PATIENCE)
    assert "cannot be read" in page.notice.message
    assert "saved" not in page.notice.message


def names_in(dialog):
    return [dialog.table.item(row, 0).text() for row in range(dialog.table.rowCount())]


def press_in(dialog, title):
    control = next(one for one in dialog.findChildren(QPushButton) if one.text() == title)
    QTest.mouseClick(control, Qt.MouseButton.LeftButton)


def test_deleted_documents_are_restored_or_deleted_for_good(qtbot, open_page, data, monkeypatch):
    store = DocumentStore(data.documents)
    documents = [new_document(title, f"{title} text") for title in ("One", "Two", "Three", "Four")]
    for document in documents:
        store.add(document)
        if document.title != "Four":
            store.trash(document.id)
    store.close()
    page = open_page()
    choose(page.header.title_menu, "Trash…")
    dialog = page.findChild(DocumentTrash)
    qtbot.waitUntil(lambda: names_in(dialog) == ["Three", "Two", "One"], timeout=PATIENCE)
    dialog.table.setFocus()
    QTest.keyClick(dialog.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: names_in(dialog) == ["Two", "One"], timeout=PATIENCE)
    answers, asked = iter([False, True, True]), []
    monkeypatch.setattr(
        "studio.ui.text.lists.document_trash.confirm",
        lambda *texts: asked.append(texts[2]) or next(answers),
    )
    dialog.table.selectRow(1)
    press_in(dialog, "Delete for good…")
    dialog.table.setFocus()
    QTest.keyClick(dialog.table, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: names_in(dialog) == ["Two"], timeout=PATIENCE)
    press_in(dialog, "Empty trash…")
    qtbot.waitUntil(dialog.empty.isVisible, timeout=PATIENCE)
    assert dialog.empty.text() == "The trash is empty."
    assert not dialog.restore_button.isEnabled()
    assert not dialog.empty_button.isEnabled()
    assert len(asked) == 3
    assert all("cannot be undone" in question for question in asked)
    assert {document.title for document in stored(data)} == {"Three", "Four"}


def test_documents_with_one_title_differ_in_menu_and_list(qtbot, open_page, data):
    store = DocumentStore(data.documents)
    for text in ("Rain\nfell on Monday", "Rain\nfell on Friday", "Rain\nfell"):
        store.add(new_document("Rain", text))
    store.close()
    page = open_page()
    menu = page.header.title_menu
    menu.aboutToShow.emit()
    qtbot.waitUntil(lambda: len(menu.actions()) == 10, timeout=PATIENCE)
    shown = [action.text().partition("\t") for action in menu.actions()[-3:]]
    assert {title for title, _tab, _time in shown} == {
        "Rain · fell on Monday",
        "Rain · fell on Friday",
        "Rain · fell",
    }
    assert all(":" in time for _title, _tab, time in shown)
    QTest.keyClicks(page.editor, "Snow ")
    wait_saved(qtbot, page)
    choose(menu, "All documents…")
    dialog = page.findChild(DocumentList)
    qtbot.waitUntil(lambda: dialog.table.rowCount() == 3, timeout=PATIENCE)
    assert "Rain · Snow Rain fell" in names_in(dialog)[0]


def test_what_is_typed_into_a_document_that_a_command_deleted_is_kept(
    qtbot, open_page, data, monkeypatch
):
    monkeypatch.setattr("studio.ui.text.autosave.RETRY_MS", 10)
    page = open_page()
    QTest.keyClicks(page.editor, "one")
    wait_saved(qtbot, page)
    store = DocumentStore(data.documents)
    store.remove(page.document.id)
    store.close()
    QTest.keyClicks(page.editor, " two")
    qtbot.waitUntil(
        lambda: [document.text for document in stored(data)] == ["one two"], timeout=PATIENCE
    )
    wait_saved(qtbot, page)
    assert not page.notice.isVisible()
