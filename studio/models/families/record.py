"""The record of a model family: every fact that Studio knows about all models of one family."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

GuidanceRule = Literal["above_1", "above_0", "true_cfg", "embedded", "ignored"]
"""How a family applies guidance: from which scale on it acts, and by which argument."""

Ability = Literal[
    "text",
    "chat",
    "summarize",
    "translate",
    "text-to-image",
    "image-to-image",
    "inpaint",
    "control",
    "adapters",
    "ip-adapter",
    "textual-inversion",
    "batch",
    "voices",
    "lyrics",
    "melody",
    "text-to-video",
    "image-to-video",
]
"""What the weights and their pipeline can do, whether or not Studio offers it."""

FamilyKind = Literal["text", "image", "speech", "music", "video", "transcribe"]

VoiceSource = Literal["", "speaker-ids", "two-speakers", "samples", "bark"]
"""Where a speech model's folder names its voices; `models/inspect/voices.py` reads them.

Empty for a family without voices."""


PromptWeights = Literal["", "chunks", "whole"]
"""What Studio makes of weights such as `(word:1.2)` in prompts of an image family.

`chunks`: CLIP reads the prompt in chunks of 75 tokens; weights and BREAK. `whole`: weights alone.
Empty for families that take a prompt only as text.
"""


class Defaults(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Values that a request starts from; None leaves the request's own default."""

    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    num_frames: int | None = None
    frame_rate: int | None = None
    num_inference_steps: int | None = None
    guidance_scale: float | None = None

    def values(self) -> dict[str, Any]:
        """Return request field → value, as `ModelCard.defaults` stores it."""
        return dict(msgspec.to_builtins(self))


class VideoRules(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes and lengths that a video family can make."""

    size_multiple: int = 16
    frame_step: int = 4
    """A video has a multiple of this many frames, plus one."""
    max_frames: int = 0
    """0 for no known limit."""
    schedulers: tuple[str, ...] | None = ()
    """Short names of schedulers; None for all, empty if the scheduler cannot be changed."""
    float32_vae: bool = False
    """The VAE loses visible quality in half precision."""


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """One family of models.

    `name` is the `model_type` of a config.json for what transformers loads, and the pipeline's
    class name for what diffusers loads.
    """

    name: str
    kind: FamilyKind
    tasks: tuple[Ability, ...] = ()
    """Of an image or video family: what its pipelines do that Studio offers."""
    defaults: Defaults = Defaults()
    guidance: GuidanceRule = "above_1"
    architecture: str = ""
    """The name in `ARCHITECTURES` by which adapters name the models that they fit."""

    # text
    encoder_decoder: bool = False
    """The prompt does not count against the output's length."""
    multimodal: bool = False
    """Also reads images or audio; Studio loads it for its text."""
    relative_positions: bool = False
    """No limit on the number of tokens."""
    gguf: tuple[str, ...] = ()
    """GGUF architectures that transformers loads as this family."""

    # speech
    engine_class: str = ""
    """`module:class` in `studio.engine.speech.autoregressive`; empty for a VITS."""
    voices: VoiceSource = ""
    separate_codec: bool = False
    """The hub keeps its codec in a repository of its own."""

    # music
    bf16_on_cpu: bool = False
    """Can be loaded in bf16 on a CPU without audible loss."""
    lyrics: bool = False
    undistilled_defaults: Defaults | None = None
    """Values for weights without distilled guidance, if the family has both."""

    # image and video
    edits_image: bool = False
    """Reads the source image while it generates, and has no `strength`."""
    image_to_image_class: str = ""
    """The pipeline class that starts from an image, if AutoPipeline finds none."""
    inpaint_class: str = ""
    """The pipeline class that takes a mask, if AutoPipeline finds none."""
    text_class: str = ""
    """The pipeline class that starts from a prompt alone, if it is not `name`."""
    replaced_component: Literal["", "tokenizer", "processor"] = ""
    """The component whose published class needs torchvision: see `engine/image/processors.py`."""
    prompt_weights: PromptWeights = ""
    no_batch: bool = False
    """Draws the noise of a whole batch from the first seed, so that its jobs run one by one."""
    runs_all_steps: bool = False
    """Its image-to-image pipeline has `get_timesteps`, but runs all steps at every strength."""
    size_from_unet: bool = False
    """The configuration of its U-Net states the size that it was trained for."""
    video: VideoRules | None = None

    @property
    def is_pipeline(self) -> bool:
        """True for what diffusers loads from a model_index.json."""
        return self.name.endswith("Pipeline")
