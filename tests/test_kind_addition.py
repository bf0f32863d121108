"""A new kind of request takes the files that docs/architecture.md names, and no others."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from studio.library.encoders import sidecar_path
from studio.models.card_store import write_card
from studio.models.install.add import add
from tests.checkpoints.text import make_llama

ROOT = Path(__file__).parent.parent
MAX_FILES = 6

REQUEST = '''
"""A request for an outline."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from studio.core.requests.base import Request


class OutlineRequest(Request, frozen=True, kw_only=True, tag="outline"):
    """List the points of a text about the prompt."""

    media_types: ClassVar = {"txt": "text/plain"}

    points: Annotated[int, Meta(title="Points", ge=1, le=9)] = 3
'''

RUNNER = '''
"""Outlines: a text model gets an instruction around the prompt."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator

import msgspec

from studio.core.events import Statistics
from studio.core.requests import TextRequest
from studio.core.requests.outline import OutlineRequest
from studio.engine.protocol import JobContext
from studio.engine.text import generate as text
from studio.library.results import Result

load = text.load


def generate(context: JobContext, pipeline: text.Pipeline) -> Generator[Result, None, Statistics]:
    """Yield the outline. See `protocol.Runner.generate`."""
    request = context.job.request
    assert isinstance(request, OutlineRequest)
    instruction = TextRequest(
        prompt=f"{request.points} points about {request.prompt}",
        model=request.model,
        seed=request.seed,
        max_new_tokens=4 * request.points,
    )
    job = msgspec.structs.replace(context.job, request=instruction)
    return (yield from text.generate(dataclasses.replace(context, job=job), pipeline))
'''

NEW_FILES = {
    "studio/core/requests/outline.py": REQUEST,
    "studio/engine/text/outline.py": RUNNER,
}

INSERTIONS = {
    "studio/core/kinds.py": {
        "class Kind(": "from studio.core.requests.outline import OutlineRequest\n\n\n",
        "        Kind(\n            request_type=TextRequest": """        Kind(
            request_type=OutlineRequest,
            title="Outline",
            noun="an outline",
            model_noun="a text model",
            task="text-generation",
            place=9,
        ),
""",
    },
    "studio/engine/registry.py": {
        "RUNNERS: dict": """def _outline() -> Runner:
    from studio.engine.text import outline

    return Runner(outline.load, outline.generate)


""",
        '    "text": _text,': '    "outline": _outline,\n',
    },
}
"""File → the line before which something is inserted, and what."""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """A copy of the program with the new kind."""
    copy = tmp_path_factory.mktemp("program")
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("studio", "resources"):
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    for name, source in NEW_FILES.items():
        assert not (copy / name).exists()
        (copy / name).write_text(source.lstrip())
    for name, insertions in INSERTIONS.items():
        source = (copy / name).read_text()
        for before, inserted in insertions.items():
            assert source.count(before) == 1, (name, before)
            source = source.replace(before, inserted + before)
        (copy / name).write_text(source)
    return copy


@pytest.fixture
def model(data, tmp_path):
    """An installed text model that serves the new kind."""
    make_llama(tmp_path / "tiny")
    card = add(data, tmp_path / "tiny")
    write_card(msgspec.structs.replace(card, kind="outline"), data.models / card.name)
    return card.name


def run(program, data, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(program)}
    command = [sys.executable, "-m", "studio", "--data-dir", str(data.root), *arguments]
    return subprocess.run(
        command, cwd=program, env=environment, capture_output=True, text=True, check=False
    )


def test_it_takes_few_files():
    assert len(NEW_FILES) + len(INSERTIONS) <= MAX_FILES


def test_the_command_line_makes_it(program, data, model, tmp_path):
    done = run(
        program,
        data,
        "outline",
        "cats",
        "--points",
        "2",
        "--seed",
        "1",
        "-o",
        str(tmp_path / "out"),
        "--json",
    )
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert (made["state"], made["seed"]) == ("completed", 1)
    assert made["statistics"]["units"] == 8  # 4 tokens a point
    path = Path(made["files"][0])
    recipe = json.loads(sidecar_path(path).read_bytes())["recipe"]
    assert (recipe["request"]["kind"], recipe["request"]["points"]) == ("outline", 2)
    assert path.read_text() == made["text"]


def test_its_limits_are_checked_and_its_help_is_there(program, data, model):
    refused = run(program, data, "outline", "cats", "--points", "99")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "points: must be at most 9" in refused.stderr
    assert "Generate an outline" in run(program, data, "--help").stdout


def test_a_batch_makes_it(program, data, model, tmp_path):
    rows = tmp_path / "rows.csv"
    rows.write_text("kind,prompt,points\noutline,cats,2\noutline,dogs,3\noutline,birds,99\n")
    done = run(program, data, "batch", str(rows), "-o", str(tmp_path / "out"))
    assert done.returncode == 1, done.stderr
    assert "line 4: points: must be at most 9" in done.stderr
    assert sorted(path.name for path in (tmp_path / "out").glob("*.txt")) == [
        "0002-cats.txt",
        "0003-dogs.txt",
    ]
