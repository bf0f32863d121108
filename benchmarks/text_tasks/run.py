"""Run the guided tasks on the inputs and print a table:
`python -m benchmarks.text_tasks.run OUT MODEL …`.

Results are appended to OUT (JSON lines) one by one, so that a run that was stopped goes on where it
ended. The tasks take turns: after any time, each has as many inputs as the others. `--table` only
prints what OUT holds, `--per-task N` takes the first N inputs of each language.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from studio.core.events import Failed, Finished, JobEvent
from studio.core.jobs import new_job
from studio.core.paths import DataFolder
from studio.core.requests import TextRequest
from studio.engine.local import LocalEngine
from studio.library.artifacts import read_recipe
from studio.models.card import ModelCard
from studio.models.registry import ModelRegistry
from studio.text_checks.facts import check_facts
from studio.text_tasks.loader import find_task
from studio.text_tasks.requests import TaskInput, build_requests

KINDS = {
    "headline": "topic",
    "summary": "source",
    "poem": "topic",
    "ad": "product",
    "article": "facts",
    "rewrite": "source",
    "bullets": "source",
    "code": "function",
    "title": "topic",
    "commentary": "facts",
}
"""Task → the inputs that it gets."""
FIELDS = {
    "summary": {"sentences": "3"},
    "poem": {"form": "haiku"},
    "article": {"words": "120"},
    "commentary": {"words": "120"},
    "rewrite": {"how": "simpler"},
}
LANGUAGES = ("en", "zh")
SEED = 1


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One result."""

    model: str
    task: str
    language: str
    number: int
    """Of the input, from 0."""
    input: str
    texts: tuple[str, ...]
    """The results, as they are shown."""
    failed: tuple[str, ...]
    """Checks that the best one fails."""
    omitted: int = 0
    recall: float | None = None
    """Share of the reference facts whose figures and names a summary has."""
    seconds: float = 0.0
    failure: str = ""


def inputs_of(task: str, language: str) -> list[str]:
    """Return the inputs of a task in a language."""
    table = tomllib.loads((Path(__file__).parent / "inputs.toml").read_text(encoding="utf-8"))
    kind = KINDS[task]
    if kind != "source":
        return list(table[kind][language])
    filler = table["filler"][language]
    return [
        f"{facts}\n{filler}".replace("\n", " " if language == "en" else "")
        for facts in table["facts"][language]
    ]


def recall_of(text: str, source: str) -> float:
    """Return the share of the source's figures and names that a text has."""
    marked = check_facts(source, text).spans
    everything = check_facts(source, "").spans
    return 1 - len(marked) / max(1, len(everything))


def work(models: Sequence[str], per_language: int) -> Iterator[tuple[str, str, str, int]]:
    """Yield (model, task, language, input number), the tasks in turns."""
    numbers = range(per_language)
    for model in models:
        for number, language, task in itertools.product(numbers, LANGUAGES, KINDS):
            yield model, task, language, number


def run_one(
    engine: LocalEngine, card: ModelCard, place: tuple[str, str, int], outputs: Path
) -> Line:
    """Run one task on one input."""
    task, language, number = place
    text = inputs_of(task, language)[number]
    inputs = TaskInput(
        prompt=text,
        fields={"language": language, **FIELDS.get(task, {})},
        candidates=1,
        settings={"seed": SEED},
    )
    (request,) = build_requests(find_task(None, task), inputs, card)
    assert isinstance(request, TextRequest)
    job = new_job(request, str(outputs))
    ends: list[Finished | Failed] = []

    def keep(event: JobEvent) -> None:
        if isinstance(event.event, (Finished, Failed)):
            ends.append(event.event)

    started = time.monotonic()
    engine.run([job], keep, lambda _job: False)
    end = ends[-1]
    paths = [Path(one.path) for one in end.artifacts if not one.partial]
    recipes = [recipe for path in paths if (recipe := read_recipe(path)) is not None]
    reviews = [recipe.review for recipe in recipes if recipe.review is not None]
    texts = tuple(path.read_text(encoding="utf-8") for path in paths)
    failed = tuple(check.name for check in reviews[0].checks if not check.passed) if reviews else ()
    return Line(
        model=card.name,
        task=task,
        language=language,
        number=number,
        input=text,
        texts=texts,
        failed=failed,
        omitted=len(reviews[0].omitted) if reviews else 0,
        recall=recall_of(texts[0], text) if task == "summary" and texts else None,
        seconds=round(time.monotonic() - started, 1),
        failure=end.failure.message if isinstance(end, Failed) else "",
    )


def table_of(lines: Sequence[Line]) -> str:
    """Return the results as a table for docs/text.md."""
    rows = [
        "| model | task | language | inputs | all checks | usable | most failed | recall |",
        "|---|---|---|---:|---:|---:|---|---:|",
    ]
    groups: dict[tuple[str, str, str], list[Line]] = {}
    for line in lines:
        groups.setdefault((line.model, line.task, line.language), []).append(line)
    for (model, task, language), found in groups.items():
        good = sum(bool(line.texts) and not line.failed for line in found)
        usable = sum(bool(line.texts) for line in found)
        names = [name for line in found for name in line.failed]
        most = max(set(names), key=names.count) if names else "–"
        recalls = [line.recall for line in found if line.recall is not None]
        recall = f"{sum(recalls) / len(recalls):.2f}" if recalls else "–"
        rows.append(
            f"| {model} | {task} | {language} | {len(found)} | {good} | {usable} | "
            f"{most} | {recall} |"
        )
    return "\n".join(rows)


def main() -> None:
    """Run what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("models", nargs="*")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--per-task", type=int, default=15)
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    outputs = options.out.absolute().with_suffix(".outputs")
    lines = [
        msgspec.json.decode(one, type=Line)
        for one in (options.out.read_bytes().splitlines() if options.out.exists() else [])
    ]
    if not options.table:
        data = DataFolder(options.data)
        engine, registry = LocalEngine(data), ModelRegistry(data)
        done = {(one.model, one.task, one.language, one.number) for one in lines}
        with options.out.open("ab") as file:
            for model, task, language, number in work(options.models, options.per_task):
                if (model, task, language, number) in done:
                    continue
                line = run_one(
                    engine, registry.find("text", model), (task, language, number), outputs
                )
                lines.append(line)
                file.write(msgspec.json.encode(line) + b"\n")
                file.flush()
                sys.stderr.write(f"{model} {task} {language} {number}: {line.seconds} s\n")
        engine.close()
    print(table_of(lines))


if __name__ == "__main__":
    main()
