"""Tokens per CPU second of a GGUF as it is (llama.cpp), against transformers on the same weights,
converted once.

Needs llama.cpp. Measures a GGUF made from the installed starter text model
($STUDIO_STARTER_DIR or the data folder), or another file: `python -m benchmarks.gguf_speed FILE`,
or $STUDIO_BENCHMARK_GGUF.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import cpu_seconds, report
from benchmarks.starter_gguf import gguf_file

ROUNDS = 3
TOKENS = 48
BATCH = 16
PROMPT = (
    "Tell me about the sea, the wind and the people who live with them, in as many words as "
    "you like."
)


def main() -> None:
    """Measure and print; nothing without llama.cpp."""
    from studio.models import llama_cpp

    if not llama_cpp.is_installed():
        sys.stderr.write("gguf_speed: llama.cpp has no wheel here\n")
        return
    from studio.core import environment
    from studio.core.jobs import new_job
    from studio.core.paths import DataFolder
    from studio.core.requests import TextRequest
    from studio.engine.protocol import JobContext
    from studio.engine.text import generate as text
    from studio.models.card import ModelCard
    from studio.models.install.add import add

    environment.prepare()

    def speed(model: tuple[ModelCard, text.Pipeline], seeds: Sequence[int]) -> float:
        card, pipeline = model
        requests = [TextRequest(prompt=PROMPT, seed=seed, max_new_tokens=TOKENS) for seed in seeds]
        runs = [
            JobContext(new_job(request, "/nowhere"), card, lambda _event: None, lambda: False)
            for request in requests
        ]
        start = cpu_seconds()
        tokens = sum(
            statistics.units for _number, _result, statistics in text.run_batch(runs, pipeline)
        )
        return tokens / (cpu_seconds() - start)

    with tempfile.TemporaryDirectory() as folder:
        path = gguf_file(Path(folder))
        models = []
        for convert in (False, True):
            data = DataFolder(root=Path(folder) / str(convert))
            data.create()
            card = add(data, path, convert=convert)
            models.append((card, text.load(card)))
        for model in models:
            speed(model, [0])
        for rows in (1, BATCH):
            pairs = [
                [speed(model, range(begin, begin + rows)) for model in models]
                for begin in range(ROUNDS)
            ]
            ours, theirs = (
                max(pair[part] for pair in pairs) for part in (0, 1)
            )  # the least disturbed of each
            report(
                f"GGUF as it is / converted, {rows} at once, tokens per CPU second",
                ">= 2" if rows == 1 else ">= 1",
                ours / theirs,
                ours / theirs >= (2 if rows == 1 else 1),
                llama_cpp=round(ours, 1),
                transformers=round(theirs, 1),
            )


if __name__ == "__main__":
    main()
