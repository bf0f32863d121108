"""A loaded text model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from studio.engine.runtime.placement import DEFAULT_PLAN
from studio.engine.text.thoughts import NO_MARKS, Marks
from studio.models.memory.load_plan import LoadPlan


@dataclass(frozen=True)
class TextPipeline:
    """A loaded language model."""

    model: Any
    tokenizer: Any
    device: str
    encoder_decoder: bool = False
    plan: LoadPlan = DEFAULT_PLAN
    marks: Marks = NO_MARKS
    """How its thoughts are marked."""
