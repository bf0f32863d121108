"""Bark (https://github.com/suno-ai/bark): text → semantic → coarse → fine codes → Encodec."""

from __future__ import annotations

import re
from typing import Any

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.engine.runtime.placement import DEFAULT_PLAN
from studio.engine.speech.autoregressive.base import AutoregressiveSpeechModel
from studio.engine.speech.sentences import Piece, split_sentences
from studio.models.card import ModelCard
from studio.models.inspect.voices import BARK_PARTS, bark_files
from studio.models.memory.load_plan import LoadPlan

LONGEST = 150
"""Characters of a piece: the model generates 13 seconds at most."""
MAX_WORDS = 256


class Bark(AutoregressiveSpeechModel):
    """A loaded Bark."""

    marks = re.compile(
        r"\[(?:laughter|laughs|sighs|music|gasps|clears throat)\]|[♪♫]|(?:MAN|WOMAN):",
        re.IGNORECASE,
    )

    def __init__(self, card: ModelCard, plan: LoadPlan = DEFAULT_PLAN) -> None:
        from transformers import BarkModel

        super().__init__(card, plan)
        self._model = self.load(BarkModel)
        self._tokenizer = self.load_tokenizer()
        known = self._model.generation_config
        self.rate = int(
            vars(known).get("sample_rate") or self._model.config.codec_config.sampling_rate
        )
        self._drawn: dict[str, Any] | None = None

    def reset(self) -> None:
        """See `SpeechModel.reset`."""
        self._drawn = None

    def pieces(self, text: str) -> list[Piece]:
        """See `SpeechModel.pieces`."""
        return split_sentences(text, LONGEST)

    def modules(self) -> tuple[Any, ...]:
        """See `AutoregressiveSpeechModel.modules`."""
        return (self._model,)

    def generate(self, text: str, voice: str, seed: int) -> Any:
        """See `AutoregressiveSpeechModel.generate`.

        Does what `BarkModel.generate` does, which does not return the codes for the next piece.
        """
        from transformers.models.bark.generation_configuration_bark import (
            BarkCoarseGenerationConfig,
            BarkFineGenerationConfig,
            BarkSemanticGenerationConfig,
        )

        model, known = self._model, self._model.generation_config
        history = self._preset(voice) if voice else self._drawn
        more: dict[str, Any] = {
            "history_prompt": history,
            "semantic_generation_config": BarkSemanticGenerationConfig(**known.semantic_config),
        }
        encoded = self._tokenizer(
            text,
            padding="max_length",
            max_length=MAX_WORDS,
            truncation=True,
            add_special_tokens=False,
            return_token_type_ids=False,
            return_tensors="pt",
        ).to(self.device)
        semantic = model.semantic.generate(
            encoded["input_ids"], attention_mask=encoded["attention_mask"], **more
        )
        prompt = semantic[0][
            semantic[0] != more["semantic_generation_config"].semantic_pad_token
        ].clone()
        more |= {
            "coarse_generation_config": BarkCoarseGenerationConfig(**known.coarse_acoustics_config),
            "codebook_size": known.codebook_size,
        }
        coarse = model.coarse_acoustics.generate(semantic, **more)
        more["fine_generation_config"] = BarkFineGenerationConfig(**known.fine_acoustics_config)
        fine = model.fine_acoustics.generate(coarse, **more)
        if history is None and fine.shape[-1] and len(prompt):
            self._drawn = {
                "semantic_prompt": prompt,
                "coarse_prompt": fine[0, :2].clone(),
                "fine_prompt": fine[0].clone(),
            }
        return model.codec_decode(fine)

    def _preset(self, voice: str) -> dict[str, Any]:
        import numpy as np
        import torch

        known = self._model.generation_config
        limits = {"semantic_prompt": self._model.config.semantic_config.output_vocab_size}
        preset = {}
        for name, file in bark_files(self.card.folder).get(voice, {}).items():
            try:
                codes = np.load(file, allow_pickle=False)
            except (OSError, ValueError):  # ValueError for a pickle, too
                codes = np.zeros(0)
            limit = limits.get(name, known.codebook_size)
            valid = codes.ndim == BARK_PARTS[name] and codes.dtype.kind in "iu" and codes.size > 0
            if not valid or codes.min() < 0 or codes.max() >= limit:
                raise StudioError(
                    tr(
                        "The voice {voice} of {model} is damaged.",
                        voice=voice,
                        model=self.card.title,
                    ),
                    cause="model",
                    cure=tr("Choose another voice."),
                )
            preset[name] = torch.from_numpy(codes.astype(np.int64)).to(self.device)
        if not preset:
            raise StudioError(
                tr("The voice {voice} of {model} is missing.", voice=voice, model=self.card.title),
                cause="model",
                cure=tr("Choose another voice."),
            )
        return preset
