"""What a written document carries with its text: title, author, model, recipe, AI label."""

from __future__ import annotations

from typing import Literal

import msgspec

from studio.core.translation import tr

AiUse = Literal["", "generated", "assisted"]
_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_TERMS = {
    "generated": "trainedAlgorithmicMedia",
    "assisted": "compositeWithTrainedAlgorithmicMedia",
}
IPTC_NAMESPACE = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"


class DocumentMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """Each field is optional; an empty one is not written."""

    title: str = ""
    author: str = ""
    language: str = ""
    """Such as `en` or `zh-CN`."""
    date: str = ""
    """ISO 8601, as `2026-11-30`."""
    model: str = ""
    """The model that wrote the text or parts of it."""
    recipe: str = ""
    """JSON; leave it out if the setting `recipe_in_files` is off."""
    ai_label: AiUse = ""
    """Labels the text: a model generated it, or a person and a model wrote it together."""

    @property
    def label_text(self) -> str:
        """The label's sentence for readers; empty without a label."""
        if not self.ai_label:
            return ""
        if self.ai_label == "generated":
            if self.model:
                return tr("An AI model generated this text: {model}.", model=self.model)
            return tr("An AI model generated this text.")
        if self.model:
            return tr(
                "This text was written with the help of an AI model: {model}.", model=self.model
            )
        return tr("This text was written with the help of an AI model.")

    @property
    def source_type(self) -> str:
        """The address of the label's term in IPTC's list of digital source types, or empty."""
        return _SOURCE_TYPE + _TERMS[self.ai_label] if self.ai_label else ""

    def extra_fields(self) -> tuple[tuple[str, str], ...]:
        """Return the fields without a place of their own in office formats, that have a value."""
        fields = (
            ("Model", self.model),
            ("DigitalSourceType", self.source_type),
            ("Recipe", self.recipe),
        )
        return tuple((name, value) for name, value in fields if value)
