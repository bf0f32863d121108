"""The model families that Studio runs, one record each: `FAMILIES`, keyed by name.

Add a family to the table of its kind: `text.py`, `image.py`, `video.py` or `audio.py`.
"""

from __future__ import annotations

from studio.models.families.audio import MUSIC_FAMILIES, SPEECH_FAMILIES, TRANSCRIPTION_FAMILIES
from studio.models.families.image import IMAGE_FAMILIES
from studio.models.families.record import Family
from studio.models.families.text import TEXT_FAMILIES
from studio.models.families.video import VIDEO_FAMILIES

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        *TEXT_FAMILIES,
        *SPEECH_FAMILIES,
        *TRANSCRIPTION_FAMILIES,
        *MUSIC_FAMILIES,
        *IMAGE_FAMILIES,
        *VIDEO_FAMILIES,
    )
}


def find_family(name: object) -> Family | None:
    """Return the family of a `model_type` or pipeline class name from a file, or None."""
    return FAMILIES.get(name) if isinstance(name, str) else None


def find_gguf_family(architecture: object) -> Family | None:
    """Return the family as which transformers loads a GGUF of this architecture, or None."""
    return next((one for one in FAMILIES.values() if architecture in one.gguf), None)
