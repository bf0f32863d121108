"""The starter models that the window offers at the first start, with what each costs.

The sizes are constants, since reading the catalog would delay the start; a test compares them.
"""

from __future__ import annotations

from typing import NamedTuple

from studio.core.translation import mark, tr_marked


class StarterModel(NamedTuple):
    """A small catalog model that `studio models install` downloads."""

    alias: str
    """Its name for the installation."""
    name: str
    """Its name once it is installed."""
    title: str
    kind: str
    purpose: str
    """What it is for, after its title."""
    download: int
    """Bytes to download."""
    disk: int
    """Bytes on the disk while it is installed, the most it ever needs."""


STARTER_MODELS = (
    StarterModel(
        "starter",
        "smollm2-135m-instruct",
        "SmolLM2 135M Instruct",
        "text",
        mark("writes English text on any computer"),
        92_871_040,
        191_233_472,
    ),
    StarterModel(
        "kokoro",
        "kokoro-82m",
        "Kokoro 82M",
        "speech",
        mark("reads English and Chinese aloud in natural voices"),
        63_082_708,
        155_443_979,
    ),
)

TRANSCRIPTION_MODEL = StarterModel(
    "whisper",
    "whisper-base",
    "Whisper base",  # not translated: a name
    "transcribe",
    mark("writes down speech in 99 languages"),
    133_343_666,
    423_778_730,
)
"""Offered where a recording is to be transcribed, not at the first start."""

LARGER_TITLES = {
    "qwen2.5-coder-1.5b-instruct": "Qwen2.5 Coder 1.5B Instruct",
    "qwen2.5-coder-0.5b-instruct": "Qwen2.5 Coder 0.5B Instruct",
}
"""Name → title of the text models that the window offers after the small one."""
_LARGER_PURPOSES = {
    "qwen2.5-coder-1.5b-instruct": mark("writes good English, Chinese and code"),
    "qwen2.5-coder-0.5b-instruct": mark("writes English, Chinese and code on a small computer"),
}
"""What each is for, after its title."""
SMALL_TEXT_MODELS = (STARTER_MODELS[0].name, "qwen2.5-coder-0.5b-instruct")
"""Text models that a form leaves when a larger one is installed."""


_BY_ALIAS = (*STARTER_MODELS, TRANSCRIPTION_MODEL)


def title_of(name: str) -> str:
    """Return the title of a model that the window installs by this name or alias, else `name`."""
    titles = {model.alias: model.title for model in _BY_ALIAS}
    return (titles | LARGER_TITLES).get(name, name)


def purpose_of(name: str) -> str:
    """Return what such a model is for, after its title, or ""."""
    purposes = {model.alias: model.purpose for model in _BY_ALIAS}
    return tr_marked((purposes | _LARGER_PURPOSES).get(name, ""))
