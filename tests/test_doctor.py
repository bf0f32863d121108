"""Test `studio doctor`: what is installed and what to do, without importing torch itself."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from studio import doctor
from studio.core.paths import DataFolder
from studio.doctor import examine
from studio.models import llama_cpp
from studio.models.install.add import add
from studio.models.memory import probe_process
from tests.models.made import folder_of, make_gguf

ROOT = Path(__file__).resolve().parent.parent
LLAMA = {"model_type": "llama", "architectures": ["LlamaForCausalLM"]}


def found(data):
    return {check.name: check for check in examine(data)}


def test_this_machine_passes_every_check(data):
    checks = found(data)
    assert [check for check in checks.values() if check.state == "bad"] == []
    assert {
        "Python",
        "Qt",
        "torch",
        "GPU",
        "Memory",
        "Disk",
        "Data folder",
        "Audio",
        "Models for text",
    } <= checks.keys()
    assert all(check.cure for check in checks.values() if check.state != "ok")
    assert checks["Models for text"].cure == "studio models install starter"
    assert checks["Data folder"].found == str(data.root)
    assert b"torch" in msgspec.json.encode(list(checks.values()))


def test_it_imports_neither_torch_nor_qt(data):
    program = (
        "import sys; from studio.core.paths import data_folder; from studio.doctor import examine\n"
        "examine(data_folder()); print([name for name in ('torch', 'transformers', "
        "'PySide6.QtGui') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise ImportError('libgomp.so.1: cannot open shared object file')", "libgomp"),
        ("import os; os.abort()", "ended the process"),
        ("import sys; sys.exit(3)", "ended the process"),
        ("", "AttributeError"),
    ],
)
def test_broken_torch_is_reported_with_all_other_checks(data, tmp_path, monkeypatch, code, reason):
    (tmp_path / "torch.py").write_text(code)
    monkeypatch.setattr(
        probe_process, "_environment", lambda: {**os.environ, "PYTHONPATH": str(tmp_path)}
    )
    checks = found(data)
    assert checks["torch"].state == "bad"
    assert reason in checks["torch"].found
    assert checks["Qt"].state == "ok"
    assert "GPU" not in checks


def test_modules_in_the_current_folder_are_not_run(data, tmp_path, monkeypatch):
    (tmp_path / "torch.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    assert found(data)["torch"].state == "ok"


def test_hanging_torch_import_times_out(data, tmp_path, monkeypatch):
    (tmp_path / "torch.py").write_text("import threading; threading.Event().wait()")
    monkeypatch.setattr(
        probe_process, "_environment", lambda: {**os.environ, "PYTHONPATH": str(tmp_path)}
    )
    monkeypatch.setattr(probe_process, "PROBE_SECONDS", 3)
    assert found(data)["torch"].state == "bad"


def test_packages_that_break_transformers_are_named(data, tmp_path, monkeypatch):
    (tmp_path / "torchvision.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    check = found(data)["torchvision"]
    assert check.state == "warn"
    assert "pip uninstall torchvision" in check.cure


def test_missing_libraries_are_named_with_an_install_command(data, monkeypatch):
    if sys.platform != "linux":
        pytest.skip("only Linux needs system packages")
    monkeypatch.setattr(
        doctor, "_WINDOW_LIBRARIES", {"libegl1": "libEGL.so.1", "libnothing7": "libnothing.so.7"}
    )
    check = found(data)["Window libraries"]
    assert (check.state, check.found) == ("bad", "missing: libnothing7")
    assert "apt-get install libnothing7" in check.cure


def test_installer_provides_the_libraries_that_the_doctor_checks():
    spec = importlib.util.spec_from_file_location("install", ROOT / "install.py")
    installer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(installer)
    assert set(doctor._WINDOW_LIBRARIES) <= set(installer.WINDOW_PACKAGES)


def test_versions_with_security_holes_are_named(data, monkeypatch):
    monkeypatch.setattr(doctor, "_FLOORS", {"Pillow": (999,), "no-such-package": ()})
    checks = found(data)
    assert checks["Pillow"].state == "warn"
    assert "security" in checks["Pillow"].found
    assert checks["no-such-package"].state == "bad"


def test_a_data_folder_that_cannot_be_written_is_bad(tmp_path):
    (tmp_path / "file").touch()
    check = found(DataFolder(root=tmp_path / "file/data"))["Data folder"]
    assert check.state == "bad"
    assert "--data-dir" in check.cure


def test_model_with_a_missing_folder_is_reported(data, tmp_path):
    card = add(data, folder_of(tmp_path / "m", LLAMA))
    shutil.rmtree(tmp_path / "m")
    checks = found(data)
    assert checks["Models for text"].found == "none"
    assert f"studio models remove {card.name}" in checks[card.title].cure


@pytest.mark.skipif(not llama_cpp.is_installed(), reason="llama.cpp has no wheel here")
def test_gguf_without_a_runner_is_reported(data, tmp_path, monkeypatch):
    path = make_gguf(tmp_path / "x.gguf")
    card = add(data, path)
    assert card.title not in found(data)
    monkeypatch.setattr(llama_cpp, "PACKAGE", "a_package_that_is_not_there")
    assert f'studio models add "{path}"' in found(data)[card.title].cure
    path.unlink()
    assert "missing or has changed" in found(data)[card.title].found


def test_low_disk_and_memory_warn(data, monkeypatch):
    monkeypatch.setattr(doctor, "LOW_DISK_BYTES", 1e18)
    monkeypatch.setattr(doctor, "LOW_MEMORY_BYTES", 1e18)
    checks = found(data)
    assert (checks["Disk"].state, checks["Memory"].state) == ("warn", "warn")


def test_video_check_names_the_encoder_or_the_extra(monkeypatch):
    assert doctor._video().found.startswith("MP4 (PyAV ")
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda _name: None)
    assert 'pip install "studio[video]"' in doctor._video().found
