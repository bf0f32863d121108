"""`build.spec` names what is there; building it takes too long for every change."""

import ast
import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_what_the_build_names_exists():
    tree = ast.parse((ROOT / "build.spec").read_text(encoding="utf-8"))
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    packages = {
        call.args[0].value
        for call in calls
        if call.func.id in ("collect_submodules", "collect_data_files", "copy_metadata")
        and isinstance(call.args[0], ast.Constant)
    }
    assert packages
    assert [
        name for name in packages if importlib.util.find_spec(name.partition(".")[0]) is None
    ] == []
    (analysis,) = [call for call in calls if call.func.id == "Analysis"]
    assert all((ROOT / script.value).is_file() for script in analysis.args[0].elts)
    assert (ROOT / "resources" / "starter" / "image" / "model_index.json").is_file()
    assert '("resources", "resources")' in (ROOT / "build.spec").read_text(encoding="utf-8"), (
        "all starters travel"
    )
    assert (ROOT / "resources" / "starter" / "music" / "model.safetensors").is_file()


def test_the_entry_point_is_guarded():
    # Children import the program's main module again; without the guard each would start the
    # program.
    assert '__name__ == "__main__"' in (ROOT / "studio" / "__main__.py").read_text(encoding="utf-8")


def test_no_pickle_and_no_foreign_code_is_ever_loaded():
    for path in (ROOT / "studio").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg in ("trust_remote_code", "weights_only"):
                assert isinstance(node.value, ast.Constant), path
                assert node.value.value is (node.arg == "weights_only"), path
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                names = [alias.name for alias in node.names] + [getattr(node, "module", "") or ""]
                assert not {"pickle", "marshal", "shelve", "dill"} & {
                    name.partition(".")[0] for name in names
                }, path
