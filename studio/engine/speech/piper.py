"""Piper (https://github.com/OHF-Voice/piper1-gpl), run as a program and never imported (GPL).

It reads a line of text from its standard input and writes 16-bit samples to its standard output.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import StudioError
from studio.core.lifeline import start_tied
from studio.core.translation import tr
from studio.engine.protocol import CancelCheck, JobCancelledError
from studio.engine.runtime.interrupt import POLL_SECONDS
from studio.engine.speech.base import SpeechModel
from studio.engine.speech.sentences import Piece, group_pieces, split_sentences
from studio.models.card import ModelCard
from studio.models.inspect.piper import sampling_rate, voice_files

GROUP = 400
"""Characters of a piece: the program loads its voice again for each."""


class Piper(SpeechModel):
    """A Piper voice and the program that speaks with it."""

    reads_phonemes = True  # those of espeak

    def __init__(self, card: ModelCard) -> None:
        self._title = card.title
        self._program = program()
        self._voice, settings = voice_files(card.folder)
        self._settings = settings
        self.rate = sampling_rate(settings)

    def pieces(self, text: str) -> list[Piece]:
        """See `SpeechModel.pieces`. The first is short, so that it plays early."""
        first, *others = split_sentences(text) or [Piece("", 0.0)]
        return [first, *group_pieces(others, GROUP)]

    def check(self, text: str) -> None:
        """See `SpeechModel.check`. The program's espeak reads any script."""

    def synthesize(
        self, text: str, voice: str, speed: float, seed: int, is_cancelled: CancelCheck
    ) -> NDArray[np.float32]:
        """See `SpeechModel.synthesize`. Ignores the seed: the program has none."""
        command = [
            self._program,
            "--model",
            str(self._voice),
            "--config",
            str(self._settings),
            "--output-raw",
        ]
        command += ["--length-scale", f"{1 / speed:.4f}", *(["--speaker", voice] if voice else [])]
        with tempfile.TemporaryFile() as errors:
            process = start_tied(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
            output = _run(process, f"{' '.join(text.split())}\n".encode(), is_cancelled)
            errors.seek(0)
            messages = errors.read().decode(errors="replace").strip().splitlines()
        if process.returncode:
            raise StudioError(
                tr(
                    "Piper could not speak with {voice}: {reason}.",
                    voice=self._title,
                    reason=messages[-1][:200] if messages else tr("it gave no reason"),
                ),
                cause="model",
                cure=tr("The voice may need a newer version of piper."),
            )
        samples = np.frombuffer(output[: len(output) // 2 * 2], "<i2").astype(np.float32)
        return np.asarray(samples / 32_768, np.float32)


def program() -> str:
    """Return the path of the program. Raises StudioError with how to install it."""
    path = shutil.which("piper")
    if path is None or not Path(path).is_absolute():
        raise StudioError(
            tr("This voice needs the program piper, which is not installed on this computer."),
            cause="model",
            cure=tr(
                "Install it (`pipx install piper-tts`, or from your system's packages), and start "
                "Studio again."
            ),
        )
    return path


def _run(process: subprocess.Popen[bytes], text: bytes, is_cancelled: CancelCheck) -> bytes:
    """Return the program's output for the text.

    Kills it and raises JobCancelledError soon after `is_cancelled()` became true.
    """
    output = b""

    def communicate() -> None:
        nonlocal output
        output = process.communicate(text)[0]

    thread = threading.Thread(target=communicate, name="piper", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            if is_cancelled():
                raise JobCancelledError
            thread.join(POLL_SECONDS)
    finally:
        if process.poll() is None:
            process.kill()
        thread.join()
        process.wait()
    return output
