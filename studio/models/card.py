"""A model card: what Studio knows about one model's weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

from studio.core.requests import KINDS, AnyRequest, Request, build_request, fields

Runner = Literal["transformers", "diffusers", "hibari", "kokoro"]
"""What loads and runs the weights."""

SYMBOLIC_MUSIC = "symbolic-music"
"""The family of models that write music as notes; see `engine/music_symbolic.py`."""

GuidanceRule = Literal["above_1", "above_0", "true_cfg", "embedded", "ignored"]
"""From which value on guidance acts; it differs by family, so the card says it."""


class Voice(msgspec.Struct, frozen=True):
    """One voice of a speech model."""

    name: str
    title: str = ""
    language: str = ""
    """BCP 47: en-US, zh …"""


class ModelCard(msgspec.Struct, frozen=True, kw_only=True):
    """One model. In `resources/models/*.toml` without a path, and as `card.toml` in the folder of an installed one."""

    name: str
    """Unique, a-z 0-9 . - _; what a request's `model` says."""
    title: str
    """The name that a person sees."""
    kind: str
    """The kind of request that it serves: text, image, speech, music."""
    runner: Runner
    family: str = ""
    """model_type of config.json, or the pipeline's class name."""
    path: str = ""
    """Absolute folder of the weights; empty while not installed, and for what a Python package carries."""
    description: str = ""
    licence: str = ""
    source: str = ""
    """Where the weights come from, for a person."""
    languages: tuple[str, ...] = ()
    size: int = 0
    """Bytes on disk."""
    parameters: int = 0
    sha256: str = ""
    """Of the weights: of the one file, or of the sorted `name:hash` lines of several."""
    chat: bool = False
    """The tokenizer has a chat template."""
    encoder_decoder: bool = False
    """T5, BART …: the prompt does not count against the output's length."""
    max_positions: int = 0
    """Tokens that prompt and output may have together; 0 for no limit known."""
    template_tokens: int = 0
    """Tokens that the chat template adds to prompt and system prompt."""
    guidance: GuidanceRule = "above_1"
    schedulers: tuple[str, ...] | None = None
    """Short names that give good results; None where all do, empty where the scheduler cannot be changed."""
    size_multiple: int = 8
    smallest_side: int = 0
    largest_side: int = 0
    """In pixels: beyond them the pictures show no clear thing; 0 for no limit known."""
    english_words: bool = False
    """Knows English words for things only: Chinese and emoji are put into English before it sees them."""
    examples: tuple[str, ...] = ()
    """Prompts to begin with, to be clicked on."""
    voices: tuple[Voice, ...] = ()
    sampling_rate: int = 0
    defaults: dict[str, Any] = {}
    """Field of the request → value to start from with this model."""
    added: str = ""
    """ISO 8601; empty for what comes with Studio."""
    builtin: bool = False
    """Comes with Studio and cannot be removed."""

    @property
    def writes_notes(self) -> bool:
        """True for a model of music that writes notes (MIDI) instead of sound."""
        return self.family == SYMBOLIC_MUSIC

    @property
    def folder(self) -> Path:
        """The weights' folder."""
        return Path(self.path)


def request_for(card: ModelCard, values: dict[str, Any]) -> AnyRequest:
    """Build a request for this model: its defaults, overridden by `values`. Raises InvalidRequestError."""
    request_type: type[Request] = KINDS[card.kind]
    known = {info.name for info in fields(request_type)}
    defaults = {name: value for name, value in card.defaults.items() if name in known}
    return build_request(request_type, {**defaults, **values, "model": card.name})
