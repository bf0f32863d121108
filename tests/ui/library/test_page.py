"""The library in the real window: tab, panel, grid, search, filters, keyboard and mouse."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QInputDialog

from studio.library.items import Annotation, Query
from studio.ui.thumbnails.source import source_of_item
from tests.ui.conftest import PATIENCE
from tests.ui.library.conftest import choose, click, found, make_item, press


def test_the_library_shows_thumbnails_newest_first(open_library, fill_library, folder, qtbot):
    ids = fill_library(*(make_item(folder, number) for number in range(5)))
    studio, page = open_library()
    assert studio.window.tabs.tabText(studio.window.tabs.currentIndex()) == "Library"
    assert page.view.hasFocus()
    assert found(page) == ids
    titles = [section.title for section in page.view._layout.sections]
    assert titles[:2] == ["Today", "Yesterday"]
    newest = source_of_item(page.results.item(ids[0]))
    qtbot.waitUntil(lambda: page.view.thumbnails.pixmap(newest) is not None, timeout=PATIENCE)
    shown = page.view.viewport().grab(page.view.rect_in_view(0)).toImage()
    color = shown.pixelColor(shown.width() // 2, shown.width() // 2)
    assert abs(color.red() - 200) < 8, "the color of the file"
    assert abs(color.green() - 43) < 8


def test_empty_library_shows_a_message(open_library):
    _studio, page = open_library()
    assert page._stack.currentIndex() == 1
    assert page._message.text() == "Nothing here yet"
    assert not page.clear_button.isVisible()


def test_search_finds_while_typing_and_can_be_cleared(open_library, fill_library, folder, qtbot):
    ids = fill_library(
        make_item(folder, 0, prompt="a lighthouse at night"),
        make_item(folder, 1, prompt="明月下的山水"),
        make_item(folder, 2, prompt="a teapot", media="text", body="it shone like a lighthouse"),
    )
    _studio, page = open_library()
    QTest.keyClick(page.view, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert page.bar.text.hasFocus()
    QTest.keyClicks(page.bar.text, "lightho")
    qtbot.waitUntil(lambda: found(page) == [ids[0], ids[2]], timeout=PATIENCE)
    page.bar.text.setText("月下")
    qtbot.waitUntil(lambda: found(page) == [ids[1]], timeout=PATIENCE)
    page.bar.text.setText("nothing like this")
    qtbot.waitUntil(lambda: page._stack.currentIndex() == 1, timeout=PATIENCE)
    assert page._message.text() == "Nothing found"
    QTest.mouseClick(page.clear_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: found(page) == ids, timeout=PATIENCE)
    assert page.bar.text.text() == ""
    assert page._stack.currentIndex() == 0


def test_filters_combine_and_are_shown_as_chips(open_library, fill_library, folder, qtbot):
    ids = fill_library(
        make_item(folder, 0, model="one"),
        make_item(folder, 1, model="two"),
        make_item(folder, 2, model="one", media="text"),
    )
    _studio, page = open_library()
    QTest.mouseClick(page.bar.filter_button, Qt.MouseButton.LeftButton)
    choose(qtbot, "Model", "one  (2)")
    qtbot.waitUntil(lambda: found(page) == [ids[0], ids[2]], timeout=PATIENCE)
    QTest.mouseClick(page.bar.filter_button, Qt.MouseButton.LeftButton)
    choose(qtbot, "Kind", "Text  (1)")
    qtbot.waitUntil(lambda: found(page) == [ids[2]], timeout=PATIENCE)
    chips = [page.bar._chips.layout().itemAt(place).widget() for place in range(3)]
    assert [chip.text() for chip in chips] == ["Kind: Text  ✕", "Model: one  ✕", "Clear all"]
    QTest.mouseClick(chips[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: found(page) == [ids[0], ids[2]], timeout=PATIENCE)


def test_a_search_is_saved_opened_and_deleted(
    open_library, fill_library, folder, qtbot, monkeypatch
):
    ids = fill_library(make_item(folder, 0, prompt="cat"), make_item(folder, 1, prompt="dog"))
    studio, page = open_library()
    monkeypatch.setattr(QInputDialog, "getText", lambda *_args, **_more: ("Dogs & co", True))
    page.bar.text.setText("dog")
    qtbot.waitUntil(lambda: found(page) == [ids[1]], timeout=PATIENCE)
    QTest.mouseClick(page.bar.saved_button, Qt.MouseButton.LeftButton)
    choose(qtbot, "Save this search")
    index = studio.shared.library.index
    qtbot.waitUntil(
        lambda: index.saved_searches() == {"Dogs & co": Query(text="dog")}, timeout=PATIENCE
    )
    page.bar.clear_filters()
    qtbot.waitUntil(lambda: found(page) == ids, timeout=PATIENCE)
    QTest.mouseClick(page.bar.saved_button, Qt.MouseButton.LeftButton)
    choose(qtbot, "Dogs")
    qtbot.waitUntil(lambda: found(page) == [ids[1]], timeout=PATIENCE)
    assert page.bar.text.text() == "dog"
    QTest.mouseClick(page.bar.saved_button, Qt.MouseButton.LeftButton)
    choose(qtbot, "Delete", "Dogs")
    qtbot.waitUntil(lambda: index.saved_searches() == {}, timeout=PATIENCE)


def test_keys_move_and_select(open_library, fill_library, folder):
    ids = fill_library(*(make_item(folder, 0, path=f"/x/{n}", created=9e8 - n) for n in range(40)))
    _studio, page = open_library()
    chosen = page.view.selection
    press(page, Qt.Key.Key_Right)
    assert chosen.ids == {ids[0]}
    press(page, Qt.Key.Key_Right)
    press(page, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    press(page, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert chosen.ids == set(ids[1:4])
    press(page, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert chosen.ids == set(ids[1:3])
    press(page, Qt.Key.Key_Home)
    press(page, Qt.Key.Key_Down)
    assert chosen.current == ids[page.view._layout.columns]
    press(page, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    press(page, Qt.Key.Key_Space, Qt.KeyboardModifier.ControlModifier)
    assert len(chosen.ids) == 2
    press(page, Qt.Key.Key_End)
    assert chosen.ids == {ids[-1]}
    rect = page.view.rect_in_view(39)
    assert page.view.viewport().rect().contains(rect)
    press(page, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert page.view.selected_ids() == ids
    press(page, Qt.Key.Key_Escape)
    assert chosen.ids == set()


def test_the_mouse_selects_and_opens(open_library, fill_library, folder, qtbot):
    ids = fill_library(*(make_item(folder, 0, path=f"/x/{n}", created=9e8 - n) for n in range(9)))
    _studio, page = open_library()
    chosen = page.view.selection
    click(page, 1)
    click(page, 3, Qt.KeyboardModifier.ControlModifier)
    assert chosen.ids == {ids[1], ids[3]}
    click(page, 5, Qt.KeyboardModifier.ShiftModifier)
    assert chosen.ids == set(ids[3:6])
    click(page, 4)
    assert chosen.ids == {ids[4]}, "a click on one of several selects it alone"
    QTest.mouseClick(
        page.view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(page.view.width() - 30, 8)
    )
    assert chosen.ids == set()
    with qtbot.waitSignal(page.open_requested) as opened:
        click(page, 2, double=True)
    assert opened.args[0].id == ids[2]


def test_a_missing_file_is_a_toast_and_no_dialog(open_library, fill_library, folder, qtbot):
    fill_library(make_item(folder, 0, path="/x/gone.png"))
    studio, page = open_library()
    with qtbot.waitSignal(studio.shared.toast_posted, timeout=PATIENCE) as posted:
        click(page, 0, double=True)
    assert posted.args[0].text == "gone.png cannot be opened: it is no longer in its folder."


def test_return_opens_the_item_in_its_tab(open_studio, qtbot):
    studio = open_studio()
    window, tab = studio.window, studio.window.image_tab
    window.show_tab("image")
    tab.prompt.setPlainText("a red door")
    window.generate()
    qtbot.waitUntil(
        lambda: [job.state for job in studio.shared.queue.jobs()] == ["completed"],
        timeout=PATIENCE,
    )
    tab.prompt.setPlainText("")
    window.show_tab("library")
    page = window.window_library.page
    qtbot.waitUntil(lambda: len(page.results.ids) == 1, timeout=PATIENCE)
    press(page, Qt.Key.Key_Right)
    press(page, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: tab.prompt.toPlainText() == "a red door", timeout=PATIENCE)
    assert window.tabs.currentWidget().isAncestorOf(tab)


def test_the_list_and_larger_thumbnails_show_the_same_items(open_library, fill_library, folder):
    fill_library(*(make_item(folder, number) for number in range(3)))
    _studio, page = open_library()
    page.bar.slider.setValue(0)
    columns = page.view._layout.columns
    page.bar.slider.setValue(page.bar.slider.maximum())
    assert page.view._layout.columns < columns
    QTest.mouseClick(page.bar.modes.buttons()[1], Qt.MouseButton.LeftButton)
    assert page.view._layout.columns == 1
    click(page, 2)
    assert page.view.selection.ids == {page.results.ids[2]}
    assert "prompt number 2" in page.view.accessibleDescription()


def test_new_items_keep_the_selection_and_the_scrolled_place(
    open_library, fill_library, folder, qtbot
):
    ids = fill_library(*(make_item(folder, 0, path=f"/x/{n}", created=9e8 - n) for n in range(300)))
    studio, page = open_library()
    bar = page.view.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    first = page.view._visible_indexes().start
    top_id, before = ids[first], page.view.rect_in_view(first).top()
    page.view.selection.select_only(top_id)
    library = studio.shared.library
    new = library.index.add([make_item(folder, number) for number in (1, 2)])
    library.items_added.emit(new)
    qtbot.waitUntil(lambda: len(page.results.ids) == 302, timeout=PATIENCE)
    assert found(page) == [*sorted(new, reverse=True), *ids]
    assert page.view.rect_in_view(page.results.position(top_id)).top() == before
    assert page.view.selection.ids == {top_id}
    library.index.remove([top_id])
    library.items_removed.emit([top_id])
    assert page.view.selection.ids == set()
    assert len(page.results.ids) == 301


def test_new_items_that_the_search_does_not_find_are_not_shown(
    open_library, fill_library, folder, qtbot
):
    fill_library(make_item(folder, 5, prompt="cat"))
    studio, page = open_library()
    page.bar.text.setText("cat")
    qtbot.waitUntil(lambda: page.results.query.text == "cat", timeout=PATIENCE)
    qtbot.waitUntil(lambda: page.results.is_complete, timeout=PATIENCE)
    library = studio.shared.library
    new = library.index.add(
        [make_item(folder, 1, prompt="dog"), make_item(folder, 2, prompt="another cat")]
    )
    library.items_added.emit(new)
    qtbot.waitUntil(lambda: len(page.results.ids) == 2, timeout=PATIENCE)
    assert [page.results.item(item_id).prompt for item_id in page.results.ids] == [
        "another cat",
        "cat",
    ]


def test_a_changed_rating_is_shown(open_library, fill_library, folder, qtbot):
    ids = fill_library(make_item(folder, 0))
    studio, page = open_library()
    studio.shared.library.index.annotate({ids[0]: Annotation(rating=4)})
    studio.shared.library.items_changed.emit(ids)
    qtbot.waitUntil(lambda: page.results.item(ids[0]).rating == 4, timeout=PATIENCE)


def test_panel_shows_the_library_next_to_another_tab(open_studio, fill_library, folder, qtbot):
    ids = fill_library(make_item(folder, 0))
    window = open_studio().window
    assert not window.window_library.panel.isVisible()
    QTest.keyClick(window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    panel = window.window_library.panel
    assert panel.isVisible()
    qtbot.waitUntil(lambda: found(panel.page) == ids, timeout=PATIENCE)
    assert window.tabs.currentIndex() == 0
    QTest.keyClick(window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert not panel.isVisible()


def test_library_tab_is_restored_after_a_restart(open_studio, fill_library, folder, qtbot):
    from tests.ui.conftest import close_studio

    fill_library(make_item(folder, 0))
    studio = open_studio()
    studio.window.show_tab("library")
    close_studio(studio)
    window = open_studio().window
    assert window.tabs.currentIndex() == window.tabs.count() - 1
    qtbot.waitUntil(lambda: len(window.window_library.page.results.ids) == 1, timeout=PATIENCE)
    assert window.current() is window.text_tab


def test_a_library_that_cannot_be_read_is_reported(open_studio, data, qtbot):
    data.create()
    data.library.mkdir()
    window = open_studio().window
    window.show_tab("library")
    page = window.window_library.page
    qtbot.waitUntil(page.notice.isVisible, timeout=PATIENCE)
    assert "library" in page.notice.message
    data.library.rmdir()
    QTest.mouseClick(
        page.notice.findChildren(type(page.bar.filter_button))[0], Qt.MouseButton.LeftButton
    )
    qtbot.waitUntil(lambda: page.results.is_complete, timeout=PATIENCE)
    assert not page.notice.isVisible()
