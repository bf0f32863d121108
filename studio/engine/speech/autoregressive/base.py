"""Speech token by token (Bark, CSM, Dia …): what the families have in common. Each has a file of
its own, here.

The first piece of a text draws a voice, where the model has no voices of its own; the next ones are
told to go on in it.
"""

from __future__ import annotations

import contextlib
from abc import abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import StudioError
from studio.engine.protocol import CancelCheck
from studio.engine.runtime.interrupt import cancel_between_passes
from studio.engine.runtime.placement import DEFAULT_PLAN, device_of, dtype_of
from studio.engine.runtime.waveform_model import mono
from studio.engine.speech.base import SpeechModel
from studio.engine.speech.time_stretch import stretch
from studio.models.card import ModelCard
from studio.models.memory.load_plan import LoadPlan

LETTERS_A_SECOND = 5
"""Of the slowest speech: what a model makes beyond it is no speech any more."""


class AutoregressiveSpeechModel(SpeechModel):
    """A loaded speech model. A family's class says how it is loaded and what it makes of a piece of
    text.
    """

    def __init__(self, card: ModelCard, plan: LoadPlan = DEFAULT_PLAN) -> None:
        self.card = card
        self.plan = plan
        self.device = device_of(plan)

    def load(self, loader: Any, folder: Path | None = None, **options: Any) -> Any:
        """Return a model, or a part of it that lies in a folder of its own. Only safetensors; never
        code from the folder.
        """
        import torch

        # In float32 also on a GPU, where there is room, and what makes waves always: see
        # runtime/waveform_model.py.
        dtype = dtype_of(self.plan) if self.plan.precision and folder is None else torch.float32
        more: dict[str, Any] = {
            "local_files_only": True,
            "trust_remote_code": False,
            "use_safetensors": True,
            **options,
        }
        return (
            loader.from_pretrained(folder or self.card.folder, dtype=dtype, **more)
            .to(self.device)
            .eval()
        )

    def load_tokenizer(self) -> Any:
        """Return the tokenizer."""
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(
            self.card.folder, local_files_only=True, trust_remote_code=False
        )

    def part(self, name: str) -> Path:
        """Return the folder of a part that the hub keeps elsewhere. Raises StudioError where it is
        not there.
        """
        folder = self.card.folder / name
        if not folder.is_dir():
            raise StudioError(
                f"{self.card.title} has lost its folder {name}.",
                cause="model",
                cure="Remove it and install it again.",
            )
        return folder

    @abstractmethod
    def models(self) -> tuple[Any, ...]:
        """Return the modules whose passes can be stopped between."""

    @abstractmethod
    def make(self, text: str, voice: str, seed: int) -> Any:
        """Return the sound of a piece as a tensor."""

    def check(self, text: str) -> None:
        """See `base.Speaker.check`. These models read what they can of any text."""

    def say(
        self, text: str, voice: str, speed: float, seed: int, is_cancelled: CancelCheck
    ) -> NDArray[np.float32]:
        """See `base.Speaker.say`."""
        import torch

        torch.manual_seed(seed)
        with torch.inference_mode(), contextlib.ExitStack() as stack:
            for model in self.models():
                stack.enter_context(cancel_between_passes(model, is_cancelled))
            wave = self.make(text, voice, seed)
        return stretch(np.clip(mono(wave, self.card.title), -1, 1), speed, self.rate)


def max_steps(text: str, a_second: float) -> int:
    """Return how many steps, of which there are `a_second`, a text can take at most."""
    return int((len(text) / LETTERS_A_SECOND + 3) * a_second)
