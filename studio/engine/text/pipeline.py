"""A language model that transformers loaded."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any

from studio.engine.runtime.placement import DEFAULT_PLAN
from studio.engine.text.constraints.vocabulary import Vocabulary, read_vocabulary
from studio.engine.text.prompt_cache import PromptCache
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
    """How the model marks its thoughts."""
    prompts: PromptCache[Any] = field(default_factory=PromptCache)
    """Keys and values of each layer."""

    @functools.cached_property
    def vocabulary(self) -> Vocabulary:
        """The tokens, as grammars need them."""
        size = int(self.model.config.get_text_config().vocab_size)
        return read_vocabulary(self.tokenizer, self.end_tokens, self.marks.tokens, size)

    @property
    def end_tokens(self) -> set[int]:
        """The token ids that end a text."""
        ends = self.model.generation_config.eos_token_id
        return set(ends if isinstance(ends, list) else [] if ends is None else [ends])
