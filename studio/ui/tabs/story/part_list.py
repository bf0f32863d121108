"""The parts of a story as a tree: outline, people and places, chapters with their scenes."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem

from studio.core.requests.story import Story, StoryChapter
from studio.core.translation import tr
from studio.text_tasks.story import BIBLE, OUTLINE
from studio.ui.widgets.factory import name_control

_STEP = Qt.ItemDataRole.UserRole
TITLE_CHARACTERS = 60


class PartList(QTreeWidget):
    """Lists the parts; those with a text have a check mark."""

    chosen = Signal(str)
    """The step of the part that is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        name_control(self, tr("Parts of the story"), tr("Choose what to edit or to write again"))
        self.currentItemChanged.connect(self._on_current_changed)

    @property
    def step(self) -> str:
        """The chosen part."""
        item = self.currentItem()
        return str(item.data(0, _STEP)) if item is not None else OUTLINE

    def show_story(self, story: Story) -> None:
        """List a story's parts; the chosen one stays chosen if it is still there."""
        step = self.step
        self.blockSignals(True)
        self.clear()
        self._add(OUTLINE, tr("Outline"), bool(story.chapters))
        self._add(BIBLE, tr("People, places, facts"), bool(story.bible))
        for number, chapter in enumerate(story.chapters, start=1):
            self._add_chapter(number, chapter)
        self.expandAll()
        found = next((one for one in self._items() if one.data(0, _STEP) == step), None)
        if chosen := found or self.topLevelItem(0):
            self.setCurrentItem(chosen)
        self.blockSignals(False)

    def choose(self, step: str) -> None:
        """Choose a part, if it is there."""
        item = next((one for one in self._items() if one.data(0, _STEP) == step), None)
        if item is not None:
            self.setCurrentItem(item)

    def _add_chapter(self, number: int, chapter: StoryChapter) -> None:
        is_complete = bool(chapter.scenes) and all(scene.text for scene in chapter.scenes)
        parent = self._add(str(number), f"{number}. {chapter.title}", is_complete)
        for place, scene in enumerate(chapter.scenes, start=1):
            item = self._item(f"{number}.{place}", f"{number}.{place} {scene.outline}", scene.text)
            parent.addChild(item)

    def _add(self, step: str, title: str, is_written: bool) -> QTreeWidgetItem:
        item = self._item(step, title, is_written)
        self.addTopLevelItem(item)
        return item

    def _item(self, step: str, title: str, is_written: bool | str) -> QTreeWidgetItem:
        shown = title if len(title) <= TITLE_CHARACTERS else f"{title[: TITLE_CHARACTERS - 1]}…"
        item = QTreeWidgetItem([f"✓ {shown}" if is_written else f"○ {shown}"])
        item.setData(0, _STEP, step)
        item.setToolTip(0, tr("Written") if is_written else tr("Not written yet"))
        return item

    def _items(self) -> Iterator[QTreeWidgetItem]:
        for row in range(self.topLevelItemCount()):
            item = self.topLevelItem(row)
            if item is not None:
                yield item
                children = (item.child(place) for place in range(item.childCount()))
                yield from (child for child in children if child is not None)

    def _on_current_changed(self, item: QTreeWidgetItem | None) -> None:
        if item is not None:
            self.chosen.emit(str(item.data(0, _STEP)))
