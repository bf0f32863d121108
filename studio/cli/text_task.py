"""`studio text --task NAME`: a guided task's prompt, and its results checked and ranked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from studio.cli import output
from studio.cli.context import Context
from studio.core.artifact import Artifact
from studio.core.errors import StudioError
from studio.core.requests.story import Story
from studio.core.requests.text_task import FixAttempt, OmittedText, PartNote, TaskReview
from studio.core.translation import tr, tr_plural
from studio.text_checks.titles import check_title
from studio.text_tasks.extraction import extract_summary
from studio.text_tasks.loader import find_task
from studio.text_tasks.missing_facts import notes_of
from studio.text_tasks.model_prompts.specialist import find_writer
from studio.text_tasks.passages import Coverage
from studio.text_tasks.ranking import RankedText, Ranking
from studio.text_tasks.requests import (
    TaskInput,
    TaskValues,
    read_count,
    read_fix,
    read_values,
    request_values,
)
from studio.text_tasks.task import Task


class TaskOutcome(msgspec.Struct, kw_only=True):
    """What `--json` prints for a task."""

    task: str
    language: str
    method: str
    """`model`, or `extract` for sentences of the source."""
    ranking: Ranking | None = None
    coverage: Coverage | None = None
    """Of the best summary."""
    job: Any = None
    """The job's outcome, as without a task; None if no model ran."""


@dataclass(frozen=True)
class TaskRun:
    """One call of the command with a task."""

    task: Task
    inputs: TaskInput
    values: TaskValues

    def print_results(self, outcome: Any, *, as_json: bool) -> None:
        """Print the texts of a job, which its recipes rank and review."""
        ranking = _ranking(outcome.artifacts, outcome.texts)
        fixes = ranking.results[0].fixes if ranking.results else ()
        coverage = ranking.results[0].coverage if ranking.results else None
        if as_json:
            output.as_json(
                TaskOutcome(
                    task=self.task.name,
                    language=self.values.language,
                    method="model",
                    ranking=ranking,
                    coverage=coverage,
                    job=outcome,
                )
            )
            return
        for number, ranked in enumerate(ranking.results, start=1):
            output.result(ranked.text if len(ranking.results) == 1 else f"{number}. {ranked.text}")
            if sentence := _failed_sentence(number, ranked):
                output.note(sentence)
            if ranked.left_out:
                sentences = " ".join(one.text for one in ranked.left_out)
                output.note(
                    tr(
                        "Left out, because the facts do not support it: {sentences}",
                        sentences=sentences,
                    )
                )
            for note in notes_of(ranked.added, ranked.missing):
                output.note(note)
        _note_fixes(fixes)
        self._note_counts(ranking)
        _note_parts(ranking.results[0].notes if ranking.results else ())
        if coverage is not None:
            _note_coverage(coverage)

    def _note_counts(self, ranking: Ranking) -> None:
        wanted = self.inputs.candidates or self.task.candidates
        if ranking.results and len(ranking.results) < wanted:
            output.note(
                tr(
                    "{count} of {wanted} results: the other texts were refusals, repeated or "
                    "unusable. Another seed may give more.",
                    count=len(ranking.results),
                    wanted=wanted,
                )
            )
        if ranking.omitted:
            output.note(
                tr_plural(
                    "One more text was generated and left out; it is in the recipe.",
                    "{count} more texts were generated and left out; they are in the recipe.",
                    len(ranking.omitted),
                )
            )

    def extract(self, *, as_json: bool) -> None:
        """Print sentences of the source instead of a model's summary."""
        count = int(self.values.texts["sentences"])
        coverage = extract_summary(self.inputs.prompt, count, self.values.texts["focus"])
        if as_json:
            outcome = TaskOutcome(
                task=self.task.name,
                language=self.values.language,
                method="extract",
                coverage=coverage,
            )
            output.as_json(outcome)
            return
        for sentence in coverage.sentences:
            output.result(sentence.text)
        output.note(
            tr("No model wrote this: the sentences are taken from the text as they stand there.")
        )
        _note_coverage(coverage)


class TaskOptions(NamedTuple):
    """Options of the command that only tasks have, or use in their own way."""

    fix: str = ""
    """At most so many corrections, as text."""
    file: Path | None = None
    """The file with the prompt; a story's own file for its next step."""


def prepare_task(
    context: Context, name: str, fields: Sequence[str], values: dict[str, Any], options: TaskOptions
) -> TaskRun:
    """Return the run of a task; `values` are the command's options that were set.

    Raises StudioError and InvalidRequestError.
    """
    task = find_task(context.data, name)
    settings = dict(values)
    prompt = settings.pop("prompt")
    story = _story_of(options.file) if task.story and options.file is not None else None
    if story is not None:
        prompt = story.premise
    inputs = TaskInput(
        prompt=prompt,
        fields=dict(map(_split_field, fields)),
        candidates=read_count(settings.pop("num_return_sequences", "")),
        fix=read_fix(options.fix),
        story=story,
        settings=settings,
    )
    return TaskRun(task, inputs, read_values(task, inputs))


def values_for_model(run: TaskRun, context: Context) -> dict[str, Any] | None:
    """Return the request's values; None if sentences of the source are the result.

    That is so without a model for text, for tasks that can do without. Raises StudioError and
    InvalidRequestError.
    """
    name = str(run.inputs.settings.get("model", "") or "")
    try:
        if name:
            card = context.find_card("text", name)
        else:
            card = find_writer(run.task, run.inputs, context.find_card)
    except StudioError:
        if run.task.extracts and not name:
            return None
        raise
    return {**request_values(run.task, run.inputs, card), "model": card.name}


def _story_of(file: Path) -> Story | None:
    """Return the story in the recipe of a file that an earlier job wrote, or None."""
    from studio.library.artifacts import read_recipe  # imports numpy

    recipe = read_recipe(file)
    return recipe.review.story if recipe is not None and recipe.review is not None else None


def _split_field(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise StudioError(
            tr("--field needs NAME=VALUE, not {text}.", text=text[:40]),
            cause="invalid",
            cure=tr("For example: --field style=lively"),
        )
    return name.strip(), value


def _ranking(artifacts: Sequence[Artifact], texts: Sequence[str]) -> Ranking:
    """Return the results of a job as its files and their recipes hold them."""
    from studio.library.artifacts import read_recipe  # imports numpy

    results: list[RankedText] = []
    omitted: list[OmittedText] = []
    for artifact, text in zip(artifacts, texts, strict=False):
        recipe = read_recipe(Path(artifact.path))
        review = recipe.review if recipe is not None and recipe.review else TaskReview(unedited="")
        omitted += review.omitted
        if not artifact.partial:
            ranked = RankedText(
                text=text,
                index=review.index,
                complete=artifact.finish_reason != "length",
                unedited=review.unedited,
                checks=review.checks,
                left_out=review.left_out,
                added=review.added,
                missing=review.missing,
                fixes=review.fixes,
                coverage=review.coverage,
                notes=review.notes,
            )
            results.append(ranked)
    return Ranking(results=tuple(results), omitted=tuple(omitted))


def _failed_sentence(number: int, ranked: RankedText) -> str:
    failed = [check_title(check.name) for check in ranked.checks if not check.passed]
    if not ranked.complete:
        failed.append(tr("stopped at the limit of tokens"))
    if not failed:
        return ""
    return tr("{number}: look at {checks}", number=number, checks=", ".join(failed))


def _note_parts(notes: Sequence[PartNote]) -> None:
    """Say in how many parts the text was read, and of how many the model wrote nothing usable."""
    if not notes:
        return
    extracted = sum(note.extracted for note in notes)
    output.note(tr_plural("Read in one part.", "Read in {count} parts.", len(notes)))
    if extracted:
        output.note(
            tr_plural(
                "Of one part, a sentence of the text stands for what the model wrote, which is "
                "not in the text.",
                "Of {count} parts, a sentence of the text stands for what the model wrote, which "
                "is not in the text.",
                extracted,
            )
        )


def _note_fixes(fixes: Sequence[FixAttempt]) -> None:
    """Say how often the model corrected the text, and whether that helped."""
    if any(attempt.helped and attempt.by == "omission" for attempt in fixes):
        output.note(tr("Sentences with facts that are not in yours were left out."))
    fixes = [attempt for attempt in fixes if attempt.by == "model"]
    helped = sum(attempt.helped for attempt in fixes)
    if fixes and not helped:
        output.note(
            tr_plural(
                "One correction did not help; the text is the first one.",
                "{count} corrections did not help; the text is the first one.",
                len(fixes),
            )
        )
    elif fixes:
        output.note(
            tr_plural(
                "The text was corrected; one correction of {all} helped.",
                "The text was corrected; {count} corrections of {all} helped.",
                helped,
                all=len(fixes),
            )
        )


def _note_coverage(coverage: Coverage) -> None:
    output.note(
        tr(
            "Parts of the text that the summary speaks of: {covered} of {parts}.",
            covered=len(coverage.covered),
            parts=coverage.parts,
        )
    )
    if coverage.unlinked:
        output.note(
            tr_plural(
                "One sentence has no passage in the text; check it.",
                "{count} sentences have no passage in the text; check them.",
                coverage.unlinked,
            )
        )
