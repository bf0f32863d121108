"""Dia (https://github.com/nari-labs/dia): dialogues of two speakers, as codes of a DAC."""

from __future__ import annotations

import re
from typing import Any

from studio.engine.runtime.placement import DEFAULT_PLAN
from studio.engine.speech.autoregressive.base import AutoregressiveSpeechModel, max_steps
from studio.engine.speech.sentences import Piece, group_pieces, split_sentences
from studio.models.card import ModelCard
from studio.models.memory.load_plan import LoadPlan

GROUP = 200
"""Characters of a piece, about 15 s: the model speaks 5 to 20 s well, 35 s with the first piece."""
DAC_FRAMES = 86.2
"""Codes per second of the original model."""
_SPEAKER = re.compile(r"\[S[12]\]")


class Dia(AutoregressiveSpeechModel):
    """A loaded Dia with its DAC. The first piece is the prompt of the next, so the voices stay."""

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
        self._first_piece: tuple[str, Any] | None = None

    def reset(self) -> None:
        """See `SpeechModel.reset`."""
        self._first_piece = None

    def pieces(self, text: str) -> list[Piece]:
        """See `SpeechModel.pieces`. Each begins with its speaker."""
        speaker, named = "[S1]", []
        for piece in group_pieces(split_sentences(text), GROUP):
            words = piece.text if _SPEAKER.match(piece.text) else f"{speaker} {piece.text}"
            speaker = (_SPEAKER.findall(words) or [speaker])[-1]
            named.append(Piece(words, piece.pause))
        return named

    def continue_text(self, text: str, before: str) -> str:
        """See `SpeechModel.continue_text`."""
        speakers = _SPEAKER.findall(before)
        return (
            text
            if not speakers or _SPEAKER.match(text.lstrip())
            else f"{speakers[-1]} {text.lstrip()}"
        )

    def modules(self) -> tuple[Any, ...]:
        """See `AutoregressiveSpeechModel.modules`."""
        return (self._model, self._codec)

    def generate(self, text: str, voice: str, seed: int) -> Any:
        """See `AutoregressiveSpeechModel.generate`."""
        import torch

        more: dict[str, Any] = {}
        words = text
        if self._first_piece is not None:
            before, audio = self._first_piece
            words, more = f"{before} {text}", {"audio": audio, "sampling_rate": self.rate}
        inputs = self._processor(text=[words], return_tensors="pt", padding=False, **more).to(
            self.device
        )
        begin = (
            self._processor.get_audio_prompt_len(inputs["decoder_attention_mask"]) if more else None
        )
        positions = self._model.config.decoder_config.max_position_embeddings
        room = positions - inputs["decoder_input_ids"].shape[1]
        steps = max(1, min(room, max_steps(text, DAC_FRAMES)))
        output = self._model.generate(**inputs, max_new_tokens=steps, do_sample=True)
        codes = output.shape[1] - (begin or 1) - max(self._model.config.delay_pattern) - 1
        if codes < 1:  # nothing was spoken
            return torch.zeros(0)
        wave = self._processor.batch_decode(output, audio_prompt_len=begin)[0]
        if (
            self._first_piece is None and wave.numel() and codes < positions // 2
        ):  # a longer one leaves no room for the next
            self._first_piece = (text, wave.reshape(-1).float().cpu().numpy())
        return wave
