"""Run the guided tasks on the inputs and print a table:
`python -m benchmarks.text_tasks.run OUT MODEL …`.

Results are appended to OUT (JSON lines) one by one, so that a run that was stopped goes on where it
ended. The tasks take turns: after any time, each has as many inputs as the others. `--table` only
prints what OUT holds, `--per-task N` takes the first N inputs of each language, `--tasks` some of
the tasks, and `--unseen` the five inputs a language that no rule was written for.
"""

from __future__ import annotations

import argparse
import itertools
import resource
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
    "report": "facts",
    "story": "premise",
}
"""Task → the inputs that it gets."""
FIELDS = {
    "summary": {"sentences": "3"},
    "poem": {"form": "haiku"},
    "article": {"words": "120"},
    "commentary": {"words": "120"},
    "report": {"words": "150"},
    "rewrite": {"how": "simpler"},
    "story": {"chapters": "2", "scenes": "1", "words": "90"},
}
POEM_FORMS = {
    "en": ("limerick", "haiku", "couplets", "quatrain", "sonnet"),
    "zh": ("五言绝句", "七言绝句", "如梦令", "渔歌子", "free"),
}
"""Forms of poems, which take turns with the inputs."""
UNSEEN = "unseen"
RECALLED = ("summary", "article", "report", "commentary", "bullets")
"""Tasks whose texts keep the facts of the input."""
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
    """Share of the figures, names and quotes of the input that the text has."""
    seconds: float = 0.0
    cpu: float = 0.0
    """Seconds of CPU time, which other programs do not change as much."""
    failure: str = ""


def inputs_of(task: str, language: str, *, unseen: bool = False) -> list[str]:
    """Return the inputs of a task in a language; none if there are no unseen ones."""
    table = tomllib.loads((Path(__file__).parent / "inputs.toml").read_text(encoding="utf-8"))
    kind = KINDS[task]
    if unseen:
        return list(table[UNSEEN].get(kind, {}).get(language, ()))
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


def fields_of(task: str, language: str, number: int) -> dict[str, str]:
    """Return the fields of a task for an input."""
    fields = {"language": language, **FIELDS.get(task, {})}
    if task == "poem":
        fields["form"] = POEM_FORMS[language][number % len(POEM_FORMS[language])]
    return fields


def work(
    models: Sequence[str], tasks: Sequence[str], per_language: int, *, unseen: bool
) -> Iterator[tuple[str, str, str, int]]:
    """Yield (model, task, language, input number), the tasks in turns."""
    numbers = range(per_language)
    for model in models:
        for number, language, task in itertools.product(numbers, LANGUAGES, tasks):
            if number < len(inputs_of(task, language, unseen=unseen)):
                yield model, task, language, number


def run_one(
    engine: LocalEngine,
    card: ModelCard,
    place: tuple[str, str, int],
    outputs: Path,
    *,
    unseen: bool,
) -> Line:
    """Run one task on one input."""
    task, language, number = place
    text = inputs_of(task, language, unseen=unseen)[number]
    inputs = TaskInput(
        prompt=text,
        fields=fields_of(task, language, number),
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

    started, cpu = time.monotonic(), _cpu_seconds()
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
        recall=recall_of(texts[0], text) if task in RECALLED and texts else None,
        seconds=round(time.monotonic() - started, 1),
        cpu=round(_cpu_seconds() - cpu, 1),
        failure=end.failure.message if isinstance(end, Failed) else "",
    )


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def table_of(lines: Sequence[Line]) -> str:
    """Return the results as a table for docs/text.md."""
    rows = [
        "| model | task | language | inputs | all checks | usable | most failed | recall | CPU |",
        "|---|---|---|---:|---:|---:|---|---:|---:|",
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
            f"{most} | {recall} | {sum(line.cpu for line in found) / len(found):.0f} s |"
        )
    return "\n".join(rows)


def main() -> None:
    """Run what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("models", nargs="*")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--per-task", type=int, default=15)
    parser.add_argument("--tasks", nargs="+", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--unseen", action="store_true")
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
            places = work(options.models, options.tasks, options.per_task, unseen=options.unseen)
            for model, task, language, number in places:
                if (model, task, language, number) in done:
                    continue
                card, place = registry.find("text", model), (task, language, number)
                line = run_one(engine, card, place, outputs, unseen=options.unseen)
                lines.append(line)
                file.write(msgspec.json.encode(line) + b"\n")
                file.flush()
                sys.stderr.write(f"{model} {task} {language} {number}: {line.seconds} s\n")
        engine.close()
    print(table_of(lines))


if __name__ == "__main__":
    main()
