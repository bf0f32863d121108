"""A person's own instruction as a task, for once or kept in the data folder."""

from __future__ import annotations

import re
from pathlib import Path

from studio.core.files import write_whole
from studio.core.paths import DataFolder
from studio.text_tasks.loader import NAME
from studio.text_tasks.task import Task, TaskField, TaskPrompt
from studio.text_tasks.templates import PLACEHOLDER

MAX_TITLE = 60
MAX_TEXT = 40_000
_SYSTEM = "Change texts as you are asked. Answer with the text only."  # not translated: a prompt
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")


def instruction_task(instruction: str) -> Task:
    """Return a task that does with a text what the instruction asks for."""
    wanted = PLACEHOLDER.sub(r"(\1)", " ".join(instruction.split()))
    prompt = TaskPrompt(
        system=_SYSTEM,
        chat=f"{wanted}\n\n{{text}}",
        complete=f"{{text}}\n\n{wanted}:\n",
    )
    chinese = TaskPrompt(
        system="你按要求修改文本。只回答修改后的文本。",
        chat=f"{wanted}\n\n{{text}}",
        complete=f"{{text}}\n\n{wanted}：\n",
    )
    return Task(
        title=wanted[:MAX_TITLE].strip() or "-",
        field=(TaskField(name="text", title="Text", required=True, at_most=MAX_TEXT),),
        prompt={"en": prompt, "zh": chinese},
        generation={"max_new_tokens": 1024, "temperature": 0.3},
        clean=("drop_meta",),
    )


def save_instruction(data: DataFolder, instruction: str) -> str:
    """Keep an instruction as a task of the data folder and return its name. Raises OSError."""
    import tomlkit

    task = instruction_task(instruction)
    data.tasks.mkdir(parents=True, exist_ok=True)
    path = _free_path(data.tasks, task.title)
    document = {
        "title": task.title,
        "clean": list(task.clean),
        "field": [{"name": "text", "title": "Text", "required": True, "at_most": MAX_TEXT}],
        "prompt": {
            language: {"system": one.system, "chat": one.chat, "complete": one.complete}
            for language, one in task.prompt.items()
        },
        "generation": task.generation,
    }
    write_whole(path, tomlkit.dumps(document).encode())
    return path.stem


def _free_path(folder: Path, title: str) -> Path:
    name = _NOT_IN_NAMES.sub("-", title.lower()).strip("-")[:30]
    stem = f"own-{name}" if name else "own"
    assert NAME.fullmatch(stem)
    number, path = 1, folder / f"{stem}.toml"
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}.toml"
    return path
