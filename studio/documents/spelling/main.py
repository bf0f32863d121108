"""The child process of the spell check: `main FOLDER`; a question and an answer are a line each."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from studio.core.errors import StudioError
from studio.documents.spelling.dictionary import Dictionary
from studio.documents.spelling.messages import Answer, Question
from studio.media.child_process import limit_memory, take_output, write_all

MEMORY_BYTES = 1 << 30
"""Of addresses. The largest dictionaries take less than a tenth."""


def main() -> int:
    """Answer until the window closes the pipe."""
    limit_memory(MEMORY_BYTES)
    descriptor = take_output()
    dictionary, failure = None, None
    try:
        dictionary = Dictionary(Path(sys.argv[1]))
    except StudioError as error:
        failure = error.failure()
    for line in sys.stdin.buffer:
        question = msgspec.json.decode(line, type=Question)
        if dictionary is None:
            answer = Answer(failure=failure)
        else:
            unknown = tuple(word for word in question.words if not dictionary.is_known(word))
            found = dictionary.suggest(question.suggest) if question.suggest else ()
            answer = Answer(unknown, found)
        try:
            write_all(descriptor, msgspec.json.encode(answer) + b"\n")
        except OSError:  # the window is gone
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
