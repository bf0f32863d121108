"""The networks of the image tools, read from a model's folder when a tool first needs them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.core.environment import thread_count
from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.engine.protocol import CancelCheck
from studio.engine.runtime.interrupt import run_session
from studio.engine.runtime.onnx import import_onnxruntime
from studio.models.card import ModelCard

if TYPE_CHECKING:
    from studio.engine.image_tools.networks import Enlarger


class ToolWeights:
    """The networks of one model of image tools. `device`: of the enlarger; the others are small."""

    def __init__(self, card: ModelCard, device: str) -> None:
        self._card = card
        self.device = device
        self._sessions: dict[str, Any] = {}
        self._enlarger: Enlarger | None = None

    def enlarger(self) -> Enlarger:
        """Return the network that enlarges. Raises StudioError without one."""
        if self._enlarger is None:
            from studio.engine.image_tools.networks import load_enlarger

            files = sorted(self._card.folder.glob("*.safetensors"))
            if not files:
                raise self._missing("*.safetensors")
            try:
                self._enlarger = load_enlarger(files[0], self.device)
            except ValueError as error:
                raise StudioError(
                    tr(
                        "{file} has no network that Studio knows: {reason}.",
                        file=files[0].name,
                        reason=error,
                    ),
                    cause="model",
                ) from error
        return self._enlarger

    def run(self, name: str, inputs: Sequence[Any], is_cancelled: CancelCheck) -> Any:
        """Return the first output of an ONNX network.

        Raises StudioError if its file is missing, JobCancelledError when the job was cancelled.
        """
        session = self._sessions.get(name)
        if session is None:
            session = self._sessions[name] = self._open(self._card.folder / name)
        names = [one.name for one in session.get_inputs()]
        arrays = dict(zip(names, inputs, strict=True))
        return run_session(session, arrays, is_cancelled)[0]

    def _open(self, file: Path) -> Any:
        if not file.is_file():
            raise self._missing(file.name)
        onnxruntime = import_onnxruntime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = thread_count()
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])

    def _missing(self, name: str) -> StudioError:
        return StudioError(
            tr("{model} has no file {name}.", model=self._card.title, name=name),
            cause="model",
            cure=tr("Choose another model for this tool, or none for the one that comes along."),
        )
