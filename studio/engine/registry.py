"""The runner of each kind of request; imported with its first job, because runners import torch."""

from __future__ import annotations

from collections.abc import Callable

from studio.engine.protocol import Runner


def _text() -> Runner:
    from studio.engine.text import generate

    return Runner(generate.load, generate.generate, generate.run_batch)


def _image() -> Runner:
    from studio.engine.image import generate

    return Runner(generate.load, generate.generate, generate.run_batch)


def _image_tool() -> Runner:
    from studio.engine.image_tools import generate

    return Runner(generate.load, generate.generate)


def _speech() -> Runner:
    from studio.engine.speech import generate

    return Runner(generate.load, generate.generate)


def _music() -> Runner:
    from studio.engine.music import generate

    return Runner(generate.load, generate.generate)


def _video() -> Runner:
    from studio.engine.video import generate

    return Runner(generate.load, generate.generate)


def _transcribe() -> Runner:
    from studio.engine.transcription import generate

    return Runner(generate.load, generate.generate)


def _clip() -> Runner:
    from studio.engine.clips import generate

    return Runner(generate.load, generate.generate)


RUNNERS: dict[str, Callable[[], Runner]] = {
    "text": _text,
    "image": _image,
    "image-tool": _image_tool,
    "speech": _speech,
    "music": _music,
    "video": _video,
    "transcribe": _transcribe,
    "clip": _clip,
}
"""Kind of request → function that imports its runner."""


def runner_of(kind: str) -> Runner:
    """Return the runner of a kind of request."""
    return RUNNERS[kind]()
