"""Actions on many files: recorded steps, and what a kill in between leaves."""

from pathlib import Path

import pytest

from studio.core.requests import SpeechRequest
from studio.library.artifacts import read_recipe
from studio.library.encoders import sidecar_path
from studio.library.file_actions import run as run_module
from studio.library.file_actions.action import ExportOptions, FileAction, new_action_id
from studio.library.file_actions.journal import ActionJournal, Progress, Step
from studio.library.file_actions.results import FileChange
from studio.library.file_actions.run import GONE, ActionRun


@pytest.fixture
def begin(studio, tmp_path):
    """Return a function that records an action with three texts, and returns it."""
    paths = [studio.text(f"number {number}") for number in range(3)]
    studio.library.catch_up()
    items = [studio.library.index.find(str(path)) for path in paths]

    def start(kind, **more) -> FileAction:
        action = FileAction(
            id=new_action_id(),
            kind=kind,
            files=tuple(FileChange(item.id, item.path, "") for item in items),
            folder=str(tmp_path / "target"),
            **more,
        )
        ActionJournal(studio.data.file_actions).begin(action)
        return action

    return start


def run(studio, progress, **calls):
    return ActionRun(studio.library.index, studio.data, progress).run(**calls)


def resumed(studio):
    """Read the only action back, as the next start does, and finish it."""
    (progress,) = ActionJournal(studio.data.file_actions).pending()
    return run(studio, progress)


def names(folder) -> list[str]:
    return sorted(path.name for path in Path(folder).glob("*.txt"))


class Kill(BaseException):
    """The end of the program."""


@pytest.mark.parametrize("kind", ["copy", "export", "move"])
def test_an_action_is_continued_after_each_step(studio, begin, kind):
    action = begin(kind)
    steps = []

    def stop(done, _total):
        steps.append(done)
        if done:
            raise Kill

    with pytest.raises(Kill):
        run(studio, Progress(action=action), on_step=stop)
    result = resumed(studio)
    assert not result.failed
    assert len(result.done) == 3
    assert names(action.folder) == sorted(Path(change.source).name for change in action.files)
    assert {Path(change.target).name for change in result.done} == set(names(action.folder))


@pytest.mark.parametrize("kind", ["copy", "export"])
def test_a_file_that_was_complete_but_not_recorded_is_not_written_again(
    studio, begin, kind, monkeypatch
):
    action = begin(kind)
    append = ActionJournal.append

    def fail_when_done(journal, action_id, step):
        if step.state == "done":
            raise Kill
        append(journal, action_id, step)

    with monkeypatch.context() as patched:
        patched.setattr(ActionJournal, "append", fail_when_done)
        with pytest.raises(Kill):
            run(studio, Progress(action=action))
    assert len(names(action.folder)) == 1
    assert len(resumed(studio).done) == 3
    assert names(action.folder) == sorted(Path(change.source).name for change in action.files)
    assert studio.library.index.count() == (6 if kind == "copy" else 3)


def test_a_recipe_that_was_copied_without_its_text_is_replaced(studio, begin, monkeypatch):
    action = begin("export")
    copy = run_module.export_item

    def copy_recipe_only(item, target, options):
        copy(item, target, options)
        target.unlink()
        raise Kill

    with monkeypatch.context() as patched:
        patched.setattr(run_module, "export_item", copy_recipe_only)
        with pytest.raises(Kill):
            run(studio, Progress(action=action))
    resumed(studio)
    assert names(action.folder) == sorted(Path(change.source).name for change in action.files)
    for name in names(action.folder):
        assert read_recipe(Path(action.folder) / name) is not None
    assert len(list(sidecar_path(Path(action.folder) / "x").parent.iterdir())) == 3


def test_a_cut_off_line_and_a_damaged_file_are_skipped(studio, begin):
    action = begin("copy")
    journal = ActionJournal(studio.data.file_actions)
    journal.append(action.id, Step(number=0, state="failed", reason="why"))
    path = studio.data.file_actions / f"{action.id}.jsonl"
    with path.open("ab") as file:
        file.write(b'\n{"number":1,"sta')
    journal.append(action.id, Step(number=7, state="done"))
    damaged = studio.data.file_actions / "0.jsonl"
    damaged.write_bytes(b"\xff{")
    (progress,) = journal.pending()
    assert progress.result().failed == {action.files[0].source: "why"}
    assert progress.remaining() == [1, 2]
    assert not damaged.exists()


def test_items_that_are_gone_are_reported_and_the_rest_is_done(studio, begin):
    action = begin("export")
    studio.library.index.remove([action.files[0].item_id])
    Path(action.files[1].source).unlink()
    result = run(studio, Progress(action=action))
    assert result.failed[action.files[0].source] == GONE
    assert "No such file" in result.failed[action.files[1].source]
    assert len(result.done) == 1


def test_moved_files_go_back(studio, begin):
    action = begin("move")
    moved = run(studio, Progress(action=action))
    back = FileAction(
        id=new_action_id(),
        kind="undo",
        files=tuple(FileChange(one.item_id, one.target, one.source) for one in moved.done),
    )
    assert len(run(studio, Progress(action=back)).done) == 3
    assert names(action.folder) == []
    # moved back before a kill, but not recorded
    assert len(run(studio, Progress(action=back)).done) == 3


def test_a_cancelled_action_keeps_what_is_done(studio, begin):
    action, done = begin("export"), []
    result = run(
        studio,
        Progress(action=action),
        on_step=lambda number, _total: done.append(number),
        is_cancelled=lambda: 1 in done,
    )
    assert result.is_cancelled
    assert len(result.done) == len(names(action.folder)) == 1


def test_options_are_kept_over_a_restart(studio, tmp_path):
    path = studio.speech("Hello.")
    studio.library.catch_up()
    item = studio.library.index.find(str(path))
    action = FileAction(
        id=new_action_id(),
        kind="export",
        files=(FileChange(item.id, item.path, ""),),
        folder=str(tmp_path / "target"),
        options=ExportOptions(audio_format="flac"),
    )
    ActionJournal(studio.data.file_actions).begin(action)
    (change,) = resumed(studio).done
    assert Path(change.target).suffix == ".flac"
    assert isinstance(read_recipe(Path(change.target)).request, SpeechRequest)
