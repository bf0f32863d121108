"""Whisper as transformers loads it: detects the language of a window, and writes its words."""

from __future__ import annotations

import inspect
import zlib
from collections.abc import Callable
from typing import Any

import msgspec

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.engine.runtime.placement import DEFAULT_PLAN, device_of, dtype_of
from studio.engine.transcription.tokens import SpecialTokens, apply_rules
from studio.media.speech_samples import RATE, Samples
from studio.models.card import ModelCard
from studio.models.memory.load_plan import LoadPlan

TEMPERATURES = (0.0, 0.4, 0.8)
"""Of the attempts at a window, until its words pass the checks."""
MAX_COMPRESSION = 2.4
"""Text that zlib makes smaller than this is a repetition of the same words."""
MIN_LOG_PROBABILITY = -1.0
"""Mean of the tokens; below it the words are guessed."""
NO_SPEECH = ((0.6, -0.5), (0.3, MIN_LOG_PROBABILITY))
"""Words are made up if the probability that nobody speaks is above the first number, and their mean
log-probability below the second. `docs/audio.md` has the measurements.
"""
_SIMPLIFIED = "以下是普通话的句子。"
"""Before Chinese: without it, the model mixes simplified and traditional characters."""


class Attempt(msgspec.Struct, frozen=True):
    """The words of one window."""

    tokens: tuple[int, ...]
    text: str
    log_probability: float
    """Mean of the tokens."""
    no_speech: float
    """Probability that nobody speaks."""

    @property
    def repeats(self) -> bool:
        """True if the words are the same ones again and again."""
        return compression(self.text) > MAX_COMPRESSION

    @property
    def is_guessed(self) -> bool:
        """True if the model was unsure about its words."""
        return self.log_probability < MIN_LOG_PROBABILITY

    @property
    def is_no_speech(self) -> bool:
        """True if the words are made up where nobody speaks."""
        return any(
            self.no_speech > silent and self.log_probability < sure for silent, sure in NO_SPEECH
        )


def compression(text: str) -> float:
    """Return how many times smaller zlib makes a text."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0


class Recognizer:
    """A loaded Whisper."""

    def __init__(self, card: ModelCard, plan: LoadPlan = DEFAULT_PLAN) -> None:
        from transformers import AutoModelForSpeechSeq2Seq, AutoTokenizer, WhisperFeatureExtractor

        local: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        self._device, dtype = device_of(plan), dtype_of(plan)
        model = AutoModelForSpeechSeq2Seq.from_pretrained(
            card.folder, dtype=dtype, use_safetensors=True, **local
        )
        self.model = model.to(self._device).eval()
        self._tokenizer = AutoTokenizer.from_pretrained(card.folder, **local)
        self._extractor = WhisperFeatureExtractor.from_pretrained(card.folder, **local)
        self.special = special_tokens(model, card.title)
        # Named `cache` since transformers 5.24, `past_key_values` before.
        parameters = inspect.signature(type(model).forward).parameters
        self._cache_name = "cache" if "cache" in parameters else "past_key_values"

    def encode(self, samples: Samples) -> Any:
        """Return the encoder's output for one window of at most 30 s at `RATE`."""
        features = self._extractor(samples, sampling_rate=RATE, return_tensors="pt")
        values = features.input_features.to(self._device, self.model.dtype)
        return self.model.get_encoder()(values, return_dict=True)

    def detect_language(self, encoded: Any) -> str:
        """Return the code of the language that is spoken; `en` for a model without others."""
        if not self.special.languages:
            return "en"
        logits = self._step([self.special.start], encoded, None).logits[0, -1]
        codes, numbers = zip(*self.special.languages.items(), strict=True)
        return str(codes[int(logits[list(numbers)].argmax())])

    def write(self, encoded: Any, language: str, seed: int, check: Callable[[], None]) -> Attempt:
        """Return the best attempt at a window's words. `check` raises when the job is cancelled."""
        attempts: list[Attempt] = []
        for temperature in TEMPERATURES:
            attempt = self._attempt(encoded, language, temperature, seed, check)
            attempts.append(attempt)
            if attempt.is_no_speech or not (attempt.repeats or attempt.is_guessed):
                return attempt
        return max(attempts, key=lambda one: (not one.repeats, one.log_probability))

    def text_of(self, tokens: tuple[int, ...]) -> str:
        """Return the text of tokens."""
        return str(self._tokenizer.decode(list(tokens), skip_special_tokens=True)).strip()

    def _attempt(
        self,
        encoded: Any,
        language: str,
        temperature: float,
        seed: int,
        check: Callable[[], None],
    ) -> Attempt:
        import torch
        from transformers import DynamicCache, EncoderDecoderCache

        special, prompt = self.special, self._prompt(language)
        generator = torch.Generator().manual_seed(seed)
        written: list[int] = []
        total, no_speech, ids = 0.0, 0.0, prompt
        cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
        for _number in range(self.model.config.max_target_positions - len(prompt)):
            check()
            output = self._step(ids, encoded, cache)
            if not written:
                first = output.logits[0, prompt.index(special.start)].float().softmax(-1)
                no_speech = float(first[special.no_speech])
            logits = output.logits[0, -1].float().cpu()
            apply_rules(logits, written, special)
            token = _choose(logits, temperature, generator)
            total += float(logits.log_softmax(-1)[token])
            written.append(token)
            if token == special.end:
                break
            ids = [token]
        text = self.text_of(tuple(one for one in written if one < special.end))
        return Attempt(tuple(written), text, total / len(written), no_speech)

    def _prompt(self, language: str) -> list[int]:
        special = self.special
        if special.transcribe is None:
            return [special.start]
        ids = [special.start, special.languages[language], special.transcribe]
        before = self._tokenizer.convert_tokens_to_ids("<|startofprev|>")
        if language == "zh" and isinstance(before, int) and before > special.end:
            sample = self._tokenizer.encode(_SIMPLIFIED, add_special_tokens=False)
            ids = [before, *sample, *ids]
        return ids

    def _step(self, ids: list[int], encoded: Any, cache: Any) -> Any:
        import torch

        return self.model(
            encoder_outputs=encoded,
            decoder_input_ids=torch.tensor([ids], device=self._device),
            use_cache=cache is not None,
            **({} if cache is None else {self._cache_name: cache}),
        )


def _choose(logits: Any, temperature: float, generator: Any) -> int:
    import torch

    if not temperature:
        return int(logits.argmax())
    chosen = torch.multinomial((logits / temperature).softmax(-1), 1, generator=generator)
    return int(chosen[0])


def special_tokens(model: Any, title: str) -> SpecialTokens:
    """Return the numbers of a loaded model's special tokens. Raises StudioError without them."""
    settings = model.generation_config.to_dict()
    languages = {
        name.strip("<|>"): number for name, number in (settings.get("lang_to_id") or {}).items()
    }
    tasks = settings.get("task_to_id") or {}
    end = settings.get("eos_token_id")
    try:
        return SpecialTokens(
            start=settings["decoder_start_token_id"],
            end=end[0] if isinstance(end, list) else end,
            transcribe=tasks["transcribe"] if languages else None,
            no_timestamps=settings["no_timestamps_token_id"],
            languages=languages,
            suppressed=tuple(settings.get("suppress_tokens") or ()),
            suppressed_first=tuple(settings.get("begin_suppress_tokens") or ()),
            latest_first=settings.get("max_initial_timestamp_index") or 50,
        )
    except KeyError as error:
        raise StudioError(
            tr(
                "{title} does not name its tokens for times ({name}).",
                title=title,
                name=str(error.args[0]),
            ),
            cause="model",
            cure=tr("Get the model again, with its generation_config.json."),
        ) from error
