"""A list loads the thumbnails of the rows in view, wherever it is scrolled to."""

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QListView, QStyledItemDelegate

from studio.ui.thumbnails.source import ThumbnailSource
from studio.ui.thumbnails.visible import VisibleThumbnails, visible_indexes
from tests.ui.conftest import PATIENCE

ROWS = 500


def source_of(index):
    row = index.row()
    return ThumbnailSource(f"{row}.txt", "text", f"{row:064}", 0, f"text {row}")


class Delegate(QStyledItemDelegate):
    def __init__(self, view, library):
        super().__init__(view)
        self.thumbnails = VisibleThumbnails(view, library, source_of)

    def sizeHint(self, _option, _index):
        return QSize(60, 60)

    def paint(self, painter, option, index):
        pixmap = self.thumbnails.pixmap(source_of(index), QSize(50, 50))
        if pixmap is not None:
            painter.drawPixmap(option.rect.topLeft(), pixmap)


@pytest.fixture(params=["row", "column", "grid"])
def view(qtbot, library, request):
    made = QListView()
    model = QStandardItemModel(made)
    for number in range(ROWS):
        model.appendRow(QStandardItem(str(number)))
    made.setModel(model)
    made.setItemDelegate(Delegate(made, library))
    if request.param != "column":
        made.setFlow(QListView.Flow.LeftToRight)
    made.setWrapping(request.param == "grid")
    made.setResizeMode(QListView.ResizeMode.Adjust)
    made.setUniformItemSizes(True)
    made.resize(200, 200)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    return made


def loaded_rows(view):
    loader = view.itemDelegate().thumbnails._loader
    indexes = (view.model().index(row, 0) for row in range(ROWS))
    return {index.row() for index in indexes if loader.pixmap(source_of(index)) is not None}


def test_only_the_rows_in_view_are_loaded(qtbot, view):
    shown = {index.row() for index in visible_indexes(view)}
    assert 3 <= len(shown) <= 20
    assert 0 in shown
    qtbot.waitUntil(lambda: loaded_rows(view) == shown, timeout=PATIENCE)
    view.scrollTo(view.model().index(300, 0))
    seen = {index.row() for index in visible_indexes(view)}
    assert 300 in seen
    qtbot.waitUntil(lambda: seen <= loaded_rows(view), timeout=PATIENCE)
    assert loaded_rows(view) == shown | seen
    view.model().clear()
    assert list(visible_indexes(view)) == []
