"""Versions of a document: kept, compared and restored; and who wrote what, in colors."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog

from studio.documents.document import insertion
from studio.documents.origins import Origin, shares
from studio.ui.library.compare.texts import TextComparison
from tests.ui.conftest import PATIENCE
from tests.ui.text.conftest import wait_saved
from tests.ui.text.test_document_page import choose, press

CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
MODEL = Origin("model", "job-1")


def test_version_is_compared_and_restored_which_undo_takes_back(qtbot, open_page):
    page = open_page()
    editor, panel = page.editor, page.version_panel
    editor.apply(insertion(0, "one two", MODEL))
    QTest.keyClick(editor, Qt.Key.Key_H, CONTROL | SHIFT)
    assert panel.isVisible()
    assert panel.empty.isVisible()
    press(panel, "Keep now")
    qtbot.waitUntil(lambda: panel.list.count() == 1, timeout=PATIENCE)
    assert not panel.empty.isVisible()
    editor.select(4, 7)
    QTest.keyClicks(editor, "xyz")
    panel.list.setCurrentRow(0)
    press(panel, "Compare")
    qtbot.waitUntil(lambda: bool(page.findChildren(TextComparison)), timeout=PATIENCE)
    comparison = page.findChildren(TextComparison)[0]
    assert [pane.toPlainText() for pane in comparison.panes] == ["one two", "one xyz"]
    qtbot.waitUntil(lambda: bool(comparison.panes[1].extraSelections()), timeout=PATIENCE)
    next(one for one in page.findChildren(QDialog) if one.isAncestorOf(comparison)).close()
    press(panel, "Restore")
    qtbot.waitUntil(lambda: editor.text == "one two", timeout=PATIENCE)
    assert shares(page.document.origins)["model"] == 7
    qtbot.waitUntil(lambda: panel.list.count() == 3, timeout=PATIENCE)
    assert "Restored" in panel.list.item(0).text()
    assert "Before" in panel.list.item(1).text()
    editor.undo()
    assert editor.text == "one xyz"
    assert shares(page.document.origins) == {"imported": 0, "person": 3, "model": 4}
    wait_saved(qtbot, page)
    QTest.mouseClick(page.versions_button, Qt.MouseButton.LeftButton)
    assert not panel.isVisible()


def test_colors_show_who_wrote_what_in_view(qtbot, open_page):
    page = open_page()
    editor = page.editor
    editor.apply(insertion(0, "by a model ", MODEL))
    QTest.keyClick(editor, Qt.Key.Key_End, CONTROL)
    QTest.keyClicks(editor, "and me")
    choose(page.header.more_menu, "Show who wrote what")

    def marked():
        return [one.cursor.selectedText() for one in editor.extraSelections()]

    qtbot.waitUntil(lambda: marked() == ["by a model "], timeout=PATIENCE)
    assert "Model 65%" in page.origin_colors.legend.text()
    editor.select(3, 4)
    QTest.keyClicks(editor, "THE")
    qtbot.waitUntil(lambda: marked() == ["by ", " model "], timeout=PATIENCE)
    choose(page.header.more_menu, "Show who wrote what")
    qtbot.waitUntil(lambda: not marked(), timeout=PATIENCE)
    assert not page.origin_colors.legend.isVisible()


def test_marks_of_a_long_text_are_those_in_view(qtbot, open_page):
    page = open_page()
    for number in range(400):
        page.editor.apply(insertion(len(page.editor.text), f"{number} model", MODEL))
        page.editor.apply(insertion(len(page.editor.text), " person\n"))
    page.origin_colors.toggle()
    qtbot.waitUntil(lambda: bool(page.editor.extraSelections()), timeout=PATIENCE)
    assert len(page.editor.extraSelections()) < 100
    bar = page.editor.verticalScrollBar()
    bar.setValue(bar.maximum())
    qtbot.waitUntil(
        lambda: (
            [one.cursor.selectedText() for one in page.editor.extraSelections()][-1:]
            == ["399 model"]
        ),
        timeout=PATIENCE,
    )
