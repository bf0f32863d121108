"""A story in the window: planned, edited, written in steps, kept and opened as a document."""

import zipfile

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from studio.core.drafts import load_drafts
from studio.ui.tabs.story import story_job
from studio.ui.text.files.document_export import export
from tests.ui.conftest import PATIENCE, close_studio
from tests.ui.test_window import is_over
from tests.ui.text.conftest import wait_saved

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def open_story(qtbot, open_studio):
    """Return a function that starts the program with the form of a story."""

    def start(premise="A clockmaker finds a letter."):
        studio = open_studio()
        tab = studio.window.text_tab
        if tab.tasks.panel is None:
            tab.write("story")
            qtbot.waitUntil(lambda: tab.tasks.panel is not None, timeout=PATIENCE)
            tab.tasks.panel.main.set_value(premise)
        return studio, tab

    return start


def click(button):
    assert button.isVisible()
    assert button.isEnabled()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def page_of(tab):
    return tab.views.view("story")


def wait_written(qtbot, studio, tab):
    qtbot.waitUntil(
        lambda: is_over(studio, tab) and not page_of(tab).job.is_running, timeout=PATIENCE
    )
    assert page_of(tab).notice.isHidden()


def write_outline(qtbot, studio, tab):
    QTest.keyClick(tab.tasks.panel.main.text_editor, Qt.Key.Key_Return, CONTROL)
    assert tab.views.name == "story"
    wait_written(qtbot, studio, tab)
    return page_of(tab)


def titles(page):
    tree = page.parts
    return [tree.topLevelItem(row).text(0) for row in range(tree.topLevelItemCount())]


def type_part(qtbot, page, step, text):
    """Type the text of a part in place of what is there, and wait until it is listed."""
    page.parts.choose(step)
    page.editor.selectAll()
    for line, part in enumerate(text.split("\n")):
        if line:
            QTest.keyClick(page.editor, Qt.Key.Key_Return)
        QTest.keyClicks(page.editor, part)
    qtbot.waitUntil(
        lambda: not page._soon.isActive() and not page._list_soon.isActive(), timeout=PATIENCE
    )


def test_each_level_is_edited_and_written_alone(qtbot, open_story):
    studio, tab = open_story()
    assert tab.tasks.panel.entry().values["step"] == "outline"
    page = write_outline(qtbot, studio, tab)
    assert page.story.premise == "A clockmaker finds a letter."
    assert len(page.story.chapters) == 3
    assert page.story.bible == ()
    assert all(not chapter.scenes for chapter in page.story.chapters)
    assert tab.tasks.panel.entry().values["step"] == "all"

    type_part(qtbot, page, "outline", "1. The Letter: Ada reads.\n2. The Sea: Ada sails.")
    page.parts.choose("bible")
    assert [one.title for one in page.story.chapters] == ["The Letter", "The Sea"]
    type_part(qtbot, page, "bible", "Ada: a clockmaker")
    assert titles(page)[2:] == ["○ 1. The Letter", "○ 2. The Sea"]
    page.parts.choose("1")
    click(page.plan_button)
    wait_written(qtbot, studio, tab)
    assert [entry.name for entry in page.story.bible] == ["Ada"]
    assert len(page.story.chapters[0].scenes) == 2
    assert page.story.chapters[1].scenes == ()
    type_part(qtbot, page, "1", "She opens it.\nShe packs.")

    page.parts.choose("1.2")
    click(page.write_button)
    wait_written(qtbot, studio, tab)
    first, second = page.story.chapters[0].scenes
    assert (first.outline, first.text) == ("She opens it.", "")
    assert second.outline == "She packs."
    assert second.text == page.editor.toPlainText() != ""
    assert second.recap == page.recap.text() != ""
    assert tab.stage.job.request.task.story.bible[0].name == "Ada", "it is in the model's prompt"

    click(page.rest_button)
    wait_written(qtbot, studio, tab)
    assert page.story.chapters[0].scenes[1] == second, "what is there stays"
    assert all(scene.text for one in page.story.chapters for scene in one.scenes)
    assert page.status.text() == "The story is complete."
    assert not page.rest_button.isEnabled()
    click(page.undo_button)
    assert page.story.chapters[1].scenes == ()


def test_a_text_of_the_person_gets_a_new_summary_and_is_kept(qtbot, open_story, data):
    studio, tab = open_story()
    page = write_outline(qtbot, studio, tab)
    type_part(qtbot, page, "outline", "1. The Letter: Ada reads.")
    page.parts.choose("1")
    click(page.write_button)
    wait_written(qtbot, studio, tab)
    type_part(qtbot, page, "1.1", "The boat sank.")
    page.parts.choose("1.2")
    assert page.story.chapters[0].scenes[0].recap == ""
    click(page.write_button)
    wait_written(qtbot, studio, tab)
    first = page.story.chapters[0].scenes[0]
    assert first.text == "The boat sank."
    assert first.recap
    page.parts.choose("1.1")
    page.recap.clear()
    QTest.keyClicks(page.recap, "It sank.")
    qtbot.waitUntil(lambda: "It sank." in str(load_drafts(data)["text"]["task"]), timeout=PATIENCE)
    close_studio(studio)
    _again, tab = open_story()
    qtbot.waitUntil(lambda: tab.tasks.panel is not None, timeout=PATIENCE)
    tab.views.show_view("story")
    assert page_of(tab).story.chapters[0].scenes[0].recap == "It sank."
    assert page_of(tab).story.chapters[0].scenes[0].text == "The boat sank."


def test_chapters_are_opened_as_one_document_with_headings(qtbot, open_story, tmp_path):
    studio, tab = open_story("A clockmaker finds a letter.")
    page = write_outline(qtbot, studio, tab)
    type_part(qtbot, page, "outline", "1. The Letter: Ada reads.\n2. The Sea: Ada sails.")
    page.parts.choose("1")
    click(page.rest_button)
    wait_written(qtbot, studio, tab)
    click(page.document_button)
    document_page = tab.document_page
    qtbot.waitUntil(lambda: "## 2. The Sea" in document_page.editor.text, timeout=PATIENCE)
    assert tab.is_document_shown
    wait_saved(qtbot, document_page)
    document = document_page.document
    assert document.title == "A clockmaker finds a letter."
    export(tmp_path / "a.epub", document, model="m", has_recipe=False, is_labelled=False)
    with zipfile.ZipFile(tmp_path / "a.epub") as book:
        contents = next(name for name in book.namelist() if name.endswith("nav.xhtml"))
        navigation = book.read(contents).decode()
    assert "1. The Letter" in navigation
    assert "2. The Sea" in navigation
    export(tmp_path / "a.docx", document, model="m", has_recipe=False, is_labelled=False)
    with zipfile.ZipFile(tmp_path / "a.docx") as file:
        assert file.read("word/document.xml").decode().count('w:val="Heading2"') == 2


def test_a_result_brings_back_its_story(qtbot, open_story):
    studio, tab = open_story()
    page = write_outline(qtbot, studio, tab)
    shown = tab.stage.shown
    story = page.story
    type_part(qtbot, page, "outline", "1. Another: x")
    page.parts.choose("bible")
    tab.tasks.close_task()
    assert tab.views.name == "result"
    tab.load(shown)
    qtbot.waitUntil(lambda: tab.tasks.panel is not None, timeout=PATIENCE)
    assert tab.tasks.panel.story == story
    tab.views.show_view("story")
    assert page.story == story


def test_stopping_keeps_what_is_complete(qtbot, open_story):
    studio, tab = open_story()
    studio.session.engine._step_seconds = 0.005
    page = write_outline(qtbot, studio, tab)
    page.parts.choose("1")
    click(page.write_button)
    assert page.editor.isReadOnly()
    assert not page.parts.isEnabled()
    assert page.stop_button.isVisible()
    click(page.stop_button)
    qtbot.waitUntil(lambda: not page.job.is_running, timeout=PATIENCE)
    assert not page.editor.isReadOnly()
    assert len(page.story.chapters) == 3


def test_a_step_that_is_cancelled_while_it_waits_frees_the_page(qtbot, open_story):
    studio, tab = open_story()
    page = write_outline(qtbot, studio, tab)
    studio.shared.queue.pause()
    story = page.story
    page.parts.choose("1")
    click(page.write_button)
    queue = studio.shared.queue
    qtbot.waitUntil(lambda: queue.job(page.job.last_id) is not None, timeout=PATIENCE)
    studio.shared.queue.cancel_all()
    qtbot.waitUntil(lambda: not page.job.is_running, timeout=PATIENCE)
    assert page.write_button.isEnabled()
    assert page.story == story


def test_a_file_that_is_gone_is_reported(qtbot, open_story, monkeypatch):
    _studio, tab = open_story()

    def fail(path):
        raise FileNotFoundError(2, "No such file", str(path))

    monkeypatch.setattr(story_job, "read_story", fail)
    QTest.keyClick(tab.tasks.panel.main.text_editor, Qt.Key.Key_Return, CONTROL)
    page = page_of(tab)
    qtbot.waitUntil(page.notice.isVisible, timeout=PATIENCE)
    assert not page.job.is_running


def test_the_view_is_offered_with_its_form_only(open_story, data):
    _studio, tab = open_story()
    index = [tab.views.bar.tabText(place) for place in range(tab.views.bar.count())].index("Story")
    assert tab.views.bar.isTabVisible(index)
    tab.views.show_view("story")
    assert "No story yet" in page_of(tab).status.text()
    tab.tasks.close_task()
    assert not tab.views.bar.isTabVisible(index)
