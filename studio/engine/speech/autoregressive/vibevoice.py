"""VibeVoice (https://arxiv.org/abs/2508.19205): a language model with a diffusion head."""

from __future__ import annotations

import re
from typing import Any

from studio.engine.runtime.placement import DEFAULT_PLAN
from studio.engine.speech.autoregressive.base import AutoregressiveSpeechModel, max_steps
from studio.engine.speech.sentences import Piece, group_pieces, split_sentences
from studio.models.card import ModelCard
from studio.models.memory.load_plan import LoadPlan

RATE = 24_000
GROUP = 4_000
"""Characters of a piece, about five minutes: the voices stay within one, and change after it."""
STEPS_A_SECOND = 7.5
TASK = (  # not translated: text for the model
    " Transform the text provided by various speakers into speech output, utilizing the distinct "
    "voice of each respective "
    "speaker.\n"
)
"""The instruction of the model's training."""
_TURN = re.compile(r"(?:^|\s)(?:Speaker\s+(\d)\s*:|\[(\d)\]:?)\s*", re.IGNORECASE)


class VibeVoice(AutoregressiveSpeechModel):
    """A loaded VibeVoice."""

    marks = _TURN

    def __init__(self, card: ModelCard, plan: LoadPlan = DEFAULT_PLAN) -> None:
        from transformers import VibeVoiceForConditionalGeneration

        super().__init__(card, plan)
        self._model = self.load(VibeVoiceForConditionalGeneration)
        self._tokenizer = self.load_tokenizer()
        self.rate = card.sampling_rate or RATE

    def pieces(self, text: str) -> list[Piece]:
        """See `SpeechModel.pieces`."""
        return group_pieces(split_sentences(text), GROUP)

    def continue_text(self, text: str, before: str) -> str:
        """See `SpeechModel.continue_text`."""
        who = [match[1] or match[2] for match in _TURN.finditer(before)]
        return (
            text if not who or _TURN.match(text.lstrip()) else f"Speaker {who[-1]}: {text.lstrip()}"
        )

    def modules(self) -> tuple[Any, ...]:
        """See `AutoregressiveSpeechModel.modules`."""
        return (self._model,)

    def generate(self, text: str, voice: str, seed: int) -> Any:
        """See `AutoregressiveSpeechModel.generate`."""
        import torch

        lines = "".join(f" Speaker {who}: {words}\n" for who, words in turns(text))
        script = f"{TASK} Text input:\n{lines} Speech output:\n"
        ids = self._tokenizer(script, add_special_tokens=False, return_tensors="pt").input_ids
        ids = torch.cat([ids, torch.tensor([[self._model.config.audio_bos_token_id]])], dim=1).to(
            self.device
        )
        (wave,) = self._model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=max_steps(text, STEPS_A_SECOND),
            return_dict_in_generate=False,
        )
        return torch.zeros(0) if wave is None else wave


def turns(text: str) -> list[tuple[int, str]]:
    """Split "Speaker 1: Hello. Speaker 2: Hi!" into (speaker, words); without names, speaker 0."""
    begin, speaker, lines = 0, 0, []
    for match in _TURN.finditer(text):
        lines.append((speaker, text[begin : match.start()].strip()))
        begin, speaker = match.end(), int(match[1] or match[2])
    lines.append((speaker, text[begin:].strip()))
    return [(speaker, words) for speaker, words in lines if words]
