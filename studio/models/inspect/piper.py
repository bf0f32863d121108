"""Voices of Piper: VOICE.onnx, and beside it VOICE.onnx.json with what it is. Neither is loaded
here.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from studio.core.errors import StudioError
from studio.core.file_names import printable
from studio.models.card import ModelCard, Voice
from studio.models.files.config import read_json
from studio.models.files.folder_check import refused

RATES = (8_000, 48_000)
MAX_TITLE = 80
MAX_VOICES = 1_000


def settings_beside(voice: Path) -> Path:
    """Return the file that says what a voice is; it may not be there."""
    return voice.with_name(f"{voice.name}.json")


def voice_files(folder: Path) -> tuple[Path, Path]:
    """Return the voice in a folder and its settings. Raises StudioError where they are gone."""
    voice = next(
        (path for path in sorted(folder.glob("*.onnx")) if settings_beside(path).is_file()), None
    )
    if voice is None:
        raise StudioError(
            f"The voice in {folder} is gone.", cause="model", cure="Remove it and add it again."
        )
    return voice, settings_beside(voice)


def rate_of(settings: Path) -> int:
    """Return the samples a second of a voice. Raises StudioError where its settings are none."""
    audio = read_json(settings).get("audio")
    rate = audio.get("sample_rate") if isinstance(audio, dict) else None
    if type(rate) is not int or not RATES[0] <= rate <= RATES[1]:
        raise refused(
            settings, "it is not the settings of a Piper voice: they give no sampling rate."
        )
    return rate


def inspect_voice(path: Path, name: str) -> ModelCard:
    """Return the card of a voice, told from what lies beside it. Raises StudioError, HeaderError
    and OSError.
    """
    settings = settings_beside(path)
    if not settings.is_file():
        raise refused(
            path, f"{settings.name} is missing, which says what it is. Put it beside the voice."
        )
    rate = rate_of(settings)
    table = read_json(settings)
    language = table.get("language")
    code = language.get("code") if isinstance(language, dict) else None
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
        languages=(code.partition("_")[0],) if isinstance(code, str) else (),
        voices=_speakers(table),
        description="A voice of the program piper, which is run where it is installed.",
    )


def _speakers(table: dict[str, Any]) -> tuple[Voice, ...]:
    speakers = table.get("speaker_id_map")
    if not isinstance(speakers, dict):
        return ()
    numbers = [
        (name, number) for name, number in speakers.items() if type(number) is int and number >= 0
    ]
    return (
        tuple(
            Voice(str(number), printable(name)[:MAX_TITLE]) for name, number in numbers[:MAX_VOICES]
        )
        if len(numbers) > 1
        else ()
    )


def copy_voice(voice: Path, folder: Path) -> None:
    """Copy a voice and its settings into a folder."""
    for path in (voice, settings_beside(voice)):
        shutil.copyfile(path, folder / path.name)
