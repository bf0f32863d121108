"""The menu of what a model can do with a part of a document."""

from __future__ import annotations

from typing import NamedTuple

from studio.core.errors import StudioError
from studio.core.paths import DataFolder
from studio.core.translation import mark
from studio.text_tasks.loader import find_task, load_tasks
from studio.text_tasks.task import Task


class Instruction(NamedTuple):
    """One entry of the menu."""

    title: str
    """Marked, or the title of a person's own task."""
    task: str
    field: str = ""
    value: str = ""


REWRITINGS = (
    Instruction(mark("Make clearer"), "rewrite", "how", "clearer"),
    Instruction(mark("Shorten"), "rewrite", "how", "shorter"),
    Instruction(mark("Expand"), "rewrite", "how", "longer"),
    Instruction(mark("Simplify"), "rewrite", "how", "simpler"),
    Instruction(mark("Formal tone"), "rewrite", "how", "formal"),
    Instruction(mark("Friendly tone"), "rewrite", "how", "friendly"),
    Instruction(mark("Correct spelling and grammar"), "rewrite", "how", "corrected"),
)
FORMS = (
    Instruction(mark("Prose to bullet points"), "bullets"),
    Instruction(mark("Bullet points to prose"), "prose"),
    Instruction(mark("Title"), "title"),
)
LANGUAGES = {
    "English": mark("English"),
    "Chinese": mark("Chinese"),
    "German": mark("German"),
    "French": mark("French"),
    "Spanish": mark("Spanish"),
    "Japanese": mark("Japanese"),
    "Korean": mark("Korean"),
    "Russian": mark("Russian"),
}
"""Choice of the task `translate` → title."""
TRANSLATIONS = tuple(
    Instruction(title, "translate", "to", name) for name, title in LANGUAGES.items()
)


def own_instructions(data: DataFolder) -> list[Instruction]:
    """Return the tasks of the data folder that need a text only; none if a file is invalid."""
    try:
        tasks = load_tasks(data)
    except StudioError:  # its fault is shown where the task is used
        return []
    names = [path.stem for path in sorted(data.tasks.glob("*.toml"))]
    own = [tasks[name] for name in names if name in tasks]  # one may have come since they were read
    return [
        Instruction(task.title, task.name)
        for task in own
        if not any(field.required for field in task.field[1:])
    ]


def task_of(data: DataFolder, instruction: Instruction) -> Task:
    """Read the task of an entry. Raises StudioError."""
    return find_task(data, instruction.task)
