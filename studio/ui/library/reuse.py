"""Make more of an item: with another seed, model or strength, or as the input of another job."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMenu

from studio.core.artifact import Recipe
from studio.core.jobs import Sources
from studio.core.kinds import KINDS
from studio.core.requests import ImageRequest, Request
from studio.core.requests.base import draw_seed
from studio.core.requests.shared_fields import MIDI_SUFFIXES
from studio.core.translation import tr
from studio.library.items import Item
from studio.ui import background
from studio.ui.app_state import AppState

SEEDS = 4
STRENGTH_STEP = 0.15
_MAX_MODELS = 20


class Reuse(QObject):
    """Submits jobs like an item's, and asks the window to use an item in a form."""

    start_image_requested = Signal(object)
    """Path."""
    mask_requested = Signal(object)
    """Path of an image to paint a mask on."""
    first_frame_requested = Signal(object)
    """Path of an image that a video begins with."""
    prompt_requested = Signal(str, str, str)
    """(kind, text, SHA-256 of the file that the text came from)."""
    midi_requested = Signal(object)
    """Path."""

    def __init__(self, shared: AppState, parent: QObject) -> None:
        super().__init__(parent)
        self._shared = shared

    # Jobs
    # ----------------------------------------------------------------------

    def run_again(self, item: Item, count: int = 1) -> None:
        """Add jobs with other seeds."""
        self._with_recipe(item, lambda recipe: self._submit([recipe.request] * count, item))

    def run_with_strength(self, item: Item, change: float) -> None:
        """Add a job whose result is closer to the start image, or less close."""

        def submit(recipe: Recipe) -> None:
            request = recipe.request
            if isinstance(request, ImageRequest) and request.image:
                strength = min(1.0, max(0.05, request.strength + change))
                self._submit_same(
                    msgspec.structs.replace(request, strength=strength, seed=recipe.seed), item
                )
            else:
                self._shared.post_toast(tr("This was not made from a start image"))

        self._with_recipe(item, submit)

    def run_with_model(self, item: Item, model: str) -> None:
        """Add a job with the same seed and another model."""

        def submit(recipe: Recipe) -> None:
            self._submit_same(
                msgspec.structs.replace(recipe.request, model=model, seed=recipe.seed), item
            )

        self._with_recipe(item, submit)

    def _submit_same(self, request: Request, item: Item) -> None:
        sources = Sources(variation=item.sha256)
        self._shared.queue.submit([self._shared.new_job(request, sources)])
        self._shared.post_toast(tr("Added to the queue"))

    def _submit(self, requests: list[Request], item: Item) -> None:
        sources = Sources(variation=item.sha256)
        jobs = [
            self._shared.new_job(msgspec.structs.replace(request, seed=draw_seed()), sources)
            for request in requests
        ]
        self._shared.queue.submit(jobs)
        count = len(jobs)
        self._shared.post_toast(
            tr("Added to the queue")
            if count == 1
            else tr("Added {count} jobs to the queue", count=count)
        )

    def _with_recipe(self, item: Item, use: Callable[[Recipe], None]) -> None:
        def read() -> Recipe | None:
            from studio.library.artifacts import read_recipe

            return read_recipe(Path(item.path))

        def done(recipe: Recipe | None) -> None:
            if recipe is None:
                self._shared.post_toast(tr("This file has no settings of Studio"))
            else:
                use(recipe)

        background.run(self, read, done)

    # Menus
    # ----------------------------------------------------------------------

    def add_menus(self, menu: QMenu, item: Item) -> None:
        """Add the entries for one item."""
        uses = menu.addMenu(tr("Use as"))
        self._add_uses(uses, item)
        uses.setEnabled(not uses.isEmpty())
        again = menu.addAction(tr("Same again with another seed"))
        again.triggered.connect(lambda _checked=False: self.run_again(item))
        vary = menu.addMenu(tr("Vary"))
        self._add_variations(vary, item)
        for entry in (again, vary.menuAction()):
            entry.setEnabled(item.kind in KINDS and not item.missing)

    def _add_uses(self, menu: QMenu, item: Item) -> None:
        path = Path(item.path)
        if item.media == "image":
            _add(menu, tr("Start image"), functools.partial(self.start_image_requested.emit, path))
            _add(menu, tr("Image to inpaint…"), functools.partial(self.mask_requested.emit, path))
            _add(menu, tr("First frame"), functools.partial(self.first_frame_requested.emit, path))
        if item.media == "video":
            _add(menu, tr("Video to extend"), lambda: self._use_frame(path))
        if item.media == "text":
            _add(menu, tr("Text to speak"), lambda: self._use_text(item, "speech"))
            _add(menu, tr("Prompt of a text"), lambda: self._use_text(item, "text"))
            _add(menu, tr("Prompt of an image"), lambda: self._use_text(item, "image"))
            _add(menu, tr("Prompt of a video"), lambda: self._use_text(item, "video"))
        elif item.prompt:
            _add(menu, tr("Prompt"), lambda: self.prompt_requested.emit(item.kind, item.prompt, ""))
        midi = path.with_suffix(MIDI_SUFFIXES[0])
        if item.kind == "music":
            _add(menu, tr("MIDI to continue"), functools.partial(self.midi_requested.emit, midi))

    def _use_frame(self, video: Path) -> None:
        """Use the last frame of a video as the first one of the next."""
        from studio.media.video_decoder.saved_frames import save_frame

        folder = self._shared.data.frames
        background.run(
            self,
            lambda: save_frame(video, None, folder),
            self.first_frame_requested.emit,
            lambda error: self._shared.post_toast(str(error)),
        )

    def _use_text(self, item: Item, kind: str) -> None:
        library = self._shared.library
        background.run(
            self,
            lambda: library.index.full_text(item.id),
            lambda text: self.prompt_requested.emit(kind, text, item.sha256),
        )

    def _add_variations(self, menu: QMenu, item: Item) -> None:
        _add(menu, tr("{count} other seeds", count=SEEDS), lambda: self.run_again(item, SEEDS))
        if item.kind == "image":
            less, more = -STRENGTH_STEP, STRENGTH_STEP
            _add(menu, tr("Closer to the start image"), lambda: self.run_with_strength(item, less))
            _add(
                menu, tr("Further from the start image"), lambda: self.run_with_strength(item, more)
            )
        models = menu.addMenu(tr("Another model"))
        for card in self._shared.cards(item.kind)[:_MAX_MODELS] if item.kind in KINDS else ():
            if card.name != item.model:
                _add(models, card.title, functools.partial(self.run_with_model, item, card.name))
        models.setEnabled(not models.isEmpty())


def _add(menu: QMenu, title: str, call: Callable[[], object]) -> None:
    menu.addAction(title.replace("&", "&&")).triggered.connect(lambda _checked=False: call())
