"""Test that models with code of their own run none of it in the real child.

They are forced past the checks of the model list on purpose.
"""

import json
import os
import pickle
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import msgspec
import pytest

from studio.core.events import Failed, Finished
from studio.core.jobs import new_job
from studio.core.requests import ImageRequest, TextRequest
from studio.engine.process.engine import ProcessEngine
from studio.models.card import ModelCard
from studio.models.card_store import card_folder, write_card
from studio.models.inspect.summary import inspect_any
from studio.models.install.add import add
from tests.checkpoints.image import make_sd
from tests.checkpoints.text import make_llama
from tests.engine.runs import run_one
from tests.engine.test_engines import EventLog


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return a folder with a tiny valid text model and a tiny valid image model."""
    root = tmp_path_factory.mktemp("whole")
    make_llama(root / "text")
    make_sd(root / "image")
    return root


@pytest.fixture
def engine(data):
    made = ProcessEngine(data)
    yield made
    made.close()


def attack(canary: Path) -> str:
    """A module that leaves a trace as soon as it is imported, and offers whatever it is asked
    for.
    """
    return textwrap.dedent(f"""
        open({str(canary)!r}, "w").write("ran")
        def __getattr__(name):
            open({str(canary)!r}, "w").write(name)
            raise AttributeError(name)
    """)


def changed(path: Path, **more) -> None:
    path.write_text(json.dumps({**(json.loads(path.read_text()) if path.exists() else {}), **more}))


class Evil:
    """Runs when it is unpickled."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self):
        return Path.touch, (self.canary,)


def config_auto_map(folder, canary):
    (folder / "modeling_evil.py").write_text(attack(canary))
    changed(
        folder / "config.json",
        auto_map={
            "AutoConfig": "modeling_evil.C",
            "AutoModelForCausalLM": "modeling_evil.M",
            "AutoModel": "modeling_evil.M",
        },
    )


def unknown_type_with_auto_map(folder, canary):
    config_auto_map(folder, canary)
    changed(folder / "config.json", model_type="evil", architectures=["EvilForCausalLM"])


def tokenizer_auto_map(folder, canary):
    (folder / "tokenization_evil.py").write_text(attack(canary))
    changed(
        folder / "tokenizer_config.json",
        auto_map={"AutoTokenizer": ["tokenization_evil.T", "tokenization_evil.T"]},
        tokenizer_class="EvilTokenizer",
    )


def generation_of_its_own(folder, canary):
    (folder / "custom_generate").mkdir()
    (folder / "custom_generate" / "generate.py").write_text(attack(canary))
    (folder / "generate.py").write_text(attack(canary))
    changed(folder / "generation_config.json", custom_generate="custom_generate")


def kernels_from_elsewhere(folder, canary):
    (folder / "kernels.py").write_text(attack(canary))
    changed(
        folder / "config.json",
        _attn_implementation="evil/kernels",
        _attn_implementation_internal="evil/kernels",
    )


def only_a_pickle(folder, canary):
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"a": Evil(canary)}))


def a_pickle_called_safetensors(folder, canary):
    (folder / "model.safetensors").write_bytes(pickle.dumps({"a": Evil(canary)}))


def an_index_of_pickles(folder, canary):
    (folder / "model.safetensors").unlink()
    (folder / "evil.bin").write_bytes(pickle.dumps({"a": Evil(canary)}))
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"metadata": {}, "weight_map": {"a": "evil.bin"}})
    )


def modules_named_like_libraries(folder, canary):
    for name in ("torch", "transformers", "safetensors", "sitecustomize", "tokenizers"):
        (folder / f"{name}.py").write_text(attack(canary))


ESCAPES = (
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ cycler.__init__.__globals__.os.system('touch CANARY') }}",
    "{{ self.__init__.__globals__.__builtins__.open('CANARY', 'w') }}",
    "{{ messages.__class__.__base__.__subclasses__()[40]('CANARY', 'w') }}",
    "{% include '/etc/passwd' %}",
    "{{ raise_exception.__globals__['__builtins__']['open']('CANARY', 'w') }}",
    "{{ strftime_now.__globals__['__builtins__']['open']('CANARY', 'w') }}",
    "{% set a = namespace() %}{% set a.__class__ = 1 %}",
)


TEXT = [
    config_auto_map,
    unknown_type_with_auto_map,
    tokenizer_auto_map,
    generation_of_its_own,
    kernels_from_elsewhere,
    only_a_pickle,
    a_pickle_called_safetensors,
    an_index_of_pickles,
    modules_named_like_libraries,
]


def pipeline_of_its_own(folder, canary):
    (folder / "evil_pipeline.py").write_text(attack(canary))
    (folder / "pipeline.py").write_text(attack(canary))
    changed(folder / "model_index.json", _class_name=["evil_pipeline", "EvilPipeline"])


def part_of_its_own(folder, canary):
    (folder / "unet" / "evil_unet.py").write_text(attack(canary))
    (folder / "evil_unet.py").write_text(attack(canary))
    changed(folder / "model_index.json", unet=["evil_unet", "EvilUNet"])


def part_with_auto_map(folder, canary):
    (folder / "text_encoder" / "evil.py").write_text(attack(canary))
    changed(
        folder / "text_encoder" / "config.json", auto_map={"AutoModel": "evil.M"}, model_type="evil"
    )
    changed(folder / "model_index.json", text_encoder=["transformers", "AutoModel"])


def module_of_the_system(folder, canary):
    changed(folder / "model_index.json", scheduler=["os", "system"], x=["subprocess", "Popen"])


def part_is_a_pickle(folder, canary):
    (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(pickle.dumps({"a": Evil(canary)}))


IMAGE = [
    pipeline_of_its_own,
    part_of_its_own,
    part_with_auto_map,
    module_of_the_system,
    part_is_a_pickle,
]


def forced(data, kind: str, folder: Path) -> ModelCard:
    """Put a folder into the list without asking `inspect`, as a damaged or older list might have
    it.
    """
    runner, family = (
        ("diffusers", "StableDiffusionPipeline") if kind == "image" else ("transformers", "llama")
    )
    card = ModelCard(
        name=f"evil-{folder.name}",
        title=folder.name,
        kind=kind,
        runner=runner,
        family=family,
        path=str(folder),
    )
    write_card(card, card_folder(data, card.name))
    return card


def run(engine, data, card: ModelCard):
    log = EventLog()
    values = {"prompt": "hello", "model": card.name, "seed": 1}
    if card.kind == "image":
        request = ImageRequest(**values, width=16, height=16, num_inference_steps=1)
    else:
        request = TextRequest(**values, max_new_tokens=2)
    run_one(engine, new_job(request, str(data.outputs)), log)
    assert log.ends_once()
    return log.last


def test_hostile_model_runs_code_if_trusted(whole, tmp_path):
    """Loaded with trust_remote_code, the same folder runs its code, so the tests below can fail."""
    folder, canary = shutil.copytree(whole / "text", tmp_path / "model"), tmp_path / "canary"
    unknown_type_with_auto_map(folder, canary)
    program = (
        "import sys; from transformers import AutoModelForCausalLM\n"
        "AutoModelForCausalLM.from_pretrained(sys.argv[1], local_files_only=True, "
        "trust_remote_code=True)"
    )
    environment = {
        **os.environ,
        "HF_MODULES_CACHE": str(tmp_path / "modules"),
        "HF_HUB_OFFLINE": "1",
    }
    subprocess.run(
        [sys.executable, "-c", program, folder], env=environment, capture_output=True, check=False
    )
    assert canary.exists()
    canary.unlink()
    pickle.loads(pickle.dumps(Evil(canary)))
    assert canary.exists()


@pytest.mark.parametrize("kind", ["text", "image"])
def test_engine_runs_no_code_of_a_hostile_model(engine, data, whole, tmp_path, monkeypatch, kind):
    """One child gets all models in turn, each from its hostile folder as the working folder."""
    results = {}
    for attempt in TEXT if kind == "text" else IMAGE:
        folder = shutil.copytree(whole / kind, tmp_path / attempt.__name__)
        canary = tmp_path / f"canary-{attempt.__name__}"
        attempt(folder, canary)
        assert inspect_any(folder).why_not, attempt.__name__  # the list does not take it
        monkeypatch.chdir(folder)
        results[attempt.__name__] = run(engine, data, forced(data, kind, folder))
        assert not list(tmp_path.glob("canary-*")), attempt.__name__
    # What is left of the model is either run by the library's own classes, or is a failure in
    # words.
    assert all(isinstance(last, (Finished, Failed)) for last in results.values())
    assert any(isinstance(last, Failed) for last in results.values())
    good = shutil.copytree(whole / kind, tmp_path / "good")
    last = run(engine, data, add(data, good))
    assert isinstance(last, Finished), last  # the child is as good as before


def test_sandbox_escapes_in_chat_templates_run_nothing(engine, data, whole, tmp_path):
    canary = tmp_path / "canary"
    for number, escape in enumerate(ESCAPES):
        folder = shutil.copytree(whole / "text", tmp_path / f"template-{number}")
        (folder / "chat_template.jinja").write_text(escape.replace("CANARY", str(canary)))
        card = forced(data, "text", folder)
        write_card(msgspec.structs.replace(card, chat=True), card_folder(data, card.name))
        last = run(engine, data, card)
        assert isinstance(last, Finished), (escape, last)  # with the plain prompt
        assert not canary.exists(), escape


def test_recipe_contains_the_hash_of_the_weights(engine, data, whole, tmp_path):
    from studio.library.artifacts import read_recipe

    for kind in ("text", "image"):
        card = add(data, shutil.copytree(whole / kind, tmp_path / kind))
        last = run(engine, data, card)
        assert isinstance(last, Finished), last
        recipe = read_recipe(Path(last.artifacts[0].path))
        assert recipe.model_sha256 == card.sha256
        assert len(card.sha256) == 64
