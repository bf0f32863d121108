"""Lists the voices in a speech model's folder, by file names and configurations."""

from __future__ import annotations

from pathlib import Path

from studio.core.file_names import printable
from studio.core.regular_file import HeaderError
from studio.models.card import Voice
from studio.models.families.record import Family
from studio.models.files.config import Config, read_json
from studio.models.files.weights_header import read_safetensors

BARK_PARTS = {"semantic_prompt": 1, "coarse_prompt": 2, "fine_prompt": 2}
"""Parts of a Bark voice, each in its own NumPy file → number of dimensions."""
BARK_TABLE = "speaker_embeddings_path.json"
MAX_VOICES = 1_000
MAX_VOICE_BYTES = 4 * 2**20


def voices_of(folder: Path, family: Family, config: Config) -> tuple[Voice, ...]:
    """Return the voices that a request can name; none if the model has one, or draws them."""
    if not family.voices:
        return ()
    if family.voices == "bark":
        return tuple(_bark_voice(name) for name in bark_files(folder))
    if family.voices == "samples":
        return tuple(Voice(name, name.replace("_", " ").title()) for name in sample_files(folder))
    count = 2 if family.voices == "two-speakers" else config.positive("num_speakers")
    if count < 2:
        return ()
    return tuple(
        Voice(str(number), f"Speaker {number}") for number in range(min(count, MAX_VOICES))
    )


def bark_files(folder: Path) -> dict[str, dict[str, Path]]:
    """Return voice → part → file, for voices whose files are complete, in the folder and .npy."""
    path = folder / BARK_TABLE
    if not path.is_file():
        return {}
    voices: dict[str, dict[str, Path]] = {}
    for name, parts in list(read_json(path).items())[:MAX_VOICES]:
        if not isinstance(parts, dict) or printable(name) != name:
            continue
        files = {part: folder / str(parts.get(part, "")) for part in BARK_PARTS}
        if all(_is_inside(folder, file) and file.suffix == ".npy" for file in files.values()):
            voices[name] = files
    return voices


def sample_files(folder: Path) -> dict[str, Path]:
    """Return voice → file of its latents, in `voices/`."""
    files = {}
    for path in sorted((folder / "voices").glob("*.safetensors"))[:MAX_VOICES]:
        try:
            shapes = read_safetensors(path).shapes if _is_inside(folder, path) else {}
        except HeaderError:
            continue
        if any(len(shape) in (2, 3) for shape in shapes.values()):
            files[printable(path.stem)] = path
    return files


def _is_inside(folder: Path, file: Path) -> bool:
    """Return whether a file of plausible size is in the folder, or in its hub cache."""
    try:
        return (
            ".." not in file.parts
            and file.is_relative_to(folder)
            and 0 < file.stat().st_size <= MAX_VOICE_BYTES
        )
    except OSError:
        return False


def _bark_voice(name: str) -> Voice:
    language, _speaker, number = name.rpartition("/")[2].partition("_speaker_")
    return Voice(name, f"{language} {number}" if number else name, language if number else "")
