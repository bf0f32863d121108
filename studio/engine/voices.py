"""The voices that run on onnxruntime: Hibari (English, comes with Studio) and Kokoro (English and Chinese)."""

from __future__ import annotations

import functools
import json
import re
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from studio.core.environment import thread_count
from studio.core.errors import StudioError
from studio.core.paths import resources
from studio.engine import phonemes
from studio.engine.interrupt import run_session
from studio.engine.onnx import import_onnxruntime
from studio.engine.protocol import Cancelled
from studio.engine.sentences import Piece, split
from studio.models.card import ModelCard

RATE = 24_000
MAX_PHONEMES = 500
"""Kokoro takes 510 with its two ends; longer pieces are cut at a space."""
MAX_FOREIGN = 0.1
"""Below this share of the letters, words in another script (a name, a symbol) are passed over; above, the text is refused."""


class Speaker(Protocol):
    """Says one piece of text after the other."""

    rate: int
    languages: tuple[str, ...] = ()
    """What it speaks, where its card names nothing."""
    marks: re.Pattern[str] | None = None
    """What it reads itself in a text, and what no rule may change: [S1], [laughter]."""

    def begin(self) -> None:
        """Another text begins: what was kept of the one before, such as its voice, is forgotten."""
        return

    def pieces(self, text: str) -> list[Piece]:
        """Return the text in the pieces that `say` takes."""
        return split(text)

    def continued(self, text: str, before: str) -> str:
        """Return what follows a pause in a text, with the name of the speaker where the model reads names."""
        return text

    def check(self, text: str) -> None:
        """Raise StudioError, with what to do, where this model cannot read the text's letters."""

    def say(self, text: str, voice: str, speed: float, seed: int, cancelled: Cancelled) -> NDArray[np.float32]:
        """Return the samples (frames) of the text; empty where there is nothing to say.

        Raises JobCancelledError soon after `cancelled()` became true.
        """


class Hibari(Speaker):
    """The package hibari-tts with the one voice that it carries; its others would be fetched from the network."""

    rate = RATE
    languages = ("en",)

    def __init__(self) -> None:
        import_onnxruntime()
        from hibari import Hibari as Synthesizer

        self._synthesizer = Synthesizer(voice="heart", threads=thread_count())

    def check(self, text: str) -> None:
        """See `Speaker.check`. What it cannot speak is known by its language."""

    def say(self, text: str, voice: str, speed: float, seed: int, cancelled: Cancelled) -> NDArray[np.float32]:
        """See `Speaker.say`. It takes a hundredth of the time that the sound lasts, so that `cancelled` is not asked."""
        return np.asarray(self._synthesizer(text, speed=speed, seed=seed), np.float32)


class Kokoro(Speaker):
    """Kokoro-82M (https://huggingface.co/hexgrad/Kokoro-82M): phoneme ids, a style row by their number, a speed."""

    rate = RATE
    languages = ("en", "zh")

    def __init__(self, card: ModelCard) -> None:
        onnxruntime = import_onnxruntime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = thread_count()
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        files = sorted(card.folder.glob("*.onnx"))
        if not files:
            raise StudioError(
                f"{card.title} has lost its file in {card.path}.", cause="model", cure="Remove it and install it again."
            )
        self._session = onnxruntime.InferenceSession(str(files[0]), options, providers=["CPUExecutionProvider"])
        self._vocabulary: dict[str, int] = json.loads((resources() / "voices/kokoro/vocab.json").read_text(encoding="utf-8"))

    def check(self, text: str) -> None:
        """See `Speaker.check`. What it cannot speak is known by its language."""

    def say(self, text: str, voice: str, speed: float, seed: int, cancelled: Cancelled) -> NDArray[np.float32]:
        """See `Speaker.say`. `voice` is the name of a file in `resources/voices/kokoro`; it draws no random numbers."""
        read = phonemes.chinese if phonemes.is_chinese(text) else phonemes.english
        spoken = read(text, british=voice.startswith("b"))
        parts = [self._run(part, voice, speed, cancelled) for part in _cut(spoken)]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def _run(self, spoken: str, voice: str, speed: float, cancelled: Cancelled) -> NDArray[np.float32]:
        ids = [self._vocabulary[symbol] for symbol in spoken if symbol in self._vocabulary]
        if not ids:
            return np.zeros(0, np.float32)
        style = _styles(voice)[len(ids)][None]
        inputs: dict[str, Any] = {
            "tokens": np.asarray([[0, *ids, 0]], np.int64),
            "style": style,
            "speed": np.asarray([speed], np.float32),
        }
        return np.asarray(run_session(self._session, inputs, cancelled)[0], np.float32).reshape(-1)


@functools.lru_cache(maxsize=4)
def _styles(voice: str) -> NDArray[np.float32]:
    folder = resources() / "voices/kokoro"
    files = {path.stem: path for path in folder.glob("*.bin")}
    if voice not in files:  # a card may name what is not there
        raise StudioError(f"Kokoro has no voice {voice!r}.", cause="invalid", cure=f"It has {', '.join(sorted(files))}.")
    return np.fromfile(files[voice], np.float32).reshape(510, 256)


def _cut(spoken: str) -> list[str]:
    parts = []
    while len(spoken) > MAX_PHONEMES:
        cut = spoken.rfind(" ", 1, MAX_PHONEMES)
        cut = cut if cut > 0 else MAX_PHONEMES
        parts.append(spoken[:cut])
        spoken = spoken[cut:].strip()
    return [*parts, spoken] if spoken else parts
