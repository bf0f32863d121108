"""Base class of speech models that generate token by token (Bark, CSM, Dia …).

If a model has no voices of its own, the first piece of a text draws one, and the next pieces get
the first as a prompt, so that the voice stays.
"""

from __future__ import annotations

import contextlib
from abc import abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.engine.protocol import CancelCheck
from studio.engine.runtime.interrupt import cancel_between_passes
from studio.engine.runtime.placement import DEFAULT_PLAN, device_of, dtype_of
from studio.engine.runtime.waveform_model import mono
from studio.engine.speech.base import SpeechModel
from studio.engine.speech.time_stretch import stretch
from studio.models.card import ModelCard
from studio.models.memory.load_plan import LoadPlan

LETTERS_A_SECOND = 5
"""Of the slowest speech; audio beyond it is not speech any more."""


class AutoregressiveSpeechModel(SpeechModel):
    """A loaded speech model; each family's class loads it and generates audio from a piece."""

    def __init__(self, card: ModelCard, plan: LoadPlan = DEFAULT_PLAN) -> None:
        self.card = card
        self.plan = plan
        self.device = device_of(plan)

    def load(self, loader: Any, folder: Path | None = None, **options: Any) -> Any:
        """Load a model, or a component from a folder of its own.

        Only safetensors, never code from the folder.
        """
        import torch

        # float32 also on a GPU, if it fits, and always for vocoders: see runtime/waveform_model.py.
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
        """Load the tokenizer."""
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(
            self.card.folder, local_files_only=True, trust_remote_code=False
        )

    def part(self, name: str) -> Path:
        """Return the folder of a component with a repository of its own.

        Raises StudioError if it is missing.
        """
        folder = self.card.folder / name
        if not folder.is_dir():
            raise StudioError(
                tr(
                    "The folder {folder} of {model} is missing.", folder=name, model=self.card.title
                ),
                cause="model",
                cure=tr("Remove it and install it again."),
            )
        return folder

    @abstractmethod
    def modules(self) -> tuple[Any, ...]:
        """Return the modules between whose passes a job can be cancelled."""

    @abstractmethod
    def generate(self, text: str, voice: str, seed: int) -> Any:
        """Return the samples of a piece as a tensor."""

    def check(self, text: str) -> None:
        """See `SpeechModel.check`. These models read any text as far as they can."""

    def synthesize(
        self, text: str, voice: str, speed: float, seed: int, is_cancelled: CancelCheck
    ) -> NDArray[np.float32]:
        """See `SpeechModel.synthesize`."""
        import torch

        torch.manual_seed(seed)
        with torch.inference_mode(), contextlib.ExitStack() as stack:
            for model in self.modules():
                stack.enter_context(cancel_between_passes(model, is_cancelled))
            wave = self.generate(text, voice, seed)
        return stretch(np.clip(mono(wave, self.card.title), -1, 1), speed, self.rate)


def max_steps(text: str, a_second: float) -> int:
    """Return how many steps, at `a_second` of them, a text can take at most."""
    return int((len(text) / LETTERS_A_SECOND + 3) * a_second)
