"""What switches off the libraries' own use of the network is set in every process, before any of
them is imported.
"""

import ast
import os
import subprocess
import sys
from pathlib import Path

import studio
from studio.core.environment import OFFLINE
from studio.core.kinds import KINDS
from studio.engine.process import preload
from studio.engine.registry import runner_of

SOURCES = sorted(Path(studio.__file__).parent.rglob("*.py"))
HEAVY = (
    "torch",
    "transformers",
    "diffusers",
    "onnxruntime",
    "huggingface_hub",
    "httpx2",
    "requests",
    "urllib3",
)


def bare(code):
    """Run Python without any of the variables, and return what it prints."""
    environment = {name: value for name, value in os.environ.items() if name not in OFFLINE}
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.strip()


def test_telemetry_is_switched_off():
    assert {
        OFFLINE[name]
        for name in ("ORT_DISABLE_TELEMETRY", "HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK")
    } == {"1"}


def test_the_package_sets_them_before_it_imports_anything_else():
    watch = f"""
import os, sys
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {HEAVY} and any(os.environ.get(one) != value for one, value in {OFFLINE}.items()):
            print("too late for", name)
sys.meta_path.insert(0, Watch())
import studio
print(all(os.environ[one] == value for one, value in {OFFLINE}.items()))
print(*({{name.partition(".")[0] for name in sys.modules}} & set({HEAVY})))
"""  # noqa: E501
    assert bare(watch) == "True"


def test_what_the_user_set_does_not_switch_them_on():
    code = (
        "import os; os.environ['ORT_DISABLE_TELEMETRY'] = '0'; import studio; "
        "print(os.environ['ORT_DISABLE_TELEMETRY'])"
    )
    assert bare(code) == "1"


def test_onnxruntime_is_imported_in_one_place_only():
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name == "onnxruntime" for name in names):
                found.append(path.name)
    assert found == ["onnx.py"]


def test_the_fork_server_has_every_kind_and_nothing_that_only_voices_need():
    assert {runner_of(kind).generate.__module__ for kind in KINDS} <= set(preload.MODULES)
    assert not {"onnxruntime", "hibari", "misaki", "jieba"} & set(preload.MODULES)


def test_the_built_program_begins_with_the_package():
    folder = Path(studio.__file__).parent
    assert '["studio/__main__.py"]' in (folder.parent / "build.spec").read_text(encoding="utf-8")
    tree = ast.parse((folder / "__main__.py").read_text(encoding="utf-8"))
    first = next(node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))
    assert isinstance(first, ast.ImportFrom)
    assert first.module == "studio.cli"
