"""Piper (https://github.com/OHF-Voice/piper1-gpl): a program of its own, under the GPL, that is run
and never imported.

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
from studio.engine.protocol import CancelCheck, JobCancelledError
from studio.engine.runtime.interrupt import POLL_SECONDS
from studio.engine.speech.base import SpeechModel
from studio.engine.speech.sentences import Piece, group_pieces, split_sentences
from studio.models.card import ModelCard
from studio.models.inspect.piper import rate_of, voice_files

GROUP = 400
"""Characters of a piece: the program reads its voice anew for each."""


class Piper(SpeechModel):
    """A voice of Piper, and the program."""

    def __init__(self, card: ModelCard) -> None:
        self._title = card.title
        self._program = program()
        self._voice, settings = voice_files(card.folder)
        self._settings = settings
        self.rate = rate_of(settings)

    def pieces(self, text: str) -> list[Piece]:
        """See `Speaker.pieces`. The first is short, so that sound comes soon."""
        first, *others = split_sentences(text) or [Piece("", 0.0)]
        return [first, *group_pieces(others, GROUP)]

    def check(self, text: str) -> None:
        """See `Speaker.check`. espeak, inside the program, reads any script somehow."""

    def say(
        self, text: str, voice: str, speed: float, seed: int, is_cancelled: CancelCheck
    ) -> NDArray[np.float32]:
        """See `Speaker.say`. The program has no seed: it draws its own chance."""
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
            heard = _run(process, f"{' '.join(text.split())}\n".encode(), is_cancelled)
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip().splitlines()
        if process.returncode:
            raise StudioError(
                f"Piper could not speak with {self._title}: "
                f"{said[-1][:200] if said else 'it gave no reason'}.",
                cause="model",
                cure="Check that voice and program belong together; a newer piper may be needed.",
            )
        samples = np.frombuffer(heard[: len(heard) // 2 * 2], "<i2").astype(np.float32)
        return np.asarray(samples / 32_768, np.float32)


def program() -> str:
    """Return where the program lies. Raises StudioError with how to get it."""
    found = shutil.which("piper")
    if found is None or not Path(found).is_absolute():
        raise StudioError(
            "This voice needs the program piper, which is not installed on this computer.",
            cause="model",
            cure="Install it (`pipx install piper-tts`, or from your system's packages), and start "
            "Studio again.",
        )
    return found


def _run(process: subprocess.Popen[bytes], text: bytes, is_cancelled: CancelCheck) -> bytes:
    """Return what the program writes for the text. Kills it and raises JobCancelledError soon after
    `is_cancelled()` became true.
    """
    heard = b""

    def talk() -> None:
        nonlocal heard
        heard = process.communicate(text)[0]

    talker = threading.Thread(target=talk, name="piper", daemon=True)
    talker.start()
    try:
        while talker.is_alive():
            if is_cancelled():
                raise JobCancelledError
            talker.join(POLL_SECONDS)
    finally:
        if process.poll() is None:
            process.kill()
        talker.join()
        process.wait()
    return heard
