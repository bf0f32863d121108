"""What reads words for pipelines whose published processor wants torchvision, which they do not
need and Studio does not have.
"""

from __future__ import annotations

import re
from typing import Any

from studio.models.card import ModelCard

PICTURE_WORD = "<|image_pad|>"
"""Stands in Qwen's text where the picture is seen, once for each piece of it."""
_INSTEAD = {
    "Flux2Pipeline": "tokenizer",
    "QwenImageEditPipeline": "processor",
    "QwenImageEditPlusPipeline": "processor",
}
"""Family → the part that is not loaded as it was published."""


def left_out(card: ModelCard) -> dict[str, Any]:
    """Return what `from_pretrained` is told, so that the part is not loaded."""
    return {_INSTEAD[card.family]: None} if card.family in _INSTEAD else {}


def add(pipe: Any, card: ModelCard) -> None:
    """Give the pipeline the part that was left out."""
    part = _INSTEAD.get(card.family)
    if part == "tokenizer":  # FLUX.2 shows its processor words alone
        from transformers import AutoTokenizer

        pipe.register_modules(
            tokenizer=AutoTokenizer.from_pretrained(str(card.folder / part), local_files_only=True)
        )
    elif part == "processor":
        from transformers.models.qwen2_vl import Qwen2VLImageProcessorPil

        pictures = Qwen2VLImageProcessorPil.from_pretrained(
            str(card.folder / part), local_files_only=True
        )
        pipe.processor = Qwen2VLProcessor(pipe.tokenizer, pictures)


class Qwen2VLProcessor:
    """Qwen2-VL's processor of words and pictures, without films."""

    def __init__(self, tokenizer: Any, image_processor: Any) -> None:
        self._tokenizer = tokenizer
        self._image_processor = image_processor

    def __call__(self, *, text: list[str], images: Any, padding: bool, return_tensors: str) -> Any:
        """Return the numbers of both; each picture's word is repeated as often as it has pieces."""
        from transformers import BatchFeature

        pictures = self._image_processor(images=images, return_tensors=return_tensors)
        pieces = iter(
            (pictures["image_grid_thw"].prod(-1) // self._image_processor.merge_size**2).tolist()
        )
        told = [
            re.sub(re.escape(PICTURE_WORD), lambda _word: PICTURE_WORD * next(pieces), each)
            for each in text
        ]
        words = self._tokenizer(told, padding=padding, return_tensors=return_tensors)
        return BatchFeature({**words, **pictures})
