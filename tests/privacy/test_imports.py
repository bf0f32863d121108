"""No dependency opens a connection or writes outside our folders when it is imported as Studio
imports it.
"""

import sys

import pytest

from tests.privacy.imports import distributions, import_traced

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="strace is a program of Linux")


def test_no_import_of_a_dependency_reaches_outside(tmp_path):
    found = distributions()
    assert {
        "torch",
        "transformers",
        "diffusers",
        "onnxruntime",
        "hibari-tts",
        "pyside6-essentials",
        "pillow",
    } <= set(found)
    modules = [module for several in found.values() for module in several]
    traced = import_traced(modules, tmp_path, switched=True)
    assert traced.returncode == 0, traced.stderr
    assert traced.stdout == "", traced.stdout
    assert [name for _time, name in traced.phases] == modules, "each import was seen"
    assert traced.findings == [], traced.report


def test_the_list_finds_out_a_package_that_does(tmp_path, monkeypatch):
    package = tmp_path / "site"
    package.mkdir()
    (package / "harmless_one.py").write_text("")
    (package / "telling_one.py").write_text(
        "import pathlib, socket\n(pathlib.Path.home() / '.id').write_text('x')\nsocket.socket()"
    )
    (package / "harmless_two.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", str(package), prepend=":")
    traced = import_traced(
        ["harmless_one", "telling_one", "harmless_two"], tmp_path / "run", switched=True
    )
    seen = [
        (finding.kind, finding.phase)
        for finding in traced.findings
        if "is left" not in finding.what
    ]
    assert seen == [("file", "telling_one"), ("network", "telling_one")]
    assert any(".id is left" in finding.what for finding in traced.findings)
