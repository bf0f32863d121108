"""A result that becomes a document: recipes and the library say which part the person wrote."""

import pytest

from studio.core.jobs import Sources, new_job
from studio.core.requests import TextRequest
from studio.documents.origins import shares
from studio.library import artifacts
from studio.library.library import Library
from studio.library.results import TextResult
from studio.models.card import ModelCard
from studio.ui.text.files.result_document import result_document

CARD = ModelCard(name="m", title="M", kind="text", runner="transformers", sha256="abc")


@pytest.fixture
def library(data):
    opened = Library(data)
    yield opened
    opened.close()


def saved(data, library, prompt, text, source=""):
    job = new_job(
        TextRequest(prompt=prompt, seed=1), str(data.outputs), sources=Sources(prompt=source)
    )
    artifact = artifacts.save(TextResult(text=text), job=job, card=CARD, versions={})
    library.add_artifacts([artifact])
    return artifact


def test_parts_of_the_person_and_of_earlier_results_are_known(data, library):
    first = saved(data, library, "Rain fell.", "Rain fell. It was cold.")
    text = "Rain fell. It was cold. And dark. Then it was day."
    second = saved(data, library, "Rain fell. It was cold. And dark.", text, first.sha256)
    document = result_document(text, second.path, second.job_id, lambda: library.index)
    assert document.text == text
    assert document.source == second.sha256
    assert [(one.length, one.origin.kind, one.origin.job) for one in document.origins] == [
        (10, "person", ""),
        (13, "model", first.job_id),
        (10, "person", ""),
        (17, "model", second.job_id),
    ]


def test_text_is_the_models_as_far_as_nothing_else_is_known(data, library):
    library.close()
    first = artifacts.save(
        TextResult(text="It rains."),
        job=new_job(TextRequest(prompt="It"), str(data.outputs), sources=Sources(prompt="0" * 64)),
        card=CARD,
        versions={},
    )
    document = result_document("It rains.", first.path, first.job_id, lambda: library.index)
    assert shares(document.origins) == {"imported": 0, "person": 2, "model": 7}
    document = result_document("It rains.", "", "job", lambda: library.index)
    assert shares(document.origins) == {"imported": 0, "person": 0, "model": 9}
    assert document.source == ""
