"""The records of the kinds."""

import pytest

from studio.core.kinds import KINDS
from studio.engine.registry import RUNNERS
from studio.ui.main_window import import_tab
from studio.ui.window_shell import TABS


def test_each_kind_has_a_runner():
    assert RUNNERS.keys() == KINDS.keys()


def test_each_tab_is_that_of_a_kind_and_videos_have_none():
    assert {kind.tab for kind in KINDS.values() if kind.tab} == TABS.keys()
    assert [kind.name for kind in KINDS.values() if not kind.tab] == ["video"]


@pytest.mark.parametrize("name", TABS)
def test_the_class_of_a_tab_is_found_by_its_name(name):
    assert import_tab(name).__name__ == TABS[name].partition(":")[2]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_a_record_is_whole(kind):
    assert kind.title
    assert kind.noun
    assert kind.model_noun
    assert kind.task
    assert kind.media_types
