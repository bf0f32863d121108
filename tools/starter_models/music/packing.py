"""Writes the model's folder: half-precision weights, names of tokens, and the notice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from studio.models.card import EVENTS_FILE
from studio.symbolic_music.events import vocabulary

_NOTICE = """\
Starter music: a small language model over musical events, trained for Studio from scratch.

Training data: pieces written by the rule-based composer in tools/starter_models/music, and nothing else. No recording, score,
corpus or MIDI file of anybody was used.

Instruments: sums of partials and noise (instruments.toml, studio/symbolic_music/synth.py). No soundfont and no samples are
included.

License of all of this: Apache-2.0, as Studio's own code.
"""  # noqa: E501


def pack(model: Any, target: Path) -> int:
    """Write the model to `target` beside `instruments.toml`; return the bytes of the weights."""
    import torch

    target.mkdir(parents=True, exist_ok=True)
    model.to(torch.float16).save_pretrained(target)
    (target / "generation_config.json").unlink(
        missing_ok=True
    )  # the grammar chooses, not `generate`
    (target / EVENTS_FILE).write_text(json.dumps(vocabulary().tokens, indent=0), encoding="utf-8")
    (target / "model.safetensors").chmod(0o644)
    (target / "NOTICE").write_text(_NOTICE, encoding="utf-8")
    return (target / "model.safetensors").stat().st_size
