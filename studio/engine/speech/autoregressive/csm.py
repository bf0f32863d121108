"""CSM (https://github.com/SesameAILabs/csm): two language models generate the codes of Mimi."""

from __future__ import annotations

from typing import Any

from studio.engine.runtime.placement import DEFAULT_PLAN
from studio.engine.speech.autoregressive.base import AutoregressiveSpeechModel, max_steps
from studio.engine.speech.sentences import Piece, group_pieces, split_sentences
from studio.models.card import ModelCard
from studio.models.memory.load_plan import LoadPlan

GROUP = 160
"""Characters of a piece: the model speaks a few words alone badly."""


class Csm(AutoregressiveSpeechModel):
    """A loaded CSM. The first piece is the prompt of every next one, so that the voice stays."""

    def __init__(self, card: ModelCard, plan: LoadPlan = DEFAULT_PLAN) -> None:
        from transformers import CsmForConditionalGeneration

        super().__init__(card, plan)
        self._model = self.load(CsmForConditionalGeneration)
        self._tokenizer = self.load_tokenizer()
        codec = self._model.config.codec_config
        self.rate = int(codec.sampling_rate)
        self._frame_rate = float(codec.frame_rate)
        self._first_piece: tuple[Any, Any] | None = None

    def reset(self) -> None:
        """See `SpeechModel.reset`."""
        self._first_piece = None

    def pieces(self, text: str) -> list[Piece]:
        """See `SpeechModel.pieces`."""
        return group_pieces(split_sentences(text), GROUP)

    def modules(self) -> tuple[Any, ...]:
        """See `AutoregressiveSpeechModel.modules`."""
        return (self._model,)

    def generate(self, text: str, voice: str, seed: int) -> Any:
        """See `AutoregressiveSpeechModel.generate`."""
        import torch

        text_ids = self._tokenizer(f"[{voice or 0}]{text}", return_tensors="pt").input_ids.to(
            self.device
        )
        ids, more = text_ids, {}
        if self._first_piece is not None:
            before, wave = self._first_piece
            config = self._model.config
            frames = self._model.codec_model.encode(wave[None, None]).audio_codes.shape[-1]
            audio_ids = torch.tensor(
                [[config.audio_token_id] * frames + [config.audio_eos_token_id]], device=self.device
            )
            ids = torch.cat([before, audio_ids, text_ids], dim=1)
            more = {
                "input_values": wave[None, None],
                "input_values_cutoffs": torch.tensor([[len(wave)]], device=self.device),
            }
        room = self._model.config.max_position_embeddings - ids.shape[1]
        (wave,) = self._model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=max(1, min(room, max_steps(text, self._frame_rate))),
            do_sample=True,
            depth_decoder_do_sample=True,
            output_audio=True,
            **more,
        )
        frames = len(wave) / self.rate * self._frame_rate
        if (
            self._first_piece is None
            and 0 < frames < self._model.config.max_position_embeddings // 2
        ):  # else no room is left
            self._first_piece = (text_ids, wave)
        return wave
