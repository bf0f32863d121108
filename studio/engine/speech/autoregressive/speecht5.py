"""SpeechT5 (https://arxiv.org/abs/2110.07205): letters to a mel spectrogram.

The seed draws the speaker's vector. The vocoder HiFi-GAN is a repository of its own: if it is in
the model's folder `vocoder`, it generates the waveform, else Griffin and Lim's algorithm, which
sounds a little hollow.
"""

from __future__ import annotations

from typing import Any

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.engine.runtime.placement import DEFAULT_PLAN
from studio.engine.speech.autoregressive.base import AutoregressiveSpeechModel
from studio.engine.speech.base import MAX_FOREIGN
from studio.engine.speech.sentences import Piece, split_sentences
from studio.models.card import ModelCard
from studio.models.memory.load_plan import LoadPlan

RATE = 16_000
WINDOW, HOP, LOWEST, HIGHEST = 1024, 256, 80.0, 7600.0
"""Of the spectrograms in its training: see `SpeechT5FeatureExtractor`."""
ROUNDS = 40


class SpeechT5(AutoregressiveSpeechModel):
    """A loaded SpeechT5."""

    def __init__(self, card: ModelCard, plan: LoadPlan = DEFAULT_PLAN) -> None:
        from transformers import SpeechT5ForTextToSpeech, SpeechT5HifiGan

        super().__init__(card, plan)
        # In float32 always: its decoder mixes its inputs with float32.
        self._model = self.load(SpeechT5ForTextToSpeech, card.folder)
        self._tokenizer = self.load_tokenizer()
        folder = card.folder / "vocoder"
        self._vocoder = self.load(SpeechT5HifiGan, folder) if folder.is_dir() else None
        self.rate = int(self._vocoder.config.sampling_rate) if self._vocoder is not None else RATE

    def check(self, text: str) -> None:
        """See `SpeechModel.check`."""
        letters = [letter for letter in text if letter.isalpha()]
        unknown = sum(
            self._tokenizer.convert_tokens_to_ids(letter) == self._tokenizer.unk_token_id
            for letter in letters
        )
        if letters and unknown / len(letters) > MAX_FOREIGN:
            raise StudioError(
                tr(
                    "{model} speaks English, and cannot read the letters of this text.",
                    model=self.card.title,
                ),
                cause="invalid",
                cure=tr(
                    "Choose a model of the text's language; English and Chinese are spoken by "
                    "Kokoro."
                ),
            )

    def pieces(self, text: str) -> list[Piece]:
        """See `SpeechModel.pieces`."""
        return split_sentences(text)

    def modules(self) -> tuple[Any, ...]:
        """See `AutoregressiveSpeechModel.modules`."""
        return (self._model.speecht5.encoder, self._model.speecht5.decoder.wrapped_decoder)

    def generate(self, text: str, voice: str, seed: int) -> Any:
        """See `AutoregressiveSpeechModel.generate`."""
        import torch

        ids = self._tokenizer(text, return_tensors="pt").input_ids.to(self.device)
        drawn = torch.randn(
            1,
            self._model.config.speaker_embedding_dim,
            generator=torch.Generator().manual_seed(seed),
        )
        mel = self._model.generate_speech(ids, drawn.to(self.device))
        return self._vocoder(mel) if self._vocoder is not None else griffin_lim(mel)


def griffin_lim(mel: Any) -> Any:
    """Return a waveform with this spectrogram (frames × bands, logarithms to base 10):
    https://doi.org/10.1109/TASSP.1984.1164317.
    """
    import torch
    from transformers.audio_utils import mel_filter_bank

    bank = mel_filter_bank(
        WINDOW // 2 + 1, mel.shape[-1], LOWEST, HIGHEST, RATE, norm="slaney", mel_scale="slaney"
    )
    bands = torch.from_numpy(bank).to(mel)  # frequencies × bands
    target = (torch.linalg.pinv(bands).T @ (10**mel).T).clamp(min=1e-8)
    window = torch.hann_window(WINDOW).to(mel)
    wave = torch.istft(target.to(torch.complex64), WINDOW, HOP, window=window)
    for _round in range(ROUNDS):
        spectrum = torch.stft(wave, WINDOW, HOP, window=window, return_complex=True)
        wave = torch.istft(
            target * spectrum / spectrum.abs().clamp(min=1e-8), WINDOW, HOP, window=window
        )
    return wave
