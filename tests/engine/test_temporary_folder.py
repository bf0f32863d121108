"""Test that files in the shared temporary folder or the current folder are neither used nor run."""

import getpass
import os
import subprocess
import sys
from pathlib import Path

import pytest

import studio as studio_package
from tests.cli.programs import studio


@pytest.mark.skipif(sys.platform == "win32", reason="each user has a temporary folder there")
def test_predictable_temporary_names_are_not_used(data, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    for name in (f"torchinductor_{getpass.getuser()}", "jieba.cache", ".ses"):
        (tmp_path / name).write_text("another user's")
    done = studio("image", "a red apple", "--steps", "1", data=data)
    assert done.returncode == 0, done.stderr
    assert {path.read_text() for path in tmp_path.iterdir()} == {"another user's"}


@pytest.mark.skipif(sys.platform == "win32", reason="pipes have names there")
def test_the_temporary_folder_may_have_a_long_path(data, tmp_path, monkeypatch):
    folder = tmp_path / ("long" * 40)
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    done = studio("image", "a red apple", "--steps", "1", data=data)
    assert done.returncode == 0, done.stderr
    assert not list(folder.iterdir())


def test_modules_in_the_current_folder_are_not_imported(data, tmp_path):
    folder = tmp_path / "downloads"
    folder.mkdir()
    for name in ("torch", "studio", "multiprocessing", "numpy", "soundfile", "PIL"):
        (folder / f"{name}.py").write_text(
            f"open({str(tmp_path / 'imported')!r}, 'a').write({name!r})\n"
        )
    script = tmp_path / "studio-script.py"  # as pip installs it
    script.write_text(
        "import sys\nfrom studio.cli import main\nif __name__ == '__main__':\n    "
        "sys.exit(main())\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(studio_package.__file__).parents[1])}
    job = ["image", "a red apple", "--steps", "1", "-o", str(tmp_path / "a.png")]
    done = subprocess.run(
        [sys.executable, str(script), "--data-dir", str(data.root), *job],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert not (tmp_path / "imported").exists()
    assert done.returncode == 0, done.stderr
