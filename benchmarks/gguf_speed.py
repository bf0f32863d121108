"""Tokens per CPU second of a GGUF as it is, against llama.cpp alone, against transformers on the
same weights, converted once, and of 16 prompts at once against one by one.

Needs llama.cpp. Measures a GGUF made from the installed starter text model
($STUDIO_STARTER_DIR or the data folder), or another file: `python -m benchmarks.gguf_speed FILE`,
or $STUDIO_BENCHMARK_GGUF.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks.measure import cpu_seconds, report
from benchmarks.starter_gguf import gguf_file
from studio.engine.text.gguf_context import GgufPipeline

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

    def speed(
        model: tuple[ModelCard, text.Pipeline], seeds: Sequence[int], *, greedy: bool = False
    ) -> float:
        card, pipeline = model
        requests = [TextRequest(prompt=PROMPT, seed=seed, max_new_tokens=TOKENS) for seed in seeds]
        if greedy:
            requests = [
                msgspec.structs.replace(one, temperature=0, repetition_penalty=1)
                for one in requests
            ]
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
        alone = 0.0
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
            alone = alone or ours
        report(
            f"GGUF, {BATCH} prompts at once / one by one, tokens per CPU second",
            ">= 4",
            ours / alone,
            ours / alone >= 4,
        )
        _card, pipeline = models[0]
        assert isinstance(pipeline, GgufPipeline)
        pairs = [
            [speed(models[0], [0], greedy=True), _bare_speed(pipeline)] for _ in range(2 * ROUNDS)
        ]
        ours, bare = (max(pair[part] for pair in pairs) for part in (0, 1))
        report(
            "GGUF through Studio / llama.cpp's own calls in a loop, tokens per CPU second",
            ">= 0.95",
            ours / bare,
            ours / bare >= 0.95,
            studio=round(ours, 1),
            bare=round(bare, 1),
        )


def _bare_speed(pipeline: GgufPipeline) -> float:
    """Return the tokens per CPU second of llama.cpp's own calls, in a loop without Studio."""
    from studio.engine.text.gguf_context import new_batch, new_context
    from studio.models.llama_cpp import binding

    start = cpu_seconds()
    ids = pipeline.tokenizer.apply_chat_template([{"role": "user", "content": PROMPT}])
    assert isinstance(ids, dict)
    prompt = ids["input_ids"]
    context, batch = new_context(pipeline, 1, len(prompt) + TOKENS), new_batch(1)
    chain = binding().LlamaSampler(binding().LlamaSamplerChainParams())
    chain.add_greedy()
    for place, token in enumerate(prompt):
        batch.add(token, place, [0], place == len(prompt) - 1)
    context.decode(batch)
    place, made = len(prompt) - 1, 0
    while made < TOKENS:
        token = int(chain.sample(context, place))
        made += 1
        if pipeline.tokenizer.is_end(token) or made == TOKENS:
            break
        batch.reset()
        batch.add(token, len(prompt) + made - 1, [0], True)
        context.decode(batch)
        place = 0
    return made / (cpu_seconds() - start)


if __name__ == "__main__":
    main()
