"""The video tab: text to video and image to video."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtWidgets import QSpinBox, QStackedWidget, QWidget

from studio.core.errors import Problem
from studio.core.jobs import Job
from studio.core.requests import Request
from studio.core.requests.base import MAX_SEED
from studio.core.requests.video import MAX_SIDE
from studio.core.translation import tr, tr_marked
from studio.media.video import can_write
from studio.models.capabilities import takes_first_frame
from studio.models.card import ModelCard
from studio.ui.app_state import AppState
from studio.ui.stage.shown_result import ShownResult
from studio.ui.stage.video import VideoStage
from studio.ui.tabs.base import GenerateTab
from studio.ui.tabs.layout import MIN_FORM_WIDTH
from studio.ui.video.duration import Duration
from studio.ui.video.frame_file import FrameFile
from studio.ui.video.model_offer import ModelOffer
from studio.ui.video.video_view import VideoView
from studio.ui.widgets.aspect_ratio import AspectRatio
from studio.ui.widgets.factory import label, name_control, row, text_editor
from studio.ui.widgets.request_field import SPIN_WIDTH, WheelGuard

COUNT = "count"
"""In a draft, besides the fields of the request: how many videos a click generates."""
MAX_COUNT = 16


class VideoTab(GenerateTab):
    """The form on the left, the preview and the player on the right."""

    kind = "video"
    stage: VideoStage
    own_fields = ("negative_prompt", "image")

    def __init__(
        self,
        shared: AppState,
        parent: QWidget | None = None,
        *,
        backends: Sequence[str] | None = None,
    ) -> None:
        self._backends = backends
        self.negative_prompt = text_editor(
            tr("Negative prompt"), tr("What to keep out of the video."), 48
        )
        self._negative_title = label(tr("Negative prompt"), "muted")
        self.first_frame = FrameFile(
            tr("First frame…"), tr("Choose an image that the video begins with, or drop one here")
        )
        self.about = label("", "muted", wrap=True)
        self.ratio = AspectRatio()
        self.duration = Duration()
        self.count = _count_box()
        super().__init__(shared, parent)
        self.prompt.setPlaceholderText(tr("What happens in the video, and how it looks."))
        self.negative_prompt.textChanged.connect(self._on_edited)
        self.first_frame.changed.connect(self._on_edited)
        self.first_frame.size_requested.connect(self._set_ratio)
        self.ratio.ratio_requested.connect(self._set_ratio)
        self.ratio.swap_requested.connect(self._swap_sides)
        self.duration.frames_requested.connect(
            lambda count: self.form.set_values({"num_frames": count})
        )
        self.form.changed.connect(self._show_size)
        self.count.valueChanged.connect(self._on_edited)
        self.stage.first_frame_requested.connect(self.extend)

    def create_stage(self) -> VideoStage:
        """See `GenerateTab`."""
        return VideoStage(self.shared, backends=self._backends)

    @property
    def view(self) -> VideoView:
        """The player."""
        return self.stage.view

    def extra_widgets(self) -> list[QWidget]:
        """See `FormTab`."""
        return [self._negative_title, self.negative_prompt, self.first_frame]

    def model_widgets(self) -> list[QWidget]:
        """See `FormTab`."""
        title = label(tr("Videos"), "muted")
        title.setBuddy(self.count)
        return [self.about, self.ratio, self.duration, row(title, None, self.count)]

    def _form_side(self, parent: QWidget) -> QWidget:
        self._sides = QStackedWidget(parent)
        self._sides.addWidget(super()._form_side(self._sides))
        self._sides.setMinimumWidth(MIN_FORM_WIDTH)
        return self._sides

    def _show_side(self, card: ModelCard | None) -> None:
        """Show the form, or without a model what one would add."""
        if card is None and self._sides.count() == 1:
            self._sides.addWidget(ModelOffer(self.shared))
        self._sides.setCurrentIndex(0 if card is not None else 1)

    def show_full_screen(self) -> None:
        """See `FormTab`."""
        self.stage.show_full_screen()

    def release_devices(self) -> None:
        """End the decoder and close the audio device, before the window closes."""
        self.view.close_player()

    # Values
    # ----------------------------------------------------------------------

    def own_values(self) -> dict[str, Any]:
        """See `FormTab`."""
        card = self.card
        uses_negative = card is None or card.negative_prompt is not False
        takes_frame = card is None or takes_first_frame(card)
        return {
            "negative_prompt": self.negative_prompt.toPlainText() if uses_negative else "",
            "image": self.first_frame.path if takes_frame else "",
        }

    def set_own_values(self, values: dict[str, Any]) -> None:
        """See `FormTab`."""
        if "negative_prompt" in values:
            self.negative_prompt.replace_text(str(values["negative_prompt"] or ""))
        if "image" in values:
            self.first_frame.set_path(str(values["image"] or ""))
        if isinstance(count := values.get(COUNT), int):
            self.count.setValue(count)

    def _draft(self) -> dict[str, Any]:
        return {**super()._draft(), COUNT: self.count.value()}

    def defaults(self, card: ModelCard | None) -> dict[str, Any]:
        """See `FormTab`. WebP where no encoder for MP4 is installed."""
        written = {} if can_write("mp4") else {"format": "webp"}
        return {**super().defaults(card), **written}

    def find_problems(self, card: ModelCard, request: Request) -> list[Problem]:
        """Add why the first frame cannot be read."""
        unusable = self.first_frame.problem if self.own_values()["image"] else ""
        return [
            *super().find_problems(card, request),
            *([Problem("image", unusable)] if unusable else []),
        ]

    def on_card_changed(self, card: ModelCard | None) -> None:
        """Show what the model offers and what it is limited to."""
        self._show_side(card)
        self.about.setText(tr_marked(card.description) if card is not None else "")
        self.about.setVisible(bool(card and card.description))
        uses_negative = card is None or card.negative_prompt is not False
        for control in (self._negative_title, self.negative_prompt):
            control.setVisible(uses_negative)
        self.first_frame.setVisible(card is not None and takes_first_frame(card))
        if card is not None:
            self.duration.offer(card.frame_step, card.max_frames)
        self.ratio.setVisible(card is None or not card.fixed_sizes)
        self._show_size()

    def _show_size(self) -> None:
        values = self.form.values()
        width, height = int(values["width"]), int(values["height"])
        self.first_frame.fit_to(width, height)
        self.ratio.show_size(width, height)
        self.duration.show_frames(int(values["num_frames"]), int(values["frame_rate"]))

    def _swap_sides(self) -> None:
        values = self.form.values()
        self.form.set_values({"width": values["height"], "height": values["width"]})

    def _set_ratio(self, width: int, height: int) -> None:
        """Set the size to an aspect ratio, with about as many pixels as before."""
        multiple = self.card.size_multiple if self.card is not None else 16
        before = self.form.values()
        area = int(before["width"]) * int(before["height"])
        sides = [
            min(MAX_SIDE, max(1, round((area * ratio) ** 0.5 / multiple)) * multiple)
            for ratio in (width / height, height / width)
        ]
        self.form.set_values({"width": sides[0], "height": sides[1]})

    # Jobs
    # ----------------------------------------------------------------------

    def _submit(self, requests: list[Request]) -> list[Job]:
        """Add several videos of each request, with seeds that follow each other."""
        return super()._submit([copy for one in requests for copy in self._copies(one)])

    def _copies(self, request: Request) -> list[Request]:
        seeds = (
            None if request.seed is None else (request.seed + number) % (MAX_SEED + 1)
            for number in range(self.count.value())
        )
        return [msgspec.structs.replace(request, seed=seed) for seed in seeds]

    # The first frame
    # ----------------------------------------------------------------------

    def start_from(self, path: Path) -> None:
        """Begin the next video with this image, with a model that supports it."""
        if self._choose_able(takes_first_frame):
            self.first_frame.set_path(str(path.absolute()))
            self.prompt.setFocus()
        else:
            self.shared.post_toast(tr("No installed model can begin a video with an image"))

    def extend(self, path: Path, shown: ShownResult | None) -> None:
        """Begin the next video with the last frame of a video, in the same size."""
        if shown is not None:
            same = shown.form_values()
            names = {"width", "height", "frame_rate"}
            if not self._has_prompt():
                names.add("prompt")
            self.set_values({name: value for name, value in same.items() if name in names})
        self.form.reset(["seed"])
        self.start_from(path)

    def _choose_able(self, is_able: Callable[[ModelCard], bool]) -> bool:
        """Choose a model that is able to do this, if the chosen one is not; False without one."""
        if self.card is not None and is_able(self.card):
            return True
        able = next((card.name for card in self.shared.cards(self.kind) if is_able(card)), "")
        if able:
            self.choose_model(able)
        return bool(able)


def _count_box() -> QSpinBox:
    box = QSpinBox()
    box.setRange(1, MAX_COUNT)
    box.setFixedWidth(SPIN_WIDTH)
    box.lineEdit().setTextMargins(6, 0, 6, 0)
    box.installEventFilter(WheelGuard(box))
    name_control(box, tr("Videos"), tr("How many videos are generated, one after the other"))
    return box
