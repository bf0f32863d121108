"""A model card: what Studio knows about one model's weights."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Literal

import msgspec

from studio.core.kinds import KINDS, AnyRequest
from studio.core.requests import Request, build_request, fields
from studio.models.families import find_family
from studio.models.families.record import Ability, GuidanceRule

Runner = Literal["transformers", "diffusers", "llama.cpp", "hibari", "kokoro", "piper"]
"""What loads and runs the weights."""

AS_IT_IS = ("hibari", "kokoro", "piper")
"""Runners of one small file that is run as it is."""

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


Commercial = Literal["yes", "conditional", "no"]
"""May what it makes be sold: yes, under the conditions of its licence, no.
`resources/licences.toml` says it in plain words.
"""

AdapterKind = Literal["", "lora", "textual-inversion", "vae", "controlnet", "ip-adapter"]
"""What an adapter is; empty for a model."""

ADAPTER = "adapter"
"""The `kind` of what changes models and makes nothing alone."""


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes that the model needs while it runs, by the precision of its weights; 0 where it is not
    known.
    """

    bf16: int = 0
    int8: int = 0
    int4: int = 0


class ModelCard(msgspec.Struct, frozen=True, kw_only=True):
    """One model. In `resources/models/*.toml` without a path, and as `card.toml` in the folder of
    an installed one.
    """

    name: str
    """Unique, a-z 0-9 . - _; what a request's `model` says."""
    title: str
    """The name that a person sees."""
    kind: str
    """The kind of request that it serves: text, image, speech, music, video; or `ADAPTER`, for
    which there is none.
    """
    runner: Runner
    family: str = ""
    """model_type of config.json, or the pipeline's class name; of an adapter the models that it
    fits (`Contents.family`).
    """
    tasks: tuple[str, ...] = ()
    """In Hugging Face's terms: text-generation, text-to-image …"""
    base: str = ""
    """The card of the model that it changes: a LoRA is none by itself. Empty for a whole model."""
    adapter: AdapterKind = ""
    """What it is where it changes models. With a `base` it can be chosen as that model, changed."""
    trigger_words: tuple[str, ...] = ()
    """What an adapter's file says that a prompt should have, for it to act."""
    repo: str = ""
    """owner/name on the hub."""
    revision: str = ""
    """The branch or commit of `repo` that is meant; empty for its main branch."""
    files: tuple[str, ...] = ()
    """Patterns of the files that are needed of `repo`; empty for those that every model of its
    runner has (`needed_files`).
    """
    base_path: str = ""
    """Absolute folder of the installed model that it changes; found when it is asked for, never
    kept.
    """
    path: str = ""
    """Absolute folder of the weights; empty while not installed, and for what a Python package
    carries.
    """
    description: str = ""
    licence: str = ""
    commercial: Commercial | None = None
    """None where it is not known."""
    gated: bool = False
    """The hub wants an account that has agreed to the licence."""
    source: str = ""
    """Where the weights come from, for a person."""
    languages: tuple[str, ...] = ()
    size: int = 0
    """Bytes on disk."""
    parameters: int = 0
    memory: Memory | None = None
    """Where it is known better than by the number of weights."""
    sha256: str = ""
    """Of the weights: of the one file, or of the sorted `name:hash` lines of several."""
    files_sha256: str = ""
    """Of the weights as they lie in the folder, where `sha256` is of the GGUF that they were made
    from; a check notes it.
    """
    chat: bool = False
    """The tokenizer has a chat template."""
    encoder_decoder: bool = False
    """T5, BART …: the prompt does not count against the output's length."""
    max_positions: int = 0
    """Tokens that prompt and output may have together; 0 for no limit known."""
    template_tokens: int = 0
    """Tokens that the chat template adds to prompt and system prompt."""
    guidance: GuidanceRule = "above_1"
    guidance_range: tuple[float, float] | None = None
    """Lowest and highest guidance that gives good results; None where it is not known."""
    steps: tuple[int, int] | None = None
    """Lowest and highest number of steps that is of use; None where it is not known."""
    negative_prompt: bool | None = None
    """Whether it takes one; None where it is not known."""
    max_prompt_tokens: int = 0
    """What the text encoder reads of a prompt; 0 for no limit known."""
    schedulers: tuple[str, ...] | None = None
    """Short names that give good results; None where all do, empty where the scheduler cannot be
    changed.
    """
    timestep_spacing: Literal["", "leading", "trailing", "linspace"] = ""
    """How the scheduler spaces its steps, where that is not as in its own configuration."""
    size_multiple: int = 8
    sizes: tuple[tuple[int, int], ...] = ()
    """Width and height of sizes that it was trained for."""
    smallest_side: int = 0
    largest_side: int = 0
    """In pixels: beyond them the pictures show no clear thing; 0 for no limit known."""
    only_sizes: bool = False
    """No other size than those of `sizes` is possible."""
    frame_step: int = 1
    """A video has a multiple of this many frames, and one more: 4 k + 1, 8 k + 1."""
    most_frames: int = 0
    """0 for no limit known."""
    preview: Literal["", "fitted", "none"] = ""
    """How unfinished pictures are shown: by a colour map that is fitted to the autoencoder when the
    model is loaded, or not at all, where the autoencoder has no map from one latent to one
    colour."""
    abilities: tuple[Ability, ...] = ()
    english_words: bool = False
    """Knows English words for things only: Chinese and emoji are put into English before it sees
    them.
    """
    examples: tuple[str, ...] = ()
    """Prompts to begin with, to be clicked on."""
    voices: tuple[Voice, ...] = ()
    sampling_rate: int = 0
    defaults: dict[str, Any] = {}
    """Field of the request → value to start from with this model."""
    added: str = ""
    """ISO 8601; empty for what comes with Studio."""
    builtin: bool = False
    """Comes with Studio and cannot be removed."""

    @property
    def writes_notes(self) -> bool:
        """True for a model of music that writes notes (MIDI) instead of sound."""
        return self.family == SYMBOLIC_MUSIC

    @property
    def sings(self) -> bool:
        """True for a model of music that takes lyrics."""
        family = find_family(self.family)
        return family is not None and family.lyrics

    @property
    def unused_fields(self) -> frozenset[str]:
        """Fields of its kind's request that it passes over, so that a form leaves them out."""
        if self.kind != "music":
            return frozenset()
        unused: set[str] = set() if self.writes_notes else {"continue_from"}
        unused |= (
            {"temperature"}
            if self.runner == "diffusers"
            else {"num_inference_steps", "negative_prompt"}
        )
        unused |= set() if self.sings else {"lyrics"}
        unused |= {"guidance_scale"} if self.guidance == "ignored" else set()
        return frozenset(unused | ({"negative_prompt"} if self.negative_prompt is False else set()))

    @property
    def folder(self) -> Path:
        """The weights' folder."""
        return Path(self.path)

    @property
    def needed_files(self) -> tuple[str, ...]:
        """Patterns of the files that are needed of `repo`, as the hub's own programs understand
        them.
        """
        return self.files or _NEEDED.get(self.runner, ())


# One precision, safetensors only; no code. Of a whole pipeline only what lies in its parts: beside
# them lie single-file copies.
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
    """Build a request for this model: its defaults, overridden by `values`. Raises
    InvalidRequestError.
    """
    request_type = KINDS[card.kind].request_type
    defaults = dict(card.defaults)
    for name in defaults.keys() - _names_of(request_type):
        del defaults[name]
    return build_request(request_type, {**defaults, **values, "model": card.name})


def fake_card(kind: str) -> ModelCard:
    """Return the card that stands for the fake model of a kind."""
    abilities: tuple[Ability, ...] = (
        ("text-to-image", "image-to-image", "inpaint") if kind == "image" else ()
    )
    return ModelCard(
        name=f"fake-{kind}",
        title=f"Fake {kind}",
        kind=kind,
        runner="transformers",
        builtin=True,
        abilities=abilities,
    )
