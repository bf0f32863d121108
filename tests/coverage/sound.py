"""Families that speak, and families that make music or sounds."""

from tests.checkpoints_audio import make_musicgen, make_vits
from tests.coverage.family import Family

FAMILIES = [
    Family("mms-tts-eng", make_vits, likewise=("mms-tts-deu", "mms-tts-fra", "mms-tts-spa")),
    Family("musicgen-small", make_musicgen, likewise=("musicgen-medium", "musicgen-large")),
]
