"""Which models `install.py` asks for."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STARTER = "models install starter"
LARGER = "models install larger --in-window"


@pytest.fixture
def commands(tmp_path, monkeypatch):
    """Return a function that runs the installer and returns the calls of `studio`."""
    spec = importlib.util.spec_from_file_location("install", ROOT / "install.py")
    installer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(installer)
    scripts = tmp_path / "bin"
    log = tmp_path / "log"
    scripts.mkdir()
    studio = scripts / "studio"
    studio.write_text(
        f"#!{sys.executable}\nimport sys\n"
        f"open({str(log)!r}, 'a').write(' '.join(sys.argv[1:]) + '\\n')\n"
    )
    studio.chmod(0o755)
    python = scripts / "python"  # pip has nothing to do here
    python.write_text(f"#!{sys.executable}\n")
    python.chmod(0o755)
    monkeypatch.setattr(installer, "install_system_packages", lambda _packages: None)

    def run(*options: str) -> list[str]:
        monkeypatch.setattr(sys, "argv", ["install.py", "--venv", str(tmp_path), *options])
        assert installer.main() == 0
        return log.read_text().splitlines() if log.exists() else []

    return run


@pytest.mark.skipif(os.name == "nt", reason="its programs are scripts")
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), [STARTER, LARGER, ""]),
        (("--small",), [STARTER, ""]),
        (("--no-starter",), [""]),
        (("--no-window",), [STARTER]),
    ],
)
def test_window_gets_a_larger_model_unless_it_is_left_out(commands, options, expected):
    assert commands(*options) == expected


def test_help_names_what_is_downloaded():
    done = subprocess.run(
        [sys.executable, ROOT / "install.py", "--help"], capture_output=True, text=True, check=True
    )
    assert "93 MB" in done.stdout
    assert "478 MB or 1.1 GB" in done.stdout
    assert "--small" in done.stdout
