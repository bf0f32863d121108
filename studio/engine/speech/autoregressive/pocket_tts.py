"""Pocket TTS (https://github.com/kyutai-labs/pocket-tts) and Phonon: continuous audio latents."""

from __future__ import annotations

from typing import Any

from studio.engine.runtime.placement import DEFAULT_PLAN
from studio.engine.speech.autoregressive.base import AutoregressiveSpeechModel
from studio.engine.speech.sentences import Piece, group_pieces, split_sentences
from studio.models.card import ModelCard
from studio.models.inspect.voices import sample_files
from studio.models.memory.load_plan import LoadPlan

GROUP = 200
"""Characters of a piece, as in the model's training."""
SHORT_WORDS, FRAMES_AFTER, FRAMES_AFTER_SHORT = 4, 2, 4
"""Frames after the end of speech, from `PocketTTSProcessor`."""
FADE_SECONDS = 0.005


class Pocket(AutoregressiveSpeechModel):
    """A loaded Pocket TTS or Phonon, its codec, and the voices in its folder `voices`."""

    def __init__(self, card: ModelCard, plan: LoadPlan = DEFAULT_PLAN) -> None:
        from transformers import AutoModelForTextToWaveform, PocketTTSAudioTokenizerModel

        super().__init__(card, plan)
        self._model = self.load(AutoModelForTextToWaveform)
        self._codec = self.load(PocketTTSAudioTokenizerModel, self.part("audio_tokenizer"))
        self._tokenizer = self.load_tokenizer()
        self.rate = int(self._codec.config.sampling_rate)

    def pieces(self, text: str) -> list[Piece]:
        """See `SpeechModel.pieces`."""
        return group_pieces(split_sentences(text), GROUP)

    def modules(self) -> tuple[Any, ...]:
        """See `AutoregressiveSpeechModel.modules`."""
        return (self._model, self._codec)

    def generate(self, text: str, voice: str, seed: int) -> Any:
        """See `AutoregressiveSpeechModel.generate`."""
        import torch

        sample = self._sample(voice)
        ids = self._prompt(text, 0 if sample is None else sample.shape[1])
        more: dict[str, Any] = {}
        if sample is not None:
            more = {
                "audio_prompt_latents": sample,
                "audio_prompt_latents_mask": torch.ones(sample.shape[:2], device=self.device),
            }
        after = FRAMES_AFTER_SHORT if len(text.split()) <= SHORT_WORDS else FRAMES_AFTER
        output = self._model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            frames_after_eos=torch.tensor([after]),
            return_dict_in_generate=True,
            **more,
        )
        wave = self._codec.decode(output.audio_latents.to(self._codec.dtype)).audio_values[0, 0]
        fade = torch.linspace(0, 1, max(1, int(FADE_SECONDS * self.rate)), device=wave.device)[
            : len(wave)
        ]
        wave[: len(fade)] *= fade  # a fresh decoder begins with a click
        return wave

    def _sample(self, voice: str) -> Any:
        """Return the latents of a voice, (1, frames, width); None if the seed draws the voice."""
        from safetensors.torch import load_file

        files = sample_files(self.card.folder)
        if not files:
            return None
        config = self._model.config
        width = vars(config).get("audio_prompt_dim") or config.latent_dim
        tensors = load_file(files.get(voice) or next(iter(files.values())))
        matching = [
            tensor
            for tensor in tensors.values()
            if tensor.ndim in (2, 3) and tensor.shape[-1] == width
        ]
        return matching[0].reshape(1, -1, width).float().to(self.device) if matching else None

    def _prompt(self, text: str, frames: int) -> Any:
        """Return the ids: the voice's frames, the text in its template, and the start of audio."""
        import torch

        config = self._model.config
        content = [{"type": "text", "text": text}]
        if self._tokenizer.chat_template:
            encoded = self._tokenizer.apply_chat_template(
                [{"role": "user", "content": content}], tokenize=True, return_dict=True
            )
            ids = list(encoded["input_ids"])
        else:
            ids = list(self._tokenizer(text, add_special_tokens=False).input_ids)
        first = vars(config).get("audio_prompt_bos_token_id")
        audio_ids = {config.audio_prompt_token_id, config.audio_bos_token_id, first}
        ids = [number for number in ids if number not in audio_ids]
        voice = ([] if first is None or not frames else [first]) + [
            config.audio_prompt_token_id
        ] * frames
        return torch.tensor([[*voice, *ids, config.audio_bos_token_id]], device=self.device)
