"""The records of the kinds."""

import pytest

from studio.core.kinds import KINDS, TABS
from studio.engine.registry import RUNNERS


def test_each_kind_has_a_runner():
    assert RUNNERS.keys() == KINDS.keys()


def test_each_tab_belongs_to_a_kind_and_video_has_no_tab():
    assert TABS == ("text", "image", "audio")
    assert [kind.name for kind in KINDS.values() if not kind.tab] == ["video"]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_records_are_complete(kind):
    assert kind.title
    assert kind.noun
    assert kind.model_noun
    assert kind.task
    assert kind.media_types
