"""Selecting several items: rectangle, keyboard, status line, and what a screen reader sees."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest

from studio.library.items import Annotation
from tests.ui.conftest import PATIENCE
from tests.ui.library.conftest import click, make_item, press

CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
NOTHING = Qt.KeyboardModifier.NoModifier
LEFT = Qt.MouseButton.LeftButton


def fill(fill_library, folder, count: int) -> list[int]:
    """Add items of one month, so that the grid has one heading."""
    return fill_library(
        *(
            make_item(folder, 0, path=f"/x/{number}", created=9e8 - number)
            for number in range(count)
        )
    )


def drag(page, start: QPoint, end: QPoint, modifiers=NOTHING) -> None:
    viewport = page.view.viewport()
    QTest.mousePress(viewport, LEFT, modifiers, start)
    QTest.mouseMove(viewport, (start + end) / 2)
    QTest.mouseMove(viewport, end)
    QTest.mouseRelease(viewport, LEFT, modifiers, end)


def left_of(page, index: int) -> QPoint:
    return page.view.rect_in_view(index).topLeft() - QPoint(6, 0)


def center_of(page, index: int) -> QPoint:
    return page.view.rect_in_view(index).center()


def test_a_rectangle_selects_what_it_touches(open_library, fill_library, folder, qtbot):
    ids = fill(fill_library, folder, 20)
    studio, page = open_library()
    studio.window.resize(1280, 800)
    qtbot.waitUntil(lambda: page.view._layout.columns >= 4, timeout=PATIENCE)
    columns = page.view._layout.columns
    drag(page, left_of(page, 0), center_of(page, columns + 1))
    assert page.view.selected_ids() == [ids[i] for i in (0, 1, columns, columns + 1)]
    assert page.status.text() == "4 of 20 selected"
    drag(page, left_of(page, 1), center_of(page, 2), CONTROL)
    assert page.view.selected_ids() == [ids[i] for i in (0, 2, columns, columns + 1)], "toggled"
    drag(page, left_of(page, 1), center_of(page, 1), SHIFT)
    assert page.view.selected_ids() == [ids[i] for i in (0, 1, 2, columns, columns + 1)], "added"
    assert not page.view._band.isVisible()
    drag(page, left_of(page, 3), center_of(page, 3))
    assert page.view.selected_ids() == [ids[3]]


def test_a_rectangle_shrinks_with_the_mouse(open_library, fill_library, folder, qtbot):
    ids = fill(fill_library, folder, 8)
    studio, page = open_library()
    studio.window.resize(1280, 800)
    qtbot.waitUntil(lambda: page.view._layout.columns >= 4, timeout=PATIENCE)
    viewport = page.view.viewport()
    QTest.mousePress(viewport, LEFT, NOTHING, left_of(page, 0))
    QTest.mouseMove(viewport, center_of(page, 2))
    assert len(page.view.selection.ids) == 3
    assert page.view._band.isVisible()
    QTest.mouseMove(viewport, center_of(page, 0))
    assert page.view.selection.ids == {ids[0]}
    QTest.mouseRelease(viewport, LEFT, NOTHING, center_of(page, 0))


def test_a_rectangle_scrolls_the_view(open_library, fill_library, folder, qtbot):
    ids = fill(fill_library, folder, 30)
    _studio, page = open_library()
    viewport, bar = page.view.viewport(), page.view.verticalScrollBar()
    QTest.mousePress(viewport, LEFT, NOTHING, left_of(page, 0))
    QTest.mouseMove(viewport, QPoint(viewport.width() - 20, viewport.height() + 50))
    qtbot.waitUntil(lambda: bar.value() == bar.maximum(), timeout=PATIENCE)
    assert page.view.selection.ids == set(ids)
    QTest.mouseRelease(viewport, LEFT)
    assert not page.view._band.is_active


def test_the_list_is_selected_with_a_rectangle_from_below(open_library, fill_library, folder):
    ids = fill(fill_library, folder, 4)
    _studio, page = open_library()
    QTest.mouseClick(page.bar.modes.buttons()[1], LEFT)
    drag(page, center_of(page, 3) + QPoint(0, 80), center_of(page, 2))
    assert page.view.selected_ids() == ids[2:]


def test_ctrl_and_space_select_single_items_and_shift_adds_a_range(
    open_library, fill_library, folder
):
    ids = fill(fill_library, folder, 12)
    _studio, page = open_library()
    press(page, Qt.Key.Key_Home)
    press(page, Qt.Key.Key_Right, CONTROL)
    press(page, Qt.Key.Key_Right, CONTROL)
    assert page.view.selected_ids() == [ids[0]], "Ctrl only moves"
    press(page, Qt.Key.Key_Space, CONTROL)
    assert page.view.selected_ids() == [ids[0], ids[2]]
    press(page, Qt.Key.Key_End, SHIFT)
    assert page.view.selected_ids() == ids[2:]
    press(page, Qt.Key.Key_Home)
    click(page, 4, CONTROL)
    click(page, 6, CONTROL | SHIFT)
    assert page.view.selected_ids() == [ids[0], *ids[4:7]], "a range next to what is selected"
    assert page.status.text() == "4 of 12 selected"


def test_the_status_line_counts(open_library, fill_library, folder, qtbot):
    fill_library(make_item(folder, 0, prompt="cat"), make_item(folder, 1, prompt="dog"))
    _studio, page = open_library()
    assert page.status.text() == "2 items"
    page.bar.text.setText("dog")
    qtbot.waitUntil(lambda: page.status.text() == "1 found", timeout=PATIENCE)
    press(page, Qt.Key.Key_A, CONTROL)
    assert page.status.text() == "1 of 1 selected"


def test_a_screen_reader_finds_the_items_and_the_selection(
    open_library, fill_library, folder, qtbot
):
    ids = fill_library(
        make_item(folder, 0, prompt="a lighthouse"),
        make_item(folder, 1, prompt="a story", media="text"),
    )
    studio, page = open_library()
    studio.shared.library.index.annotate({ids[0]: Annotation(rating=3, favorite=True)})
    studio.shared.library.items_changed.emit(ids)
    qtbot.waitUntil(lambda: page.results.item(ids[0]).rating == 3, timeout=PATIENCE)
    grid = QAccessible.queryAccessibleInterface(page.view)
    assert (grid.role(), grid.childCount()) == (QAccessible.Role.List, 2)
    first, second = grid.child(0), grid.child(1)
    assert first.role() == QAccessible.Role.ListItem
    name = first.text(QAccessible.Text.Name)
    assert name.startswith("Image, a lighthouse, ")
    assert name.endswith("3 of 5 stars, favorite")
    assert second.text(QAccessible.Text.Name).startswith("Text, a story, ")
    assert not first.state().selected
    QAccessible.setActive(True)
    try:
        press(page, Qt.Key.Key_End)
        assert [bool(one.state().selected) for one in (first, second)] == [False, True]
        assert second.state().focused
        assert grid.indexOfChild(grid.focusChild()) == 1
        press(page, Qt.Key.Key_A, CONTROL)
        assert first.state().selected
        assert grid.text(QAccessible.Text.Description).endswith("2 of 2 selected")
    finally:
        QAccessible.setActive(False)
    place = first.rect().center()
    assert grid.indexOfChild(grid.childAt(place.x(), place.y())) == 0
    assert grid.state().multiSelectable
    page.bar.text.setText("story")
    qtbot.waitUntil(lambda: grid.childCount() == 1, timeout=PATIENCE)
    assert not first.isValid()
    assert grid.child(0).text(QAccessible.Text.Name).startswith("Text, a story, ")


def test_details_of_several_show_figures_and_change_common_notes(
    open_library, fill_library, folder, qtbot
):
    ids = fill_library(
        make_item(folder, 0, size=1_500_000),
        make_item(folder, 1, size=2_500_000),
        make_item(folder, 2, media="text", size=1_000_000),
    )
    studio, page = open_library()
    index, details = studio.shared.library.index, page.details
    index.annotate(
        {
            ids[0]: Annotation(rating=2, tags=("sea", "storm"), note="mine"),
            ids[1]: Annotation(rating=5, tags=("sea",), collections=("Best",)),
            ids[2]: Annotation(rating=2, tags=("sea",)),
        }
    )
    click(page, 0)
    press(page, Qt.Key.Key_A, CONTROL)
    qtbot.waitUntil(lambda: details.title.text() == "3 items selected", timeout=PATIENCE)
    qtbot.waitUntil(details.notes.isVisible, timeout=PATIENCE)
    shown = [
        (details._values.itemAt(place, role).widget().text())
        for place in range(details._values.rowCount())
        for role in (details._values.ItemRole.LabelRole, details._values.ItemRole.FieldRole)
    ]
    figures = dict(zip(shown[::2], shown[1::2], strict=True))
    assert figures == {
        "Kinds": "2 images, 1 text",
        "Files": "5.0 MB",
        "Ratings": "from 2 to 5",
        "Some tagged": "storm",
        "Some in": "Best",
    }
    assert details.notes.tags.text() == "sea"
    assert not details.notes.note.isVisible()
    details.notes.tags.setText("harbor")
    QTest.keyClick(details.notes.tags, Qt.Key.Key_Return)
    qtbot.waitUntil(
        lambda: (
            [index.annotation(one).tags for one in ids]
            == [("harbor", "storm"), ("harbor",), ("harbor",)]
        ),
        timeout=PATIENCE,
    )
    QTest.mouseClick(details.notes.stars[3], LEFT)
    qtbot.waitUntil(lambda: index.annotation(ids[1]).rating == 4, timeout=PATIENCE)
    assert [index.annotation(one).rating for one in ids] == [4, 4, 4]
    assert index.annotation(ids[0]).note == "mine"
    qtbot.waitUntil(lambda: details._values.rowCount() == 4, timeout=PATIENCE)
    click(page, 0)
    assert details.title.text() == "0000.png"
    qtbot.waitUntil(details.notes.note.isVisible, timeout=PATIENCE)
    press(page, Qt.Key.Key_Escape)
    assert details.title.text() == "Select an item to see it here"
