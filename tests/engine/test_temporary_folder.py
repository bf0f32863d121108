"""What another user puts into the shared temporary folder does not stop a job."""

import getpass
import sys

import pytest

from tests.cli.programs import studio


@pytest.mark.skipif(sys.platform == "win32", reason="each user has a temporary folder there")
def test_names_that_others_may_know_are_not_used(data, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    for name in (f"torchinductor_{getpass.getuser()}", "jieba.cache", ".ses"):
        (tmp_path / name).write_text("another user's")
    done = studio("image", "a red apple", "--steps", "1", data=data)
    assert done.returncode == 0, done.stderr
    assert {path.read_text() for path in tmp_path.iterdir()} == {"another user's"}
