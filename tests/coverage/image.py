"""Families that make pictures."""

from tests.checkpoints_image import make_sd, make_sdxl
from tests.coverage.family import Family

FAMILIES = [
    Family("stable-diffusion-1.5", make_sd, likewise=("dreamshaper-8", "sd-turbo")),
    Family("sdxl-base-1.0", make_sdxl, likewise=("sdxl-turbo",)),
]
