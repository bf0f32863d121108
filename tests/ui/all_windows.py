"""Every window and dialog of the program, made with real content.

Used by `screen_report.py` and `test_all_windows.py`, which checks that none is missing here.
"""

from __future__ import annotations

import importlib
import pkgutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

import studio.ui
from studio.core.presets import PERSONAS, Preset, presets, save_preset
from studio.core.requests.text_task import Coverage, LinkedSentence, Passage
from studio.core.settings_catalog.transfer import export_settings, import_settings
from studio.documents.chat import ROOT, Chat, Turn
from studio.library.foreign.metadata import ForeignMetadata
from studio.library.foreign.take_over import take_over
from studio.library.items import Item, NewItem, Query
from studio.ui.app_state import AppState
from studio.ui.batch.dialog import BatchDialog
from studio.ui.batch.row_editor import RowEditor
from studio.ui.help.about import AboutWindow
from studio.ui.help.doctor_window import DoctorWindow
from studio.ui.help.documents_window import DocumentsWindow
from studio.ui.help.entries import default_providers
from studio.ui.help.palette import Palette
from studio.ui.help.shortcuts_window import ShortcutsWindow
from studio.ui.image.canvas.files import CanvasImage
from studio.ui.image.canvas.page import CanvasOptions, CanvasPage
from studio.ui.image.canvas.tools import ToolKind
from studio.ui.image.foreign_settings import ForeignSettingsDialog
from studio.ui.image.full_screen import FullScreenImage
from studio.ui.image.image_levels import with_levels
from studio.ui.library.compare.window import CompareWindow
from studio.ui.library.date_filter import DateDialog
from studio.ui.library.export_dialog import ExportDialog
from studio.ui.main_window import MainWindow
from studio.ui.models.dialog import ModelsDialog
from studio.ui.models.download_dialog import DownloadDialog
from studio.ui.models.hub_dialog import HubDialog
from studio.ui.models.scan_dialog import ScanDialog
from studio.ui.settings.transfer import ImportDialog
from studio.ui.settings.window import SettingsWindow
from studio.ui.stage.candidates.summary_sources import SummarySources
from studio.ui.tabs.chat.chat_list import ChatList
from studio.ui.tabs.chat.personas.persona_dialog import PersonaDialog
from studio.ui.tabs.chat.version_window import VersionWindow
from studio.ui.tabs.images.style_picker import StyleList
from studio.ui.tabs.presets.manage_dialog import ManageDialog
from studio.ui.tabs.presets.save_dialog import SaveDialog
from studio.ui.tabs.prompt_history import PromptList
from studio.ui.text.lists.document_list import DocumentList
from studio.ui.text.lists.document_trash import DocumentTrash
from studio.ui.video.video_window import VideoWindow

METADATA = ForeignMetadata(
    program="ComfyUI", prompt="a cat, 猫", seed=7, steps=20, sampler="euler", model="sdxl"
)
ANSWER = Turn(id="2", parent="1", role="assistant", text="Rain.", finish="stop")
CHAT = Chat(
    id="0",
    turns={
        "1": Turn(id="1", parent=ROOT, role="user", text="What falls?"),
        "2": ANSWER,
        "3": msgspec.structs.replace(ANSWER, id="3", text="Rain or snow."),
    },
    chosen={ROOT: "1", "1": "2"},
)
SOURCE = "The river rose on Monday. 河水上涨。"
COVERAGE = Coverage(
    sentences=(
        LinkedSentence("The river rose.", Passage(0, 25, "The river rose on Monday.")),
        LinkedSentence("It fell again.", None),
    ),
    parts=2,
    covered=(0,),
)
_MEDIA = {"image": ".png", "text": ".txt", "audio": ".wav"}


class Content(NamedTuple):
    """What the dialogs show."""

    folder: Path
    """With a file of prompts, and files of each medium."""
    items: dict[str, list[Item]]
    """Medium → items of the library."""


def import_all() -> None:
    """Import every module of the window, so that its classes are known."""
    for module in pkgutil.walk_packages(studio.ui.__path__, "studio.ui."):
        importlib.import_module(module.name)


def make_content(shared: AppState, folder: Path) -> Content:
    """Write files, and add them to the library."""
    folder.mkdir(exist_ok=True)
    rows = "prompt,seed\na cat,1\na dog,x\n"
    (folder / "rows.csv").write_text(rows, encoding="utf-8")
    image = QImage(64, 48, QImage.Format.Format_RGB32)
    new = []
    for media, suffix in _MEDIA.items():
        for number in range(9):
            path = folder / f"a rather long name of a result of {media} {number}{suffix}"
            if media == "image":
                image.fill(list(Qt.GlobalColor)[number + 3])
                image.save(str(path))
            else:
                path.write_text(f"{media} {number}", encoding="utf-8")
            new.append(
                NewItem(
                    path=str(path),
                    sha256=f"{len(new):064x}",
                    size=path.stat().st_size,
                    modified=path.stat().st_mtime_ns,
                    media=media,
                    kind="speech" if media == "audio" else media,
                    created=time.time() - number * 86_400,
                    prompt=f"prompt {number}",
                )
            )
    index = shared.library.index
    ids = index.add(new)
    shared.library.items_added.emit(ids)
    items = index.items(ids)
    return Content(
        folder, {media: [one for one in items if one.media == media] for media in _MEDIA}
    )


def makers(window: MainWindow, content: Content) -> dict[str, Callable[[], QWidget]]:
    """Return name → function that makes a window or dialog."""
    shared, folder, items = window.shared, content.folder, content.items
    image = QImage(640, 480, QImage.Format.Format_RGB888)
    image.fill(Qt.GlobalColor.white)
    preset = Preset("A preset with a name", {"prompt": "A haiku about …", "seed": "5"})
    save_preset(shared.data, "image", preset)
    changed = msgspec.structs.replace(shared.settings, theme="dark", text_size=120, threads=3)
    imported = import_settings(export_settings(changed), shared.settings)
    row = {"prompt": "a dog", "seed": "x", "width": "512"}
    form = window.image_tab
    return {
        "batch": lambda: BatchDialog(shared, folder / "rows.csv", parent=window),
        "row of a batch": lambda: RowEditor(3, row, "seed: “x” is not a number.", window),
        "models": lambda: ModelsDialog(shared, window),
        "scan": lambda: ScanDialog(shared, [folder], window),
        "download": lambda: DownloadDialog(shared, window),
        "hub": lambda: HubDialog(shared, window),
        "canvas": lambda: _canvas(image, ToolKind.BRUSH, window),
        "canvas with a frame": lambda: _canvas(image, ToolKind.FRAME, window),
        "full screen": lambda: FullScreenImage(window),
        "settings of a file": lambda: ForeignSettingsDialog(
            folder / "a.png", METADATA, take_over(METADATA), window
        ),
        "compare two images": lambda: CompareWindow(shared, items["image"][:2], window),
        "compare nine images": lambda: CompareWindow(shared, items["image"], window),
        "compare nine texts": lambda: CompareWindow(shared, items["text"], window),
        "compare nine audio files": lambda: CompareWindow(shared, items["audio"], window),
        "sources of a summary": lambda: SummarySources(window, COVERAGE, SOURCE),
        "export": lambda: ExportDialog(shared, [one.id for one in items["image"]], window),
        "dates": lambda: DateDialog(window, Query(), lambda _query: None),
        "video": lambda: VideoWindow(folder / "no video.mp4", window),
        "palette": lambda: Palette(default_providers(window), window),
        "settings": lambda: SettingsWindow(shared, window),
        "import of settings": lambda: ImportDialog(shared, imported, window),
        "about": lambda: AboutWindow(shared, window),
        "shortcuts": lambda: ShortcutsWindow(shared, window),
        "documents": lambda: DocumentsWindow(shared, window),
        "written documents": lambda: DocumentList(
            shared, window.text_tab.document_page.documents, window, ""
        ),
        "deleted documents": lambda: DocumentTrash(window.text_tab.document_page.documents, window),
        "chats": lambda: ChatList(window.text_tab.chat_page.open_chat, window),
        "versions of a turn": lambda: VersionWindow(
            window, CHAT, CHAT.path()[1], window.text_tab.chat_page.answers
        ),
        "persona": lambda: PersonaDialog(shared, presets(PERSONAS)[0], window),
        "check": lambda: DoctorWindow(shared, window),
        "save a preset": lambda: SaveDialog(shared, "image", preset, window),
        "manage presets": lambda: ManageDialog(shared, "image", window),
        "earlier prompts": lambda: PromptList(shared, "image", form.prompt),
        "styles": lambda: StyleList(form, "", lambda _value: None),
    }


def _canvas(image: QImage, kind: ToolKind, window: MainWindow) -> QWidget:
    """Return the canvas, which is a page of the window, in a dialog of its own."""
    page = CanvasPage()
    page.open(CanvasImage(with_levels(image, image.size()), {}), CanvasOptions())
    page.toolbar.choose(kind)
    dialog = QDialog(window)
    dialog.setWindowTitle("Canvas")
    QVBoxLayout(dialog).addWidget(page)
    return dialog
