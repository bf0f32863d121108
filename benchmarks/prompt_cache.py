"""Time to the first token of a second turn over 2 000 tokens, against the first turn.

Both ways to run the starter text model ($STUDIO_STARTER_DIR or the data folder) or another GGUF
(`python -m benchmarks.prompt_cache FILE`, or $STUDIO_BENCHMARK_GGUF): as it is, and converted.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.measure import cpu_seconds, report
from benchmarks.starter_gguf import gguf_file

WORDS = 1700
"""About 2 000 tokens."""
SENTENCE = "The council of the small town met on Monday to talk about the old bridge over the river"
LIMIT = 0.3


def main() -> None:
    """Measure and print."""
    from studio.core import environment
    from studio.core.paths import DataFolder
    from studio.models.install.add import add

    environment.prepare()
    with tempfile.TemporaryDirectory() as folder:
        path = gguf_file(Path(folder))
        for convert in (False, True):
            data = DataFolder(root=Path(folder) / str(convert))
            data.create()
            card = add(data, path, convert=convert)
            _measure(card)


def _measure(card: object) -> None:
    from studio.core.requests import TextRequest
    from studio.engine.protocol import JobContext
    from studio.engine.text import generate as text
    from studio.library.results import TextResult
    from studio.models.card import ModelCard

    assert isinstance(card, ModelCard)
    pipeline = text.load(card)

    def turn(prompt: str) -> tuple[float, float, int, str]:
        """Return wall and CPU seconds to the first token, the prompt's tokens, and the text."""
        from studio.core.jobs import new_job

        request = TextRequest(prompt=prompt, temperature=0, max_new_tokens=24)
        job = JobContext(new_job(request, "/nowhere"), card, lambda _event: None, lambda: False)
        short = TextRequest(prompt=prompt, temperature=0, max_new_tokens=1)
        first = JobContext(new_job(short, "/nowhere"), card, lambda _event: None, lambda: False)
        start = cpu_seconds()
        _number, _result, statistics = next(iter(text.run_batch([first], pipeline)))
        cpu = cpu_seconds() - start
        _number, result, _statistics = next(iter(text.run_batch([job], pipeline)))
        assert isinstance(result, TextResult)
        return statistics.first_seconds, cpu, statistics.prompt_tokens, result.text

    turn("Hello.")
    document = " ".join(f"{number}. {SENTENCE}." for number in range(WORDS // 18))
    wall, cpu, tokens, answer = turn(f"{document}\n\nWhat is this about?")
    second = f"{document}\n\nWhat is this about?\n\n{answer}\n\nWho met, and on which day?"
    next_wall, next_cpu, next_tokens, reply = turn(second)
    pipeline.prompts.clear()
    _wall, _cpu, _tokens, without = turn(second)
    report(
        f"second turn / first turn, first token ({card.runner})",
        f"<= {LIMIT}",
        next_cpu / cpu,
        next_cpu / cpu <= LIMIT and reply == without,
        first_cpu_s=round(cpu, 2),
        second_cpu_s=round(next_cpu, 2),
        first_s=round(wall, 2),
        second_s=round(next_wall, 2),
        tokens=[tokens, next_tokens],
        same_text=reply == without,
    )


if __name__ == "__main__":
    main()
