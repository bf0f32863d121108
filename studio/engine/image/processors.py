"""Processors for pipelines whose published one needs torchvision, which Studio doesn't install."""

from __future__ import annotations

import re
from typing import Any

from studio.models.card import ModelCard
from studio.models.families import find_family

IMAGE_TOKEN = "<|image_pad|>"
"""Stands for an image in Qwen's text, once for each patch of it."""


def skipped_components(card: ModelCard) -> dict[str, None]:
    """Return arguments that make `from_pretrained` skip the component to replace."""
    component = _replaced_component(card)
    return {component: None} if component else {}


def attach_processor(pipe: Any, card: ModelCard) -> None:
    """Give the pipeline a replacement for the component that was skipped, if any was."""
    component = _replaced_component(card)
    if component == "tokenizer":  # FLUX.2 passes only text to its processor
        from transformers import AutoTokenizer

        folder = str(card.folder / component)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        pipe.register_modules(tokenizer=tokenizer)
    elif component == "processor":
        from transformers.models.qwen2_vl import Qwen2VLImageProcessorPil

        image_processor = Qwen2VLImageProcessorPil.from_pretrained(
            str(card.folder / component), local_files_only=True
        )
        pipe.processor = Qwen2VLProcessor(pipe.tokenizer, image_processor)


def _replaced_component(card: ModelCard) -> str:
    family = find_family(card.family)
    return family.replaced_component if family is not None else ""


class Qwen2VLProcessor:
    """Qwen2-VL's processor for text and images, without video."""

    def __init__(self, tokenizer: Any, image_processor: Any) -> None:
        self._tokenizer = tokenizer
        self._image_processor = image_processor

    def __call__(self, *, text: list[str], images: Any, padding: bool, return_tensors: str) -> Any:
        """Return tokens and pixel values; each image's token is repeated once for each patch."""
        from transformers import BatchFeature

        image_inputs = self._image_processor(images=images, return_tensors=return_tensors)
        patch_counts = iter(
            (
                image_inputs["image_grid_thw"].prod(-1) // self._image_processor.merge_size**2
            ).tolist()
        )
        expanded = [
            re.sub(re.escape(IMAGE_TOKEN), lambda _match: IMAGE_TOKEN * next(patch_counts), each)
            for each in text
        ]
        text_inputs = self._tokenizer(expanded, padding=padding, return_tensors=return_tensors)
        return BatchFeature({**text_inputs, **image_inputs})
