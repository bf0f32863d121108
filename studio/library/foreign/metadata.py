"""What another program's metadata states about an image, with the same names for all programs."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from studio.core.translation import mark, tr, tr_marked


class NamedValue(msgspec.Struct, frozen=True):
    """A setting as a user sees it."""

    name: str
    value: str


class ForeignLora(msgspec.Struct, frozen=True):
    """A LoRA and its strength."""

    name: str
    weight: float = 1.0


class ForeignMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """The settings in an image of another program. Any may be missing, and none is checked."""

    program: str = ""
    """Its name; empty if the file has only a description."""
    version: str = ""
    prompt: str = ""
    negative_prompt: str = ""
    seed: int | None = None
    steps: int | None = None
    guidance: float | None = None
    width: int | None = None
    height: int | None = None
    sampler: str = ""
    """As the program names it."""
    schedule: str = ""
    """How the steps are spaced: karras, sgm_uniform … as the program names it."""
    model: str = ""
    model_hash: str = ""
    vae: str = ""
    loras: tuple[ForeignLora, ...] = ()
    strength: float | None = None
    """Denoising strength of an image that was made from another one."""
    clip_skip: int | None = None
    others: tuple[NamedValue, ...] = ()
    """All other settings."""
    notes: tuple[str, ...] = ()
    """Sentences about what could not be read."""

    @property
    def is_description(self) -> bool:
        """True if the file has a text and no settings, as photos have."""
        return not self.program


TITLES = {
    "prompt": mark("Prompt"),
    "negative_prompt": mark("Negative prompt"),
    "seed": mark("Seed"),
    "steps": mark("Steps"),
    "guidance": mark("Guidance"),
    "width": mark("Width"),
    "height": mark("Height"),
    "sampler": mark("Sampler"),
    "schedule": mark("Schedule"),
    "model": mark("Model"),
    "model_hash": mark("Model hash"),
    "vae": mark("VAE"),
    "strength": mark("Strength"),
    "clip_skip": mark("CLIP skip"),
}
"""Field of `ForeignMetadata` → title, marked."""


def describe(metadata: ForeignMetadata, without: Collection[str] = ()) -> list[tuple[str, str]]:
    """Return what was read as (title, value), except the fields in `without`."""
    program = " ".join(filter(None, (metadata.program, metadata.version)))
    found = [(tr("Program"), program)] if program and "program" not in without else []
    for field, title in TITLES.items():
        value = getattr(metadata, field)
        if field not in without and value not in (None, ""):
            found.append(
                (tr_marked(title), f"{value:g}" if isinstance(value, float) else str(value))
            )
    found += [(f"LoRA {lora.name}", f"{lora.weight:g}") for lora in metadata.loras]
    found += [(other.name, other.value) for other in metadata.others]
    return found + [(tr("Note"), note) for note in metadata.notes]
