"""Image families."""

from tests.checkpoints.image import make_lcm, make_sd, make_sdxl
from tests.checkpoints.image_dit import (
    make_cogview4,
    make_lumina2,
    make_pixart,
    make_qwen_image,
    make_qwen_image_edit,
    make_sana,
    make_sana_sprint,
    make_z_image,
)
from tests.checkpoints.image_flux import (
    make_chroma,
    make_flux,
    make_flux2,
    make_flux2_klein,
    make_flux_dev,
    make_flux_fill,
    make_flux_kontext,
    make_sd3,
)
from tests.checkpoints.image_glm import make_glm_image, make_kolors
from tests.coverage.family import Family

LARGER = {"width": 64, "height": 64}
"""The smallest source image for FLUX.2, and result of the tiny Qwen-Image-Edit."""
FAMILIES = [
    Family("stable-diffusion-1.5", make_sd, likewise=("dreamshaper-8", "sd-turbo")),
    Family("sdxl-base-1.0", make_sdxl, likewise=("sdxl-turbo",)),
    Family("lcm-dreamshaper-7", make_lcm),
    Family("sd-3.5-medium", make_sd3, likewise=("sd-3.5-large", "sd-3.5-large-turbo")),
    Family("flux.1-schnell", make_flux),
    Family("flux.1-dev", make_flux_dev),
    Family("flux.1-fill-dev", make_flux_fill),
    Family("flux.1-kontext-dev", make_flux_kontext),
    Family("flux.2-klein-4b", make_flux2_klein, values=LARGER, likewise=("flux.2-klein-9b",)),
    Family("flux.2-dev", make_flux2, values=LARGER),
    Family("z-image-turbo", make_z_image, likewise=("z-image",)),
    Family("qwen-image", make_qwen_image),
    Family("qwen-image-edit", make_qwen_image_edit, values=LARGER),
    Family("pixart-sigma", make_pixart),
    Family("sana-1.6b", make_sana),
    Family("sana-sprint-1.6b", make_sana_sprint),
    Family("lumina-image-2.0", make_lumina2),
    Family("kolors", make_kolors),
    Family("cogview4-6b", make_cogview4),
    Family("chroma1-hd", make_chroma),
    Family("glm-image", make_glm_image),
]
