"""Watched folders that vanish and come back."""

from studio.jobs.library.unread_folders import UnreadFolders
from studio.library.scanning.walk import Problem


def test_each_folder_is_reported_once_until_it_is_back(tmp_path):
    reported = []
    unread = UnreadFolders(reported.append)
    folder = tmp_path / "images"
    problem = Problem(str(folder), "No such file or directory")
    for _scan in range(3):
        unread.update([str(folder)], [problem, Problem("/elsewhere", "not watched")])
    assert reported == [f"{folder}: No such file or directory. Its files stay in the library."]
    folder.mkdir()
    unread.update([str(folder)], [])
    folder.rmdir()
    unread.update([str(folder)], [problem])
    assert len(reported) == 2


def test_a_parent_is_looked_at_only_for_folders_that_vanish_or_come_back(tmp_path):
    unread = UnreadFolders(lambda _text: None)
    folder = tmp_path / "images"
    folder.mkdir()
    parent, watched = [str(tmp_path)], [str(folder)]
    assert unread.changed(parent, watched, watched) == []
    assert unread.changed(watched, watched, watched) == watched
    folder.rmdir()
    assert unread.changed(parent, watched, watched) == watched
    unread.update(watched, [Problem(str(folder), "gone")])
    assert unread.changed(parent, watched, []) == []
    folder.mkdir()
    assert unread.changed(parent, watched, []) == watched
