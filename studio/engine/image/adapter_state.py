"""The adapters that a loaded pipeline runs with, so that the next job changes only what differs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class AppliedAdapters:
    """One pipeline's adapters and what they replaced; empty for the model as loaded."""

    loras: dict[str, str] = field(default_factory=dict)
    """peft's name of a LoRA → SHA-256 of its weights."""
    tokens: dict[str, str] = field(default_factory=dict)
    """Name of a textual inversion's card → SHA-256."""
    original_text: dict[str, Any] = field(default_factory=dict)
    """Text encoder → the model's own tokenizer and embedding weights."""
    vae: str = ""
    """SHA-256 of the VAE whose weights replace the model's own."""
    original_vae: dict[str, Any] | None = None
    """The model's own VAE weights, on the CPU."""
    ip_adapter: str = ""
    """SHA-256 of an IP-Adapter."""
    original_ip_parts: dict[str, Any] = field(default_factory=dict)
    """The pipeline's image encoder, attention processors and projection without an IP-Adapter."""
    controlnet: tuple[str, Any] | None = None
    """SHA-256 of a ControlNet, and the network."""
