"""Test scanning folders of other programs: everything is found, nothing is changed."""

import json
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from studio.core.errors import StudioError
from studio.core.events import Finished
from studio.core.jobs import new_job
from studio.core.requests import TextRequest
from studio.engine.process.engine import ProcessEngine
from studio.library.artifacts import read_recipe
from studio.models import llama_cpp
from studio.models.inspect.model import inspect
from studio.models.install.add import add
from studio.models.install.scan import find
from tests.checkpoints.image import make_sd
from tests.checkpoints.one_file import tiny_pipeline, write_one_file
from tests.checkpoints.text import make_gpt2, make_llama
from tests.engine.runs import run_one
from tests.engine.test_engines import EventLog
from tests.models.files.layouts_of_others import hub_cache, put
from tests.models.made import gguf_bytes, make_gguf, safetensors_bytes, with_header


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Return tiny real models: two of text, an image pipeline as a folder and as a single file."""
    root = tmp_path_factory.mktemp("models")
    make_gpt2(root / "gpt2")
    make_llama(root / "llama")
    make_sd(root / "sd")
    write_one_file(tiny_pipeline(root), root / "one.safetensors")
    make_gguf(root / "tiny.gguf")
    return root


def lora(width: int = 768) -> bytes:
    name = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k"
    down, up = np.ones((4, width), np.float32), np.ones((8, 4), np.float32)
    return safetensors_bytes({f"{name}.lora_down.weight": down, f"{name}.lora_up.weight": up})


def seen(folder: Path, data=None) -> dict[str, tuple[bool, str]]:
    """Relative path → whether it runs, and in which program's layout it lies."""
    return {
        os.path.relpath(found.inspection.path, folder): (found.inspection.runs, found.program)
        for found in find(folder, data)
    }


def tree(folder: Path) -> dict[str, tuple[str, int, int]]:
    paths = sorted(folder.rglob("*"))
    return {
        str(path): (str(path.readlink()) if path.is_symlink() else "", *path.lstat()[6:9:2])
        for path in paths
    }


# The hub's cache
# ----------------------------------------------------------------------


@pytest.mark.parametrize("shared", [False, True], ids=["its own blobs", "shared blobs"])
def test_model_in_a_hub_cache_runs_in_place(data, models, tmp_path, shared):
    cache = tmp_path / "huggingface/hub"
    snapshot = hub_cache(cache, "openai-community/gpt2", models / "gpt2", shared=shared)
    (cache / "datasets--x--y/snapshots").mkdir(parents=True)
    before = tree(cache)
    (found,) = find(tmp_path, data)
    assert (found.inspection.runs, found.program, found.known) == (True, "Hugging Face", "")
    assert (found.inspection.title, found.inspection.path) == ("gpt2", str(snapshot))
    card = add(data, Path(found.inspection.path))
    assert card.path == str(snapshot)
    assert [one.known for one in find(cache, data)] == [card.name]
    engine, log = ProcessEngine(data), EventLog()
    try:
        request = TextRequest(prompt="This is", model=card.name, max_new_tokens=4, seed=1)
        run_one(engine, new_job(request, str(data.outputs)), log)
    finally:
        engine.close()
    assert isinstance(log.last, Finished), log.last
    recipe = read_recipe(Path(log.last.artifacts[0].path))
    assert recipe.model_sha256 == card.sha256 == add_elsewhere_digest(models / "gpt2", tmp_path)
    assert tree(cache) == before


def add_elsewhere_digest(folder: Path, root: Path) -> str:
    """The hash that the same weights have in a plain folder."""
    from studio.core.paths import DataFolder

    other = DataFolder(root=root / "other data")
    other.create()
    return add(other, folder).sha256


def test_pipeline_in_a_hub_cache_is_found_from_its_top_folder(models, tmp_path):
    snapshot = hub_cache(tmp_path, "org/sd", models / "sd", shared=True)
    assert inspect(snapshot).path == inspect(tmp_path / "models--org--sd").path == str(snapshot)


def test_main_revision_of_a_hub_cache_is_used(models, tmp_path):
    hub_cache(tmp_path, "org/m", models / "llama", revision="b" * 40)
    old = hub_cache(tmp_path, "org/m", models / "gpt2", revision="a" * 40)
    (found,) = find(tmp_path)
    assert found.inspection.path == str(old)
    for content in ("../../../etc", "", "\xff", "c" * 40):
        (tmp_path / "models--org--m/refs/main").write_text(content)
        (found,) = find(tmp_path)
        assert "/snapshots/" in found.inspection.path


def test_single_files_of_a_hub_cache_are_found_through_their_links(models, tmp_path):
    source = tmp_path / "source"
    put(source / "nested/Tiny.Q4.gguf", (models / "tiny.gguf").read_bytes())
    put(source / "style.safetensors", lora())
    cache = tmp_path / "hub"
    snapshot = hub_cache(cache, "org/files", source)
    outside = put(tmp_path / "outside.safetensors", lora())
    (snapshot / "elsewhere.safetensors").symlink_to(outside)  # no client of the hub made this one
    assert seen(snapshot.parents[2]) == {
        os.path.relpath(snapshot / "nested/Tiny.Q4.gguf", cache): (True, "Hugging Face"),
        os.path.relpath(snapshot / "style.safetensors", cache): (True, "Hugging Face"),
    }


@pytest.mark.parametrize(
    "target",
    ["../../../../outside", "../../../blobs/zz", "../../../blobs/ab/../../outside", "/etc/passwd"],
)
def test_snapshot_with_links_outside_its_cache_is_refused(models, tmp_path, target):
    put(tmp_path / "hub/blobs/zz", b"{}")
    put(tmp_path / "outside", b"{}")
    put(tmp_path / "hub/outside", b"{}")
    put(tmp_path / "hub/blobs/ab/x", b"{}")
    snapshot = hub_cache(tmp_path / "hub", "org/m", models / "gpt2")
    (snapshot / "more.json").symlink_to(target)
    (found,) = find(tmp_path / "hub")
    assert "link" in found.inspection.why_not
    assert not found.inspection.runs


# Other programs
# ----------------------------------------------------------------------


def test_comfyui_folder_is_scanned(data, models, tmp_path):
    root = tmp_path / "ComfyUI"
    shutil.copytree(models / "words", root / "comfy/sd1_tokenizer")
    put(
        root / "models/checkpoints/SD15/dream.safetensors",
        (models / "one.safetensors").read_bytes(),
    )
    put(root / "models/checkpoints/old.ckpt", pickle.dumps({"a": 1}, protocol=2))
    put(root / "models/loras/style.safetensors", lora())
    put(
        root / "models/vae/x.safetensors",
        safetensors_bytes({"decoder.conv_in.weight": np.ones((8, 4, 3, 3), np.float32)}),
    )
    put(
        root / "models/embeddings/cat.safetensors",
        safetensors_bytes({"emb_params": np.ones((4, 768), np.float32)}),
    )
    put(root / "models/diffusion_models/damaged.safetensors", safetensors_bytes()[:-1])
    put(root / "models/upscale_models/put_upscale_models_here", b"")
    put(root / "models/configs/v1.yaml", b"a: 1")
    before = tree(root)
    found = {Path(one.inspection.path).name: one for one in find(root, data)}
    assert {name: (one.inspection.runs, one.inspection.kind) for name, one in found.items()} == {
        "dream.safetensors": (True, "image"),
        "old.ckpt": (False, "unknown"),
        "style.safetensors": (True, "lora"),
        "x.safetensors": (True, "vae"),
        "cat.safetensors": (True, "textual_inversion"),
        "damaged.safetensors": (False, "unknown"),
    }
    assert {one.program for one in found.values()} == {"ComfyUI"}
    assert "pickle" in found["old.ckpt"].inspection.why_not
    assert "LoRA for Stable Diffusion 1.x" in found["style.safetensors"].inspection.what
    assert "cut off" in found["damaged.safetensors"].inspection.why_not
    card = add(data, Path(found["dream.safetensors"].inspection.path))
    assert {Path(one.inspection.path).name: one.known for one in find(root, data) if one.known} == {
        "dream.safetensors": card.name
    }
    assert tree(root) == before


def test_a1111_invokeai_and_lm_studio_folders_are_scanned(data, models, tmp_path):
    a1111, invoke, lm = (
        tmp_path / "webui/models",
        tmp_path / "invokeai",
        tmp_path / "home/.lmstudio/models",
    )
    put(a1111 / "Stable-diffusion/x.safetensors", (models / "one.safetensors").read_bytes())
    put(a1111 / "Lora/style.safetensors", lora())
    put(a1111 / "VAE/x.pt", pickle.dumps([1], protocol=2))
    put(invoke / "invokeai.yaml", b"schema_version: 4.0.2")
    shutil.copytree(models / "sd", invoke / "models/sd-1/main/tiny sd")
    put(invoke / "models/sdxl/lora/x.safetensors", lora(2048))
    put(lm / "someone/Tiny-GGUF/Tiny.Q4_K_M.gguf", (models / "tiny.gguf").read_bytes())
    put(
        lm / "someone/Tiny-GGUF/mmproj.gguf",
        gguf_bytes({"general.architecture": (8, b"\4\0\0\0\0\0\0\0clip")}),
    )
    assert seen(a1111, data) == {
        "Stable-diffusion/x.safetensors": (False, "A1111"),  # its words are nowhere
        "Lora/style.safetensors": (True, "A1111"),
        "VAE/x.pt": (False, "A1111"),
    }
    assert seen(invoke, data) == {
        "models/sd-1/main/tiny sd": (True, "InvokeAI"),
        "models/sdxl/lora/x.safetensors": (True, "InvokeAI"),
    }
    assert seen(lm, data) == {
        "someone/Tiny-GGUF/Tiny.Q4_K_M.gguf": (True, "LM Studio"),
        "someone/Tiny-GGUF/mmproj.gguf": (False, "LM Studio"),
    }
    (tiny, _other) = sorted(find(lm, data), key=lambda found: not found.inspection.runs)
    written = 0 if llama_cpp.is_installed() else 4 * tiny.inspection.parameters
    assert tiny.inspection.converted_size == written  # reported before the conversion
    assert not list(data.models.iterdir())


# Whatever lies there
# ----------------------------------------------------------------------


def test_scan_ends_for_link_cycles_special_files_and_deep_folders(models, tmp_path):
    shutil.copytree(models / "gpt2", tmp_path / "a/gpt2")
    (tmp_path / "a/again").symlink_to(tmp_path)
    (tmp_path / "nowhere.safetensors").symlink_to(tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe.safetensors")
    (tmp_path / "zero.safetensors").symlink_to("/dev/zero")
    put(tmp_path / "x.bin", b"no weights at all")
    put(tmp_path / "venv/lib/x.safetensors", lora())
    (tmp_path / "/".join(["d"] * 40)).mkdir(parents=True)
    shutil.copytree(models / "gpt2", tmp_path / "d/d/d/too")
    found = list(find(tmp_path))
    assert sorted(os.path.relpath(one.inspection.path, tmp_path) for one in found) == [
        "a/gpt2",
        "d/d/d/too",
    ]


def test_a_linked_folder_is_followed(models, tmp_path):
    shutil.copytree(models / "gpt2", tmp_path / "disk/gpt2")
    (tmp_path / "scanned").mkdir()
    (tmp_path / "scanned/linked").symlink_to(tmp_path / "disk")
    assert seen(tmp_path / "scanned") == {"linked/gpt2": (True, "")}


def test_shards_and_components_are_listed_once(tmp_path):
    for number in (1, 2, 3):
        put(tmp_path / f"model-0000{number}-of-00003.safetensors", safetensors_bytes())
    put(tmp_path / "vae/config.json", json.dumps({"_class_name": "AutoencoderKL"}).encode())
    put(tmp_path / "vae/diffusion_pytorch_model.safetensors", safetensors_bytes())
    put(
        tmp_path / "peft/adapter_config.json",
        json.dumps({"base_model_name_or_path": "org/Llama-3"}).encode(),
    )
    put(tmp_path / "peft/adapter_model.safetensors", lora())
    why = {Path(found.inspection.path).name: found.inspection.why_not for found in find(tmp_path)}
    assert sorted(why) == ["model-00001-of-00003.safetensors", "peft", "vae"]
    assert "an adapter for Llama-3" in why["peft"]
    assert "one part of a model (AutoencoderKL)" in why["vae"]


def test_missing_folder_is_reported(tmp_path):
    with pytest.raises(StudioError, match="no folder"):
        list(find(tmp_path / "nothing"))
    with pytest.raises(StudioError, match="no folder"):
        list(find(put(tmp_path / "file", b"x")))
    assert list(find(tmp_path)) == []


def test_scan_continues_past_hostile_files(models, tmp_path):
    put(tmp_path / "a.safetensors", with_header(b"[" * 1_000_000))
    put(tmp_path / "b.gguf", b"GGUF" + b"\xff" * 100)
    put(tmp_path / "c/config.json", b"[" * 100_000)
    put(tmp_path / "d/model_index.json", b'{"_class_name": NaN}')
    (tmp_path / os.fsdecode(b"\xff.safetensors")).write_bytes(lora())
    shutil.copytree(models / "gpt2", tmp_path / "z")
    found = list(find(tmp_path))
    assert len(found) == 6
    assert [one.inspection.runs for one in found].count(True) == 1
    assert all(one.inspection.why_not.isprintable() for one in found)
