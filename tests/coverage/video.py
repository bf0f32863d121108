"""Video families."""

from pathlib import Path

from studio.models.card import ModelCard
from tests.checkpoints.image import make_sd
from tests.checkpoints.video import (
    make_cogvideox,
    make_cogvideox_i2v,
    make_hunyuan,
    make_ltx,
    make_ltx_condition,
    make_mochi,
    make_motion_adapter,
    make_wan,
    make_wan_i2v,
    make_wan_ti2v,
    make_wan_two_denoisers,
)
from tests.coverage.family import Family


def _make_cogvideox_i2v(folder: Path) -> ModelCard:
    """Make it for the only size of the real model."""
    return make_cogvideox_i2v(folder, (90, 60))


FAMILIES = [
    Family("wan2.1-t2v-1.3b", make_wan),
    Family("wan2.2-ti2v-5b", make_wan_ti2v),
    Family("wan2.2-t2v-a14b", make_wan_two_denoisers),
    Family("wan2.2-i2v-a14b", make_wan_i2v),
    Family("ltx-video", make_ltx),
    Family("ltx-video-0.9.5", make_ltx_condition, likewise=("ltx-video-0.9.8-13b-distilled",)),
    Family("cogvideox-2b", make_cogvideox, likewise=("cogvideox-5b",)),
    Family(
        "cogvideox-5b-i2v",
        _make_cogvideox_i2v,
        {"width": 720, "height": 480, "num_frames": 1, "num_inference_steps": 1},
    ),
    Family("hunyuanvideo", make_hunyuan),
    Family("mochi-1-preview", make_mochi, {"num_frames": 7}),
    Family("animatediff-v1-5-2", make_motion_adapter, base=make_sd),
]
