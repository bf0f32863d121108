"""The records of the kinds."""

import pytest

from studio.core.kinds import KINDS, TABS
from studio.core.requests import fields
from studio.engine.registry import RUNNERS
from studio.models.card import ModelCard


def test_each_kind_has_a_runner():
    assert RUNNERS.keys() == KINDS.keys()


def test_each_tab_belongs_to_a_kind_and_two_kinds_have_none():
    assert TABS == ("text", "image", "audio", "video")
    assert [kind.name for kind in KINDS.values() if not kind.tab] == ["transcribe", "clip"]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_records_are_complete(kind):
    assert kind.title
    assert kind.noun
    assert kind.model_noun
    assert kind.task
    assert kind.media_types


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_model_dependent_fields_are_fields_of_the_request(kind):
    assert kind.model_dependent <= {info.name for info in fields(kind.request_type)}
    card = ModelCard(name="x", title="X", kind=kind.name, runner="transformers")
    assert card.unused_fields <= kind.model_dependent


def test_the_content_of_a_kind_follows_from_its_media_types():
    made = {
        name: (kind.makes_texts, kind.makes_images, kind.makes_audio)
        for name, kind in KINDS.items()
    }
    assert made == {
        "text": (True, False, False),
        "image": (False, True, False),
        "image-tool": (False, True, False),
        "transcribe": (True, False, False),
        "speech": (False, False, True),
        "music": (False, False, True),
        "clip": (False, False, False),
        "video": (False, False, False),  # its animated WebP is an image, its MP4 is not
    }
