"""Video families: pipelines of diffusers, with what they can make.

A folder's configuration may state sizes and lengths of its own; `models/inspect/video.py` reads it.
"""

from __future__ import annotations

import msgspec

from studio.models.families.record import Ability, Defaults, Family, VideoRules

MOTION_FAMILY = "AnimateDiffPipeline"
"""Also the family of a motion adapter, which makes this pipeline of a Stable Diffusion 1.5."""

_TEXT: tuple[Ability, ...] = ("text-to-video",)
_IMAGE: tuple[Ability, ...] = ("image-to-video",)
_BOTH: tuple[Ability, ...] = ("text-to-video", "image-to-video")

_WAN = Family(
    name="WanPipeline",
    kind="video",
    architecture="Wan",
    tasks=_TEXT,
    image_to_image_class="WanImageToVideoPipeline",
    defaults=Defaults(
        width=832,
        height=480,
        num_frames=81,
        frame_rate=16,
        num_inference_steps=50,
        guidance_scale=5.0,
    ),
    video=VideoRules(float32_vae=True),
)
_LTX = Family(
    name="LTXPipeline",
    kind="video",
    architecture="LTX-Video",
    tasks=_BOTH,
    image_to_image_class="LTXImageToVideoPipeline",
    defaults=Defaults(
        width=704,
        height=512,
        num_frames=161,
        frame_rate=25,
        num_inference_steps=50,
        guidance_scale=3.0,
    ),
    video=VideoRules(size_multiple=32, frame_step=8),
)
_COGVIDEOX = Family(
    name="CogVideoXPipeline",
    kind="video",
    architecture="CogVideoX",
    tasks=_TEXT,
    defaults=Defaults(
        width=720,
        height=480,
        num_frames=49,
        frame_rate=8,
        num_inference_steps=50,
        guidance_scale=6.0,
    ),
    video=VideoRules(),
)

VIDEO_FAMILIES = (
    _WAN,
    msgspec.structs.replace(
        _WAN, name="WanImageToVideoPipeline", tasks=_IMAGE, image_to_image_class=""
    ),
    _LTX,
    msgspec.structs.replace(
        _LTX,
        name="LTXImageToVideoPipeline",
        image_to_image_class="",
        text_class="LTXPipeline",
    ),
    msgspec.structs.replace(_LTX, name="LTXConditionPipeline", image_to_image_class=""),
    _COGVIDEOX,
    msgspec.structs.replace(_COGVIDEOX, name="CogVideoXImageToVideoPipeline", tasks=_IMAGE),
    Family(
        name=MOTION_FAMILY,
        kind="video",
        architecture="AnimateDiff",
        tasks=_TEXT,
        defaults=Defaults(
            width=512,
            height=512,
            num_frames=16,
            frame_rate=8,
            num_inference_steps=25,
            guidance_scale=7.5,
        ),
        video=VideoRules(size_multiple=8, frame_step=1, max_frames=32, schedulers=None),
    ),
    Family(
        name="HunyuanVideoPipeline",
        kind="video",
        architecture="HunyuanVideo",
        tasks=_TEXT,
        guidance="embedded",
        defaults=Defaults(
            width=1280,
            height=720,
            num_frames=129,
            frame_rate=24,
            num_inference_steps=50,
            guidance_scale=6.0,
        ),
        video=VideoRules(),
    ),
    Family(
        name="MochiPipeline",
        kind="video",
        architecture="Mochi",
        tasks=_TEXT,
        defaults=Defaults(
            width=848,
            height=480,
            num_frames=85,
            frame_rate=30,
            num_inference_steps=64,
            guidance_scale=4.5,
        ),
        video=VideoRules(frame_step=6),
    ),
)
