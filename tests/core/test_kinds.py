"""The records of the kinds."""

import pytest

from studio.core.kinds import KINDS, TABS
from studio.engine.registry import RUNNERS


def test_each_kind_has_a_runner():
    assert RUNNERS.keys() == KINDS.keys()


def test_each_tab_is_that_of_a_kind_and_videos_have_none():
    assert TABS == ("text", "image", "audio")
    assert [kind.name for kind in KINDS.values() if not kind.tab] == ["video"]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_a_record_is_whole(kind):
    assert kind.title
    assert kind.noun
    assert kind.model_noun
    assert kind.task
    assert kind.media_types
