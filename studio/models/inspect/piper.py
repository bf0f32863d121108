"""Inspects voices of Piper: VOICE.onnx with its settings in VOICE.onnx.json; loads neither."""

from __future__ import annotations

import shutil
from pathlib import Path

from studio.core.errors import StudioError
from studio.core.file_names import printable
from studio.core.translation import mark, tr
from studio.models.card import ModelCard, Voice
from studio.models.files.config import Config, read_config
from studio.models.files.folder_check import refused
from studio.models.inspect.names import MAX_TITLE

SAMPLING_RATES = (8_000, 48_000)
"""Lowest and highest plausible sampling rate."""
MAX_VOICES = 1_000


def settings_file(voice: Path) -> Path:
    """Return the path of a voice's settings, which may be missing."""
    return voice.with_name(f"{voice.name}.json")


def voice_files(folder: Path) -> tuple[Path, Path]:
    """Return a folder's voice and its settings. Raises StudioError if one is missing."""
    voices = (path for path in sorted(folder.glob("*.onnx")) if settings_file(path).is_file())
    voice = next(voices, None)
    if voice is None:
        raise StudioError(
            tr("The voice in {folder} is missing.", folder=folder),
            cause="model",
            cure=tr("Remove it and add it again."),
        )
    return voice, settings_file(voice)


def sampling_rate(settings: Path) -> int:
    """Return the samples a second of a voice. Raises StudioError if its settings name no rate."""
    rate = read_config(settings).section("audio").positive("sample_rate")
    if not SAMPLING_RATES[0] <= rate <= SAMPLING_RATES[1]:
        raise refused(
            settings, tr("it is not the settings file of a Piper voice: it has no sampling rate.")
        )
    return rate


def inspect_voice(path: Path, name: str) -> ModelCard:
    """Return the card of a voice. Raises StudioError, HeaderError and OSError."""
    settings = settings_file(path)
    if not settings.is_file():
        raise refused(
            path, tr("its settings {name} are missing. Put them next to it.", name=settings.name)
        )
    rate = sampling_rate(settings)
    config = read_config(settings)
    language = config.section("language").text("code").partition("_")[0]
    title = printable(path.stem)[:MAX_TITLE].strip() or "Voice"
    return ModelCard(
        name=name,
        title=f"{title} (Piper)",
        kind="speech",
        runner="piper",
        family="piper",
        path=str(path.absolute()),
        size=path.stat().st_size,
        sampling_rate=rate,
        languages=(language,) if language else (),
        voices=_speakers(config),
        description=mark("A voice of the program piper, which must be installed to use it."),
    )


def _speakers(config: Config) -> tuple[Voice, ...]:
    speakers = config.section("speaker_id_map").items()
    voices = [
        Voice(str(number), printable(name)[:MAX_TITLE])
        for name, number in speakers
        if type(number) is int and number >= 0
    ]
    return tuple(voices[:MAX_VOICES]) if len(voices) > 1 else ()


def copy_voice(voice: Path, folder: Path) -> None:
    """Copy a voice and its settings into a folder."""
    for path in (voice, settings_file(voice)):
        shutil.copyfile(path, folder / path.name)
