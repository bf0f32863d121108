"""A job remembers the artifact that its prompt came from."""

import pytest

from studio.core.jobs import NO_SOURCES, Sources
from tests.ui.conftest import PATIENCE
from tests.ui.test_window import press_generate

STORY = Sources(prompt="a" * 64)


@pytest.fixture
def tab(open_studio):
    window = open_studio().window
    window.show_tab("audio")
    return window.audio_tab.for_kind("speech")


def generate(qtbot, tab, count=1):
    press_generate(tab)
    queue = tab.shared.queue
    qtbot.waitUntil(lambda: len(queue.jobs()) == count, timeout=PATIENCE)
    return queue.jobs()[-1]


def test_speech_of_a_story_names_the_story(qtbot, tab):
    tab.use_text_of("Once upon a time.", STORY.prompt)
    tab.prompt.insertPlainText(" There was rain.")
    assert generate(qtbot, tab).sources == STORY


def test_new_prompt_has_no_source(qtbot, tab):
    tab.use_text_of("Once upon a time.", STORY.prompt)
    tab.prompt.replace_text("")
    tab.prompt.insertPlainText("Something new.")
    assert generate(qtbot, tab).sources == NO_SOURCES


def test_form_filled_from_elsewhere_has_no_source(qtbot, tab):
    tab.use_text_of("Once upon a time.", STORY.prompt)
    tab.set_values({"prompt": "Another text."})
    assert generate(qtbot, tab).sources == NO_SOURCES
