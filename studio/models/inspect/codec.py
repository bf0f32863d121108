"""The codec of a speech model: the part that makes a waveform of what the model generates.

The hub keeps the codecs of some families in repositories of their own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from studio.core.file_names import printable
from studio.core.translation import tr
from studio.models.files.config import read_config
from studio.models.files.folder_check import check_weights, refused
from studio.models.inspect.names import MAX_TITLE

CODEC = "audio_tokenizer"
"""The codec's folder inside the model's folder."""
_CODEC_CONFIGS = ("audio_tokenizer_config.json", "processor_config.json")
"""Files of the model that name the codec's repository."""
REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def check_codec(folder: Path) -> None:
    """Raise StudioError if the codec in a model's folder is missing or damaged."""
    part = folder / CODEC
    if not (part / "config.json").is_file():
        repository = codec_repository({path.name: path for path in folder.iterdir()})
        reason = tr("its part {part}, which turns its output into audio, is missing.", part=CODEC)
        if repository:
            reason = tr(
                "{reason} It is in {repository}.",
                reason=reason,
                repository=printable(repository)[:MAX_TITLE],
            )
        raise refused(folder, reason)
    check_weights(folder, part)


def codec_repository(files: Mapping[str, Path]) -> str:
    """Return the repository (owner/name) that a model's files name as its codec's, or "".

    `files`: name in the repository → path on disk.
    """
    for name in _CODEC_CONFIGS:
        if name not in files:
            continue
        config = read_config(files[name])
        section = config.section(CODEC) if CODEC in config.values else config
        repository = section.text("audio_tokenizer_name_or_path")
        if REPOSITORY.fullmatch(repository):
            return repository
    return ""
