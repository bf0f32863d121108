"""The model card: what Studio knows about one model."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Literal

import msgspec

from studio.core.kinds import KINDS, AnyRequest
from studio.core.requests import Request, build_request, fields
from studio.core.requests.text import CONSTRAINTS
from studio.core.translation import tr, tr_marked
from studio.models.families import find_family
from studio.models.families.record import Ability, GuidanceRule

Runner = Literal[
    "transformers", "diffusers", "llama.cpp", "hibari", "kokoro", "piper", "image-tools", "clips"
]
"""The library or class that loads and runs the weights."""

AS_IT_IS = ("hibari", "kokoro", "piper", "image-tools", "clips")
"""Runners that use a small file without loading it by a plan."""

SYMBOLIC_MUSIC = "symbolic-music"
"""The family of models that write music as notes; see `engine/music/symbolic.py`."""

EVENTS_FILE = "events.json"
"""Next to the weights of such a model: what its tokens mean."""


class Voice(msgspec.Struct, frozen=True):
    """One voice of a speech model."""

    name: str
    title: str = ""
    language: str = ""
    """BCP 47: en-US, zh …"""

    @property
    def shown_title(self) -> str:
        """Its title in the user's language, else its name."""
        if self.title == f"Speaker {self.name}":  # of a model that numbers its voices
            return tr("Speaker {number}", number=self.name)
        return tr_marked(self.title) or self.name


Commercial = Literal["yes", "conditional", "no"]
"""Whether results may be used commercially; `resources/licenses.toml` explains each license."""

AdapterKind = Literal["", "lora", "textual-inversion", "vae", "controlnet", "ip-adapter"]
"""The type of an adapter; empty for a model."""

ADAPTER = "adapter"
"""The `kind` of a card that only changes models."""
ADAPTED_KIND = "image"
"""The kind of the models that adapters change."""


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes that the model needs while it runs, by the precision of its weights; 0 if unknown."""

    bf16: int = 0
    int8: int = 0
    int4: int = 0


class ModelCard(msgspec.Struct, frozen=True, kw_only=True):
    """One model: in `resources/models/*.toml`, or as `card.toml` in an installed model's folder."""

    name: str
    """Unique, a-z 0-9 . - _; the value of a request's `model`."""
    title: str
    """The name that users see."""
    kind: str
    """The kind of request that it serves: text, image, speech, music or video; or `ADAPTER`."""
    runner: Runner
    family: str = ""
    """The name of its record in `FAMILIES`; for an adapter the architecture that it fits."""
    tasks: tuple[str, ...] = ()
    """Hugging Face's names: text-generation, text-to-image …"""
    only_task: str = ""
    """The one guided task that it serves; it is never a default. Empty for a model of all texts."""
    base: str = ""
    """The card of the model that it changes; empty for a whole model."""
    adapter: AdapterKind = ""
    """The type of an adapter. One with a `base` can also be chosen as a model."""
    trigger_words: tuple[str, ...] = ()
    """Words that a prompt needs for the adapter to act."""
    repo: str = ""
    """owner/name on the hub."""
    revision: str = ""
    """A branch or commit of `repo`; empty for its main branch."""
    files: tuple[str, ...] = ()
    """Patterns of the needed files of `repo`; empty for the usual ones (`needed_files`)."""
    base_path: str = ""
    """Absolute folder of the installed model that it changes; set by `find`, never stored."""
    path: str = ""
    """Absolute folder of the weights; empty if not installed, or part of a Python package."""
    description: str = ""
    license: str = ""
    commercial: Commercial | None = None
    """None if unknown."""
    gated: bool = False
    """The hub requires an account that has accepted the license."""
    source: str = ""
    """Where the weights come from, as text for users."""
    languages: tuple[str, ...] = ()
    size: int = 0
    """Bytes on disk."""
    parameters: int = 0
    memory: Memory | None = None
    """Set if better known than from the number of parameters."""
    sha256: str = ""
    """Hash of the weights: of the file, or of the sorted `name:hash` lines of several files."""
    files_sha256: str = ""
    """Hash of converted weights, where `sha256` is that of the GGUF; set by a check."""
    chat: bool = False
    """The tokenizer has a chat template."""
    encoder_decoder: bool = False
    """T5, BART …: the prompt does not count against the output's length."""
    max_positions: int = 0
    """Tokens that prompt and output may have together; 0 for no known limit."""
    template_tokens: int = 0
    """Tokens that the chat template adds to prompt and system prompt."""
    guidance: GuidanceRule = "above_1"
    guidance_range: tuple[float, float] | None = None
    """Lowest and highest guidance with good results; None if unknown."""
    steps: tuple[int, int] | None = None
    """Lowest and highest useful number of steps; None if unknown."""
    negative_prompt: bool | None = None
    """Whether it uses one; None if unknown."""
    max_prompt_tokens: int = 0
    """Tokens of a prompt that the text encoder reads; 0 for no known limit."""
    schedulers: tuple[str, ...] | None = None
    """Short names of suitable schedulers; None for all, empty if it cannot be changed."""
    timestep_spacing: Literal["", "leading", "trailing", "linspace"] = ""
    """How the scheduler spaces its steps, if not as its configuration states."""
    size_multiple: int = 8
    sizes: tuple[tuple[int, int], ...] = ()
    """Width and height of sizes that it was trained for."""
    min_side: int = 0
    max_side: int = 0
    """Pixels; images outside these limits are unusable. 0 for no known limit."""
    drawn_side: int = 0
    """Pixels; images whose shorter side is less are drawn two, four … times as large and reduced.
    0 for none.
    """
    fixed_sizes: bool = False
    """Only the sizes in `sizes` are possible."""
    frame_step: int = 1
    """A video has a multiple of this many frames, plus one: 4 k + 1, 8 k + 1."""
    max_frames: int = 0
    """0 for no known limit."""
    preview: Literal["", "fitted", "none"] = ""
    """How previews are made: by a color map fitted to the VAE at load time (`fitted`), or not."""
    abilities: tuple[Ability, ...] = ()
    translate_prompts: bool = False
    """Knows English nouns only, so that prompts are translated into them word by word."""
    examples: tuple[str, ...] = ()
    """Example prompts."""
    voices: tuple[Voice, ...] = ()
    sampling_rate: int = 0
    defaults: dict[str, Any] = {}
    """Request field → default value with this model."""
    added: str = ""
    """ISO 8601; empty for models that come with Studio."""
    builtin: bool = False
    """Comes with Studio and cannot be removed."""

    def drawing_scale(self, width: int, height: int) -> int:
        """Return how many times as large, on each side, the model draws images of this size."""
        scale, side = 1, max(self.min_side, min(width, height))
        while scale * side < self.drawn_side:
            scale *= 2
        return scale

    def side_limits(self, width: int, height: int) -> tuple[int, int]:
        """Return the shortest and the longest side of images of about this size; 0 for no limit."""
        scale = self.drawing_scale(width, height)
        return max(self.min_side, self.drawn_side // scale), self.max_side // scale

    @property
    def writes_notes(self) -> bool:
        """True for a music model that writes notes (MIDI) instead of audio."""
        return self.family == SYMBOLIC_MUSIC

    @property
    def sings(self) -> bool:
        """True for a music model that takes lyrics."""
        family = find_family(self.family)
        return family is not None and family.lyrics

    @property
    def makes_texts(self) -> bool:
        """True for a model of texts."""
        return self.kind in KINDS and KINDS[self.kind].makes_texts

    @property
    def makes_images(self) -> bool:
        """True for a model of images."""
        return self.kind in KINDS and KINDS[self.kind].makes_images

    @property
    def makes_audio(self) -> bool:
        """True for a model of speech, music or other audio."""
        return self.kind in KINDS and KINDS[self.kind].makes_audio

    @property
    def unused_fields(self) -> frozenset[str]:
        """Request fields that it ignores, so that forms hide them."""
        is_diffusion = self.runner == "diffusers"
        uses = {
            "continue_from": self.writes_notes,
            "guidance_scale": self.guidance != "ignored",
            "lyrics": self.sings,
            **dict.fromkeys(CONSTRAINTS, not self.encoder_decoder),
            "mode": self.chat and not self.encoder_decoder,
            "negative_prompt": is_diffusion and self.negative_prompt is not False,
            "num_inference_steps": is_diffusion,
            "prefix": not self.encoder_decoder,
            "temperature": not is_diffusion,
        }
        dependent = KINDS[self.kind].model_dependent if self.kind in KINDS else ()
        return frozenset(name for name in dependent if not uses[name])

    @property
    def folder(self) -> Path:
        """The weights' folder."""
        return Path(self.path)

    @property
    def needed_files(self) -> tuple[str, ...]:
        """Patterns of the needed files of `repo`, in the hub's own syntax."""
        return self.files or _NEEDED.get(self.runner, ())


# One precision, safetensors only, no code. Of a pipeline only its parts' folders, since its own
# folder may hold single-file copies.
_NEEDED = {
    "transformers": (
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "model-*.safetensors",
        "model.safetensors.index.json",
        "tokenizer*",
        "*.jinja",
        "vocab.*",
        "merges.txt",
        "special_tokens_map.json",
        "added_tokens.json",
        "*.model",
        "*.spm",
        "preprocessor_config.json",
        "processor_config.json",
    ),
    "diffusers": (
        "model_index.json",
        "*/*.json",
        "*/*.safetensors",
        "*/*.txt",
        "*/*.model",
        "*/*.jinja",
    ),
}


@functools.cache
def _names_of(request_type: type[Request]) -> frozenset[str]:
    return frozenset(info.name for info in fields(request_type))


def request_for(card: ModelCard, values: dict[str, Any]) -> AnyRequest:
    """Build a request from the model's defaults and `values`. Raises InvalidRequestError."""
    request_type = KINDS[card.kind].request_type
    defaults = dict(card.defaults)
    for name in defaults.keys() - _names_of(request_type):
        del defaults[name]
    return build_request(request_type, {**defaults, **values, "model": card.name})


RENDERER = ModelCard(
    name="clips",
    title="Clip renderer",  # not translated: a name
    kind="clip",
    runner="clips",
    builtin=True,
)
"""Stands for the model of a kind that needs none; lists of models leave it out."""


def fake_card(kind: str) -> ModelCard:
    """Return the card of the fake model of a kind, or of a fake adapter, for tests."""
    makes_images = kind != ADAPTER and KINDS[kind].makes_images
    abilities: tuple[Ability, ...] = (
        ("text-to-image", "image-to-image", "inpaint") if makes_images else ()
    )
    return ModelCard(
        name=f"fake-{kind}",
        title=f"Fake {kind}",
        kind=kind,
        runner="transformers",
        builtin=True,
        abilities=abilities,
    )
