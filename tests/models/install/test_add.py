"""Test adding and removing models: folders stay in place, a GGUF is converted once in a child."""

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from studio.core.errors import StudioError
from studio.models.card_store import card_folder, read_card
from studio.models.install import gguf_convert_process
from studio.models.install.add import add, remove
from studio.models.install.staging import PREFIX, InstallCancelledError, staging, sweep
from studio.models.registry import ModelRegistry
from tests.checkpoints.text import CHAT, make_gpt2
from tests.models.made import folder_of, gguf_bytes, gguf_string, make_gguf

LLAMA = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "max_position_embeddings": 64,
}
ENDLESS = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"


def tree(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def in_models(data):
    return sorted(path.name for path in data.models.iterdir())


# Folders
# ----------------------------------------------------------------------


def test_folder_is_registered_in_place_and_kept_on_removal(data, tmp_path):
    folder = tmp_path / "我的 model"
    make_gpt2(folder)
    before = tree(folder)
    card = add(data, folder)
    assert (card.path, card.kind, len(card.sha256)) == (str(folder), "text", 64)
    assert ModelRegistry(data).find("text", card.name) == ModelRegistry(data).find("text") == card
    assert in_models(data) == [card.name]
    assert [path.name for path in card_folder(data, card.name).iterdir()] == ["card.toml"]
    assert remove(data, card.name).name == card.name
    assert tree(folder) == before
    assert in_models(data) == []


def test_refused_model_leaves_nothing(data, tmp_path):
    folder = folder_of(tmp_path / "m", LLAMA, b"nonsense")
    with pytest.raises(StudioError):
        add(data, folder)
    assert in_models(data) == []


def test_same_folder_is_not_added_twice_under_any_path(data, tmp_path):
    card = add(data, folder_of(tmp_path / "m", LLAMA))
    (tmp_path / "link").symlink_to(tmp_path / "m")
    for path in (
        tmp_path / "m",
        tmp_path / "m/../m",
        tmp_path / "link",
        tmp_path / "m/model.safetensors",
    ):
        with pytest.raises(StudioError, match="in the list already") as caught:
            add(data, path)
        assert card.name in caught.value.cure


def test_same_weights_in_another_folder_are_not_added_twice(data, tmp_path):
    add(data, folder_of(tmp_path / "m", LLAMA))
    shutil.copytree(tmp_path / "m", tmp_path / "other name")
    with pytest.raises(StudioError, match="in the list already"):
        add(data, tmp_path / "other name")


def test_names_are_unique_and_catalog_names_reserved(data, tmp_path):
    import numpy as np

    from tests.models.made import safetensors_bytes

    names = []
    for number, place in enumerate(
        ["a/same", "b/same", "c/Same", "d/hibari", "e/smollm2-135m-instruct"]
    ):
        weights = safetensors_bytes({"w": np.full(3, number, np.float32)})
        names.append(add(data, folder_of(tmp_path / place, LLAMA, weights)).name)
    assert names == ["same", "same-2", "same-3", "hibari-2", "smollm2-135m-instruct-2"]


@pytest.mark.parametrize("path", ["nothing", "~nobody-of-this-name/x", "x" * 300, "a\0b"])
def test_invalid_path_is_reported(data, path):
    from pathlib import Path

    with pytest.raises(StudioError) as caught:
        add(data, Path(path))
    assert caught.value.cure


def test_missing_folder_is_reported_and_its_model_can_be_removed(data, tmp_path):
    card = add(data, folder_of(tmp_path / "m", LLAMA))
    shutil.rmtree(tmp_path / "m")
    for name in ("", card.name):
        with pytest.raises(StudioError, match="is missing") as caught:
            ModelRegistry(data).find("text", name)
        assert card.name in caught.value.cure
    remove(data, card.name)
    with pytest.raises(StudioError, match="No text model"):
        ModelRegistry(data).find("text")


def test_name_is_matched_before_title(data, tmp_path):
    import numpy as np

    from tests.models.made import safetensors_bytes

    first = add(data, folder_of(tmp_path / "b c", LLAMA))
    second = add(
        data, folder_of(tmp_path / "b-c", LLAMA, safetensors_bytes({"w": np.zeros(3, np.float32)}))
    )
    assert (first.name, second.name, second.title) == ("b-c", "b-c-2", "b-c")
    assert ModelRegistry(data).find("text", "b-c").name == "b-c"
    assert remove(data, "b-c").name == "b-c"


def test_only_listed_models_can_be_removed(data):
    with pytest.raises(StudioError, match="comes with Studio"):
        remove(data, "hibari")
    with pytest.raises(StudioError, match="no model"):
        remove(data, "../outside")


def test_a_link_to_a_models_folder_is_only_unlinked(data, tmp_path):
    card = add(data, folder_of(tmp_path / "m", LLAMA))
    moved = card_folder(data, card.name).rename(tmp_path / "moved")
    card_folder(data, card.name).symlink_to(moved)
    remove(data, card.name)
    assert (moved / "card.toml").exists()
    assert in_models(data) == []


def test_unwritable_data_folder_is_reported(data, tmp_path):
    shutil.rmtree(data.models)
    data.models.write_text("a file is in the way")
    with pytest.raises(StudioError) as caught:
        add(data, folder_of(tmp_path / "m", LLAMA))
    assert caught.value.cause == "disk"


# GGUF
# ----------------------------------------------------------------------


def test_a_gguf_is_converted_once_with_the_same_logits(data, tmp_path):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    path = make_gguf(tmp_path / "Tiny.Q0.gguf", template=CHAT)
    reports = []
    card = add(data, path, reports.append, convert=True)
    assert (card.name, card.title, card.family, card.chat, card.max_positions) == (
        "tiny.q0",
        "Tiny llama",
        "llama",
        True,
        128,
    )
    assert card.path == str(data.models / "tiny.q0")
    assert card.template_tokens > 0
    assert any("Converting" in text for text in reports)
    assert card == read_card(data.models / "tiny.q0")
    assert card.size == sum(
        file.stat().st_size for file in card.folder.iterdir() if file.name != "card.toml"
    )
    assert {file.suffix for file in card.folder.iterdir()} <= {
        ".safetensors",
        ".json",
        ".jinja",
        ".toml",
    }
    source = AutoModelForCausalLM.from_pretrained(
        tmp_path, gguf_file=path.name, dtype=torch.float32, local_files_only=True
    )
    made = AutoModelForCausalLM.from_pretrained(
        card.folder, dtype=torch.float32, local_files_only=True
    )
    tokenizer = AutoTokenizer.from_pretrained(card.folder, local_files_only=True)
    numbers = tokenizer("The quick brown fox 一只猫", return_tensors="pt").input_ids
    with torch.inference_mode():
        assert torch.equal(source(numbers).logits, made(numbers).logits)
    with pytest.raises(StudioError, match="in the list already"):
        add(data, shutil.copy(path, tmp_path / "copy.gguf"), convert=True)
    remove(data, card.name)
    assert in_models(data) == []
    assert path.exists()


def test_every_way_of_adding_keeps_the_hash_of_the_weights(data, tmp_path):
    """That it is in what a model makes is shown with the real child, in
    `tests/engine/test_trust.py`.
    """
    from tests.checkpoints.one_file import tiny_pipeline, write_one_file
    from tests.models.files.layouts_of_others import hub_cache

    def sha256(file):
        return hashlib.sha256(file.read_bytes()).hexdigest()

    gguf = make_gguf(tmp_path / "x.gguf")
    assert add(data, gguf, convert=True).sha256 == sha256(gguf)
    pipe = tiny_pipeline(tmp_path / "ComfyUI/comfy")
    (tmp_path / "ComfyUI/comfy/words").rename(tmp_path / "ComfyUI/comfy/sd1_tokenizer")
    one = write_one_file(pipe, tmp_path / "ComfyUI/x.safetensors")
    assert add(data, one).sha256 == sha256(one)
    make_gpt2(tmp_path / "gpt2")
    lines = f"model.safetensors:{sha256(tmp_path / 'gpt2/model.safetensors')}\n"
    snapshot = hub_cache(tmp_path / "hub", "org/gpt2", tmp_path / "gpt2", shared=True)
    assert add(data, snapshot).sha256 == hashlib.sha256(lines.encode()).hexdigest()
    pipe.save_pretrained(tmp_path / "folder")
    files = sorted((tmp_path / "folder").rglob("*.safetensors"))
    lines = "".join(
        f"{file.relative_to(tmp_path / 'folder').as_posix()}:{sha256(file)}\n" for file in files
    )
    assert add(data, tmp_path / "folder").sha256 == hashlib.sha256(lines.encode()).hexdigest()
    assert all(len(card.sha256) == 64 for card in ModelRegistry(data).list() if not card.builtin)


def test_failed_conversion_leaves_nothing_and_names_the_reason(data, tmp_path):
    path = tmp_path / "x.gguf"
    path.write_bytes(gguf_bytes({"general.architecture": (8, gguf_string("llama"))}))
    with pytest.raises(StudioError, match=r"could not be converted: .+") as caught:
        add(data, path, convert=True)
    assert caught.value.cure
    assert in_models(data) == []


def test_endless_chat_template_is_refused(data, tmp_path, monkeypatch):
    # The child reads the limit from its own module; a small program stands before it.
    monkeypatch.setattr(
        gguf_convert_process,
        "_program",
        lambda: [
            sys.executable,
            "-c",
            "from studio.models.install import gguf_convert as c; c.TEMPLATE_SECONDS = 1; raise "
            "SystemExit(c.main())",
        ],
    )
    with pytest.raises(StudioError, match="does not end"):
        add(data, make_gguf(tmp_path / "x.gguf", template=ENDLESS), convert=True)
    assert in_models(data) == []


def test_a_chat_template_of_a_megabyte_is_refused(data, tmp_path):
    with pytest.raises(StudioError, match="longer than 65,536 characters"):
        add(data, make_gguf(tmp_path / "x.gguf", template=CHAT + " " * 1_000_000), convert=True)


def _child_of_this_process():
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):  # ended in this moment
            found += [child] if "studio.models.install.gguf_convert" in child.cmdline() else []
    return found


def test_cancel_ends_the_child_and_leaves_nothing(data, tmp_path):
    path = make_gguf(tmp_path / "x.gguf")
    began = threading.Event()
    with pytest.raises(InstallCancelledError):
        add(
            data,
            path,
            lambda text: began.set() if "Converting" in text else None,
            began.is_set,
            convert=True,
        )
    assert not _child_of_this_process()
    assert in_models(data) == []


def test_killed_child_is_reported(data, tmp_path):
    path = make_gguf(tmp_path / "x.gguf")

    def kill():
        while not (children := _child_of_this_process()):
            time.sleep(0.01)
        children[0].kill()

    thread = threading.Thread(target=kill)
    thread.start()
    with pytest.raises(StudioError, match="ended from outside") as caught:
        add(data, path, convert=True)
    thread.join()
    assert caught.value.cause == "memory"
    assert in_models(data) == []


def test_child_ends_with_its_parent_and_leftovers_are_removed(data, tmp_path):
    path = make_gguf(tmp_path / "x.gguf")
    program = (
        "from pathlib import Path; from studio.core.paths import data_folder; from "
        "studio.models.install.add import add\n"
        f"add(data_folder(), Path({str(path)!r}), lambda text: print(text, flush=True), "
        "convert=True)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    while "Converting" not in parent.stdout.readline():
        pass
    while not (children := psutil.Process(parent.pid).children()):
        time.sleep(0.01)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    psutil.wait_procs(children, timeout=30)
    assert not children[0].is_running()
    assert [name for name in in_models(data) if name.startswith(PREFIX)]
    assert [card.name for card in ModelRegistry(data).list() if not card.builtin] == []
    assert add(data, path, convert=True).name == "x"
    assert in_models(data) == ["x"]


def test_too_little_disk_space_is_reported_before_the_conversion(data, tmp_path, monkeypatch):
    path = make_gguf(tmp_path / "x.gguf")
    monkeypatch.setattr(gguf_convert_process, "MEMORY_OVERHEAD", 1e15)
    with pytest.raises(
        StudioError, match=r"1000000\.0 GB of memory, and [\d.]+ GB are free"
    ) as caught:
        add(data, path, convert=True)
    assert caught.value.cause == "memory"
    assert in_models(data) == []


# Staging
# ----------------------------------------------------------------------


def test_staging_folder_in_use_is_kept_and_not_listed(data, tmp_path):
    card = add(data, folder_of(tmp_path / "m", LLAMA))
    with staging(data) as folder:
        shutil.copy(card_folder(data, card.name) / "card.toml", folder)
        sweep(data)
        assert folder.is_dir()
        assert [one.name for one in ModelRegistry(data).list() if not one.builtin] == [card.name]
    assert not folder.exists()


def test_staging_folder_of_a_dead_process_is_removed(data):
    (data.models / f"{PREFIX}{2**22 + 5}-1-abc").mkdir()
    (
        data.models / f"{PREFIX}{os.getpid()}-1-abc"
    ).mkdir()  # the number is in use again, by a younger process
    (data.models / f"{PREFIX}nonsense").mkdir()
    dead = subprocess.Popen([sys.executable, "-c", ""])  # a zombie until it is waited for
    (data.models / f"{PREFIX}{dead.pid}-{int(psutil.Process(dead.pid).create_time())}-abc").mkdir()
    while psutil.Process(dead.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    sweep(data)
    dead.wait()
    assert in_models(data) == []
