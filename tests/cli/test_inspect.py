"""Test `studio models inspect` and `studio models scan` with the real program."""

import json
import shutil

from studio.models import llama_cpp
from tests.checkpoints.text import make_gpt2
from tests.cli.programs import studio
from tests.models.made import folder_of, gguf_bytes, safetensors_bytes


def test_inspect_prints_text_or_json(data, tmp_path):
    make_gpt2(tmp_path / "gpt2")
    (tmp_path / "gpt2/README.md").write_text("---\nlicense: mit\n---\n")
    done = studio("models", "inspect", tmp_path / "gpt2", data=data)
    assert done.returncode == 0, done.stderr
    assert "a text model (gpt2)" in done.stdout
    assert "MIT" in done.stdout
    found = json.loads(studio("models", "inspect", tmp_path / "gpt2", "--json", data=data).stdout)
    assert (found["runs"], found["precision"], found["license"], found["card"]["name"]) == (
        True,
        "fp32",
        "MIT",
        "gpt2",
    )
    refused = tmp_path / "x.safetensors"
    refused.write_bytes(safetensors_bytes()[:-1])
    done = studio("models", "inspect", refused, data=data)
    assert (done.returncode, "cut off" in done.stdout) == (1, True)
    assert studio("models", "inspect", tmp_path / "nothing", data=data).returncode == 2


def test_scan_adds_models_only_with_the_add_option(data, tmp_path):
    make_gpt2(tmp_path / "a/mine")
    folder_of(tmp_path / "a/no", {"model_type": "bert"})
    shutil.copytree(tmp_path / "a/mine", tmp_path / "b/same")
    listed = studio("models", "scan", tmp_path / "a", data=data)
    assert listed.returncode == 0
    assert "Studio cannot run its kind of model (bert)" in listed.stdout
    assert "--add" in listed.stderr
    assert not list(data.models.iterdir())
    added = json.loads(
        studio("models", "scan", tmp_path / "a", "--add", "--json", data=data).stdout
    )
    assert (added["added"], added["failed"], len(added["found"])) == (["mine"], [], 2)
    assert (
        "installed as mine" in studio("models", "scan", tmp_path / "a", "--add", data=data).stdout
    )
    again = studio(
        "models", "scan", tmp_path / "b", "--add", data=data
    )  # the same weights elsewhere
    assert (again.returncode, "in the list already" in again.stderr) == (1, True)
    (tmp_path / "c").mkdir()
    (tmp_path / "c/x.gguf").write_bytes(gguf_bytes())
    listed = studio("models", "scan", tmp_path / "c", data=data).stdout
    assert ("converting writes" in listed) is not llama_cpp.is_installed()
    assert studio("models", "scan", tmp_path / "nothing", data=data).returncode == 2
