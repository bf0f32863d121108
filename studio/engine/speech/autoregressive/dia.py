"""Dia (https://github.com/nari-labs/dia): dialogues of two speakers, as the codes of a DAC in nine
rows.
"""

from __future__ import annotations

import re
from typing import Any

from studio.engine.runtime.placement import DEFAULT_PLAN
from studio.engine.speech.autoregressive.base import AutoregressiveSpeechModel, max_steps
from studio.engine.speech.sentences import Piece, group_pieces, split_sentences
from studio.models.card import ModelCard
from studio.models.memory.load_plan import LoadPlan

GROUP = 200
"""Characters of a piece, some 15 seconds: it speaks 5 to 20 well, and has room for 35, those of the
first piece among them.
"""
DAC_FRAMES = 86.2
"""A second, of the real one."""
_SPEAKER = re.compile(r"\[S[12]\]")


class Dia(AutoregressiveSpeechModel):
    """A loaded Dia with its DAC. What it said first is told to it with every next piece, so that
    the voices stay.
    """

    marks = _SPEAKER

    def __init__(self, card: ModelCard, plan: LoadPlan = DEFAULT_PLAN) -> None:
        from transformers import (
            DacModel,
            DiaFeatureExtractor,
            DiaForConditionalGeneration,
            DiaProcessor,
        )

        super().__init__(card, plan)
        self._model = self.load(DiaForConditionalGeneration)
        codec = self.load(DacModel, self.part("audio_tokenizer"))
        self._codec = codec
        features = DiaFeatureExtractor.from_pretrained(card.folder, local_files_only=True)
        self._processor = DiaProcessor(features, self.load_tokenizer(), codec)
        self.rate = int(codec.config.sampling_rate)
        self._said: tuple[str, Any] | None = None

    def begin(self) -> None:
        """See `base.Speaker.begin`."""
        self._said = None

    def pieces(self, text: str) -> list[Piece]:
        """See `base.Speaker.pieces`. Each begins with whose turn it is."""
        speaker, named = "[S1]", []
        for piece in group_pieces(split_sentences(text), GROUP):
            words = piece.text if _SPEAKER.match(piece.text) else f"{speaker} {piece.text}"
            speaker = (_SPEAKER.findall(words) or [speaker])[-1]
            named.append(Piece(words, piece.pause))
        return named

    def continued(self, text: str, before: str) -> str:
        """See `base.Speaker.continued`."""
        speakers = _SPEAKER.findall(before)
        return (
            text
            if not speakers or _SPEAKER.match(text.lstrip())
            else f"{speakers[-1]} {text.lstrip()}"
        )

    def models(self) -> tuple[Any, ...]:
        """See `Talker.models`."""
        return (self._model, self._codec)

    def make(self, text: str, voice: str, seed: int) -> Any:
        """See `Talker.make`."""
        import torch

        more: dict[str, Any] = {}
        words = text
        if self._said is not None:
            before, sound = self._said
            words, more = f"{before} {text}", {"audio": sound, "sampling_rate": self.rate}
        inputs = self._processor(text=[words], return_tensors="pt", padding=False, **more).to(
            self.device
        )
        begin = (
            self._processor.get_audio_prompt_len(inputs["decoder_attention_mask"]) if more else None
        )
        positions = self._model.config.decoder_config.max_position_embeddings
        room = positions - inputs["decoder_input_ids"].shape[1]
        steps = max(1, min(room, max_steps(text, DAC_FRAMES)))
        made = self._model.generate(**inputs, max_new_tokens=steps, do_sample=True)
        codes = made.shape[1] - (begin or 1) - max(self._model.config.delay_pattern) - 1
        if codes < 1:  # it had nothing to say
            return torch.zeros(0)
        wave = self._processor.batch_decode(made, audio_prompt_len=begin)[0]
        if (
            self._said is None and wave.numel() and codes < positions // 2
        ):  # a longer one leaves no room for the next
            self._said = (text, wave.reshape(-1).float().cpu().numpy())
        return wave
