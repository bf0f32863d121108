"""The form that generates images."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QWidget

from studio.core.errors import Problem, StudioError
from studio.core.requests import ImageRequest, Request
from studio.core.requests.image import MAX_PIXELS, MAX_SIDE
from studio.core.translation import tr, tr_marked
from studio.models.capabilities import takes_image, takes_mask
from studio.models.card import ADAPTER, ModelCard
from studio.models.registry import base_among
from studio.preflight.prompt_syntax import words_of
from studio.preflight.prompt_translation import describe_prompt
from studio.ui.app_state import AppState
from studio.ui.image.foreign_settings import ForeignSettingsNotice
from studio.ui.image.image_view import ImageView
from studio.ui.image.source_image import SourceImagePanel
from studio.ui.stage.image import ImageStage
from studio.ui.tabs import adapter_picker
from studio.ui.tabs.adapter_picker import AdapterRows
from studio.ui.tabs.base import GenerateTab
from studio.ui.tabs.images.prompt_marks import PromptMarks
from studio.ui.tabs.images.style_picker import StylePicker
from studio.ui.tabs.layout import below_advice
from studio.ui.widgets.aspect_ratio import AspectRatio
from studio.ui.widgets.factory import label, text_editor

if TYPE_CHECKING:
    from studio.library.foreign.metadata import ForeignMetadata
    from studio.ui.image.canvas.files import CanvasFiles

MAX_ADVISED = 400
"""Characters of a prompt that get advice, which is computed at every key press."""

_UNSTATED: dict[str, Any] = {
    "negative_prompt": "",
    "style_preset": "",
    "seed": None,
    "scheduler": "",
    "image": "",
    "mask_image": "",
    "adapters": "",
    "control_image": "",
    "ip_adapter_image": "",
}
"""Values of the form for settings that another program's file does not have."""


class ImageGenerationTab(GenerateTab):
    """The form on the left, the preview and the images on the right."""

    kind = "image"
    stage: ImageStage
    own_fields = (
        "negative_prompt",
        "style_preset",
        "image",
        "strength",
        "mask_image",
        *adapter_picker.FIELDS,
    )

    def __init__(self, shared: AppState, parent: QWidget | None = None) -> None:
        self.negative_prompt = text_editor(
            tr("Negative prompt"), tr("What to keep out of the image."), 48
        )
        self.style_preset = StylePicker()
        self.about = label("", "muted", wrap=True)
        self.advice = label("", "muted", wrap=True)
        self.adapters = AdapterRows()
        self.source = SourceImagePanel()
        self.ratio = AspectRatio()
        self.foreign = ForeignSettingsNotice()
        self._is_canvas_connected = False
        self._generates_with_canvas = False
        """True while what was made on the canvas is saved for a job."""
        super().__init__(shared, parent)
        self.prompt.textChanged.connect(self._advise)
        self.negative_prompt.textChanged.connect(self._on_edited)
        self.style_preset.changed.connect(self._on_edited)
        self.source.changed.connect(self._on_edited)
        self.source.size_requested.connect(self._set_ratio)
        self.source.edit_requested.connect(self._open_canvas)
        self.ratio.ratio_requested.connect(self._set_ratio)
        self.ratio.swap_requested.connect(self._swap_sides)
        self.form.changed.connect(self._fit_source)
        self.adapters.changed.connect(self._on_edited)
        self.adapters.words_wanted.connect(self._add_words)

    def extra_widgets(self) -> list[QWidget]:
        """See `FormTab`."""
        self.marks = PromptMarks(self.prompt, self.shared.find_card)
        return [
            self.marks,
            self.style_preset,
            label(tr("Negative prompt"), "muted"),
            self.negative_prompt,
            self.foreign,
            self.source,
        ]

    def model_widgets(self) -> list[QWidget]:
        """See `FormTab`."""
        return [self.about, self.adapters, self.ratio]

    def find_problems(self, card: ModelCard, request: Request) -> list[Problem]:
        """See `FormTab`."""
        try:
            if card.base:
                base_among(self.shared.all_cards(), card)
        except StudioError as error:
            return [Problem("model", f"{error.message} {error.cure}")]
        files = self.source.problems(request) if isinstance(request, ImageRequest) else []
        problems = [*super().find_problems(card, request), *files]
        return sorted(
            problems, key=lambda problem: problem.field == "adapters"
        )  # shown where there is no other

    def _add_words(self, words: str) -> None:
        """Append trigger words to the prompt."""
        prompt = self.prompt.toPlainText().rstrip()
        self.prompt.replace_text(f"{prompt}, {words}" if prompt else words)

    def bottom_widget(self) -> QWidget:
        """See `FormTab`."""
        return below_advice(self.advice, super().bottom_widget())

    def create_stage(self) -> ImageStage:
        """See `GenerateTab`."""
        stage = ImageStage(self.shared)
        stage.start_requested.connect(self.start_from)
        stage.edit_requested.connect(self.paint_mask_on)
        return stage

    @property
    def view(self) -> ImageView:
        """The images."""
        return self.stage.view

    def show_full_screen(self) -> None:
        """See `FormTab`."""
        self.stage.show_full_screen()

    def own_values(self) -> dict[str, Any]:
        """See `FormTab`."""
        return {
            "negative_prompt": self.negative_prompt.toPlainText(),
            "style_preset": self.style_preset.value if not self.style_preset.isHidden() else "",
            **self.source.values(),
            **self.adapters.values(),
        }

    def set_own_values(self, values: dict[str, Any]) -> None:
        """See `FormTab`."""
        if "negative_prompt" in values:
            self.negative_prompt.replace_text(str(values["negative_prompt"]))
        if "style_preset" in values:
            self.style_preset.set_value(str(values["style_preset"]))
        self.source.set_values(values)
        self.adapters.set_values(values)

    def on_card_changed(self, card: ModelCard | None) -> None:
        """Show what the model offers and what it is limited to."""
        self.adapters.offer(self.shared.cards(ADAPTER), card)
        self.marks.show_for(card)
        self.style_preset.offer(card)
        self.about.setText(tr_marked(card.description) if card is not None else "")
        self.about.setVisible(bool(card and card.description))
        self.source.offer(card)
        self._fit_source()
        self.stage.start_button.setVisible(card is not None and takes_image(card))
        self._advise()

    def _advise(self) -> None:
        """Show how the prompt is translated, and words that the model doesn't know."""
        prompt = self.prompt.toPlainText()[:MAX_ADVISED]
        text = (
            describe_prompt(words_of(prompt, self.card), self.card)
            if self.card is not None and prompt.strip()
            else ""
        )
        self.advice.setText(text)
        self.advice.setVisible(bool(text))

    # Images of other programs
    # ----------------------------------------------------------------------

    def fill_from(self, path: Path, metadata: ForeignMetadata) -> None:
        """Fill the form with the settings of another program, and show what it left out."""
        from studio.library.foreign.take_over import take_over

        taken = take_over(metadata, self.shared.all_cards())
        if metadata.is_description or not taken.values:
            self.start_from(path)
            if metadata.is_description:
                use = functools.partial(self.prompt.replace_text, metadata.prompt)
                self.foreign.offer_description(path, metadata.prompt, use)
            else:
                self.foreign.show_notes(path, metadata.notes)
            return
        before = self._values_with_model()
        self.set_values(_UNSTATED | taken.values)
        self.foreign.show_taken(
            path,
            metadata,
            taken,
            on_start=functools.partial(self.start_from, path),
            on_undo=functools.partial(self.set_values, before),
        )

    # The image to start from
    # ----------------------------------------------------------------------

    def start_from(self, path: Path) -> None:
        """Start from this image, with a model that supports it."""
        if self._choose_able(takes_image):
            self.source.set_path(str(path.absolute()))
        else:
            self.shared.post_toast(tr("No installed model can start from an image"))

    def paint_mask_on(self, path: Path) -> None:
        """Start from this image, and open the canvas for it."""
        if self._choose_able(takes_mask) or self._choose_able(takes_image):
            self.source.set_path(str(path.absolute()))
            self.source.paint()
        else:
            self.shared.post_toast(tr("No installed model can start from an image"))

    def _open_canvas(self, image: str, mask: str) -> None:
        from studio.ui.image.canvas.page import CanvasOptions

        if not self._is_canvas_connected:
            self._connect_canvas()
        card = self.card
        options = CanvasOptions(
            takes_mask=card is not None and takes_mask(card),
            multiple=card.size_multiple if card is not None else 8,
            control=str(self.adapters.values().get("control_image", "")),
        )
        self.stage.canvas.open(image, mask, options)

    def _connect_canvas(self) -> None:
        """Connect the canvas, which is created when it is needed, with the form."""
        self._is_canvas_connected = True
        canvas, waiting = self.stage.canvas, tr("The mask is being saved.")
        # A job reads the mask from its file, so none may start before the file is saved.
        canvas.accepted.connect(lambda image: self.source.set_problem(image, waiting))
        canvas.closed.connect(lambda image: self.source.set_problem(image, ""))
        canvas.failed.connect(self._on_canvas_failed)
        canvas.saved.connect(self._on_canvas_saved)
        self.source.changed.connect(self._on_source_changed)

    def _on_canvas_saved(self, image: str, files: CanvasFiles) -> None:
        self.source.take_files(image, files)
        if files.size is not None:
            self._set_size(*files.size)
        if self._generates_with_canvas:
            self._generates_with_canvas = False
            super().generate()

    def _on_canvas_failed(self, image: str, problem: str) -> None:
        self._generates_with_canvas = False
        self.source.set_problem(image, problem)

    def generate(self) -> None:
        """See `FormTab`. What was made on an open canvas is used first."""
        canvas = self.stage.open_canvas
        if canvas is not None and canvas.page.is_changed:
            self._generates_with_canvas = True
            canvas.page.use()
            return
        if canvas is not None:
            canvas.close()
        super().generate()

    def _on_source_changed(self) -> None:
        """Close the canvas of an image that is not the form's any longer."""
        canvas = self.stage.open_canvas
        if canvas is not None and canvas.image != self.source.path:
            canvas.close()

    def _set_size(self, width: int, height: int) -> None:
        """Set the size, so that unmasked pixels stay the same, or its ratio if it is too large."""
        card = self.card
        sides = (width, height)
        least, most = card.side_limits(*sides) if card is not None else (1, MAX_SIDE)
        most = min(most or MAX_SIDE, MAX_SIDE)
        fits = all(least <= side <= most for side in sides) and width * height <= MAX_PIXELS
        multiple = card.size_multiple if card is not None else 8
        if fits and not width % multiple and not height % multiple:
            self.form.set_values({"width": width, "height": height})
        else:
            self._set_ratio(width, height)

    def _choose_able(self, is_able: Callable[[ModelCard], bool]) -> bool:
        """Choose a model that is able to do this, if the chosen one is not; False without one."""
        if self.card is not None and is_able(self.card):
            return True
        able = next((card.name for card in self.shared.cards(self.kind) if is_able(card)), "")
        if able:
            self.choose_model(able)
        return bool(able)

    def _fit_source(self) -> None:
        values = self.form.values()
        width, height = int(values["width"]), int(values["height"])
        self.source.fit_to(width, height)
        self.ratio.show_size(width, height)

    def _swap_sides(self) -> None:
        values = self.form.values()
        self.form.set_values({"width": values["height"], "height": values["width"]})

    def _set_ratio(self, width: int, height: int) -> None:
        """Set the size to an aspect ratio, with about as many pixels as before."""
        card, before = self.card, self.form.values()
        multiple = card.size_multiple if card is not None else 8
        area = int(before["width"]) * int(before["height"])
        sides = [
            max(1, round((area * ratio) ** 0.5 / multiple)) * multiple
            for ratio in (width / height, height / width)
        ]
        if card is not None and card.min_side:
            least, most = card.side_limits(int(before["width"]), int(before["height"]))
            sides = [max(least, min(most or side, side)) for side in sides]
        self.form.set_values({"width": sides[0], "height": sides[1]})
