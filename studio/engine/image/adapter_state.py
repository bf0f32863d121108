"""What of adapters is on a loaded pipeline, so that the next job's are put on, and the others taken
off.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class AppliedAdapters:
    """The state of one pipeline; empty for the model as it was loaded."""

    loras: dict[str, str] = field(default_factory=dict)
    """The name that peft knows a LoRA by → the SHA-256 of its weights."""
    tokens: dict[str, str] = field(default_factory=dict)
    """Card of a textual inversion → SHA-256."""
    before_tokens: dict[str, Any] = field(default_factory=dict)
    """Tokenizers and embeddings of the model's own, by the part that they belong to."""
    vae: str = ""
    """SHA-256 of the VAE whose weights stand in for the model's own."""
    own_vae: dict[str, Any] | None = None
    """The weights of the model's own, meanwhile."""
    ip_adapter: str = ""
    """SHA-256 of an IP-Adapter."""
    before_ip: dict[str, Any] = field(default_factory=dict)
    """What it took the place of."""
    controlnet: tuple[str, Any] | None = None
    """The SHA-256 of a ControlNet, and the network."""
