"""Test which files of a repository are selected and how names and hub errors are read, offline."""

import msgspec
import pytest

from studio.core.errors import StudioError
from studio.core.settings_catalog.endpoint import checked_endpoint
from studio.core.settings_store import update
from studio.models.hub.errors import refusal, unreachable
from studio.models.hub.file_selection import choose
from studio.models.hub.repository import (
    Hub,
    RemoteFile,
    Repository,
    hub_for,
    parse_repository,
)

TINY = Repository("org/tiny")
GPT2 = ["config.json", "generation_config.json", "tokenizer.json", "vocab.json", "merges.txt"]
PARTS = {
    "_class_name": "StableDiffusionPipeline",
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "scheduler": ["diffusers", "PNDMScheduler"],
    "safety_checker": [None, None],
}
PIPELINE = [
    "model_index.json",
    "tokenizer/vocab.json",
    "tokenizer/merges.txt",
    "scheduler/scheduler_config.json",
]
PIPELINE += [f"{part}/config.json" for part in ("unet", "vae")]


def listed(*names, size=10):
    return [RemoteFile(name, size, f"{number:064x}") for number, name in enumerate(names)]


def chosen(*names, parts=None, wanted=()):
    return {
        file.path
        for file in choose(
            msgspec.structs.replace(TINY, files=tuple(wanted)), listed(*names), parts
        )
    }


def why(*names, parts=None, wanted=()):
    with pytest.raises(StudioError) as caught:
        chosen(*names, parts=parts, wanted=wanted)
    return caught.value


def test_one_precision_with_configs_and_tokenizer_is_selected():
    others = [
        "pytorch_model.bin",
        "tf_model.h5",
        "flax_model.msgpack",
        "rust_model.ot",
        "onnx/model.onnx",
        "onnx/config.json",
    ]
    others += [
        "model.fp16.safetensors",
        "consolidated.safetensors",
        "README.md",
        "convert.py",
        "picture.png",
        "model-q4.gguf",
    ]
    others += [
        "pytorch_model.bin.index.json",
        "runs/events.txt",
        "training_args.bin",
        "original/params.json",
        "requirements.txt",
    ]
    wanted = [
        *GPT2,
        "LICENSE",
        "chat_template.jinja",
        "additional_chat_templates/tools.jinja",
        "model.safetensors",
    ]
    assert chosen(*others, *wanted) == set(wanted)


def test_sharded_weights_include_their_index():
    shards = [f"model-0000{number}-of-00003.safetensors" for number in (1, 2, 3)]
    index = "model.safetensors.index.json"
    assert chosen(*GPT2, *shards, index, "pytorch_model.bin.index.json") == {*GPT2, *shards, index}
    assert chosen(*GPT2, *shards, index, "model.safetensors") == {*GPT2, "model.safetensors"}
    assert "model.safetensors" in why(*GPT2, *shards).message, (
        "without its index it cannot be loaded"
    )


def test_weights_come_last():
    files = choose(TINY, listed("model.safetensors", "config.json", "LICENSE", "zzz.json"), None)
    assert [file.path for file in files] == [
        "LICENSE",
        "config.json",
        "zzz.json",
        "model.safetensors",
    ]


def test_fp16_is_preferred_if_the_whole_pipeline_has_it():
    plain = ["unet/diffusion_pytorch_model.safetensors", "vae/diffusion_pytorch_model.safetensors"]
    half = [
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "vae/diffusion_pytorch_model.fp16.safetensors",
    ]
    other = [
        "unet/diffusion_pytorch_model.non_ema.safetensors",
        "unet/diffusion_pytorch_model.bin",
        "v1-5-pruned.safetensors",
    ]
    other += [
        "safety_checker/model.safetensors",
        "safety_checker/config.json",
        "unet_old/diffusion_pytorch_model.safetensors",
    ]
    assert chosen(*PIPELINE, *plain, *half, *other, parts=PARTS) == {*PIPELINE, *half}
    assert chosen(*PIPELINE, *plain, half[0], *other, parts=PARTS) == {*PIPELINE, *plain}, (
        "never a mixture"
    )
    assert chosen(*PIPELINE, half[0], plain[1], parts=PARTS) == {*PIPELINE, half[0], plain[1]}, (
        "but where there is no choice"
    )


def test_pipeline_with_code_or_pickles_is_refused():
    weights = [f"{part}/diffusion_pytorch_model.safetensors" for part in ("unet", "vae")]
    assert (
        "program code (pipeline.py)" in why(*PIPELINE, *weights, "pipeline.py", parts=PARTS).message
    )
    assert (
        "pickle"
        in why(*PIPELINE, weights[0], "vae/diffusion_pytorch_model.bin", parts=PARTS).message
    )


def test_pickles_and_unknown_files_are_refused_with_the_reason():
    assert "pickle (pytorch_model.bin)" in why(*GPT2, "pytorch_model.bin").message
    assert "adapter" in why("adapter_config.json", "adapter_model.safetensors").message
    assert "its kind is unknown" in why("lora.safetensors", "README.md").message
    assert why("README.md").cause == "model"


def test_single_gguf_is_selected_and_several_require_a_choice():
    assert chosen("a.gguf", "README.md", "mmproj-a.gguf") == {"a.gguf"}
    assert chosen("a-Q4.gguf", "a-Q8.gguf") == set()
    assert chosen("a-Q4.gguf", "a-Q8.gguf", wanted=["a-Q8.gguf"]) == {"a-Q8.gguf"}
    error = why("a-Q4.gguf", "a-Q8.gguf", wanted=["a-Q5.gguf"])
    assert error.cause == "invalid"
    assert "a-Q4.gguf, a-Q8.gguf" in error.cure
    assert (
        "one part of several"
        in why("a-00001-of-00002.gguf", wanted=["a-00001-of-00002.gguf"]).message
    )
    assert why("a-Q4.gguf", "a-Q8.gguf", wanted=["*.gguf"]).cause == "invalid"


def test_named_files_are_selected_unless_unsafe():
    names = [
        *PIPELINE,
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "unet/diffusion_pytorch_model.bin",
        "run.py",
    ]
    assert chosen(*names, wanted=["*.json", "unet/*.safetensors"]) == {
        name for name in names if name.endswith((".json", ".safetensors"))
    }
    for unsafe in ("unet/diffusion_pytorch_model.bin", "run.py", "*"):
        assert "only these are safe" in why(*names, wanted=[unsafe]).message


@pytest.mark.parametrize(
    "name",
    [
        "../../x.safetensors",
        "/etc/passwd",
        "a/../b",
        "a\\b",
        "C:/x",
        "a//b",
        "a/./b",
        "x\n",
        "x\u202e",
    ],
)
def test_path_outside_the_folder_is_refused(name):
    assert "outside its folder" in why(*GPT2, "model.safetensors", name).message


def test_too_many_files_are_refused():
    assert "more than" in why(*(f"{number}.json" for number in range(5001))).message


# Names and addresses
# ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("org/name", Repository("org/name")),
        (" gpt2 ", Repository("gpt2")),
        ("a-b/c.d_e-1", Repository("a-b/c.d_e-1")),
        ("org/name@v1.0", Repository("org/name", "v1.0")),
        ("org/name@refs/pr/1", Repository("org/name", "refs/pr/1")),
        ("https://huggingface.co/org/name", Repository("org/name")),
        ("https://huggingface.co/org/name/tree/dev", Repository("org/name", "dev")),
        (
            "https://huggingface.co/org/name/blob/main/q/a%20b.gguf",
            Repository("org/name", "main", ("q/a b.gguf",)),
        ),
        ("https://hub.example/org/name", Repository("org/name")),
    ],
)
def test_repository_is_parsed_from_user_input(text, expected):
    assert parse_repository(text, Hub(endpoint="https://hub.example")) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "a/b/c",
        "../b",
        "a/..",
        "a b/c",
        "org/name@",
        "org/name@a..b",
        "org/na--me",
        "org/name.git",
        "-a/b",
        "https://evil.example/a/b",
        "ünï/x",
        "a" * 97,
        "org/name@a b",
        "https://[::1/x",
        "org/name\n--x",
    ],
)
def test_invalid_repository_is_refused(text):
    with pytest.raises(StudioError) as caught:
        parse_repository(text)
    assert caught.value.cause == "invalid"
    assert caught.value.cure


@pytest.mark.parametrize(
    "text",
    [
        "",
        "huggingface.co",
        "ftp://x",
        "https://",
        "https://u:p@x",
        "https://x:99999",
        "https://x y",
        "https://[",
        "https://x?q=1",
        "file:///x",
    ],
)
def test_invalid_endpoint_is_refused(text):
    with pytest.raises(StudioError) as caught:
        checked_endpoint(text)
    assert caught.value.cause == "invalid"


def test_endpoint_is_taken_from_flag_variable_setting_or_default(data, monkeypatch):
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    assert hub_for(data).endpoint == "https://huggingface.co"
    update(data, {"endpoint": "https://setting.example/", "offline": True})
    assert hub_for(data) == Hub(endpoint="https://setting.example", offline=True)
    monkeypatch.setenv("HF_ENDPOINT", "https://variable.example")
    assert hub_for(data).endpoint == "https://variable.example"
    assert hub_for(data, "http://localhost:8000/").endpoint == "http://localhost:8000"


# What the hub's refusals mean
# ----------------------------------------------------------------------

# As the real hub words them.
RESTRICTED = (
    "Access to model org/tiny is restricted. You must have access to it and be "
    "authenticated to access it. Please log in."
)
NOT_LISTED = (
    "Access to model org/tiny is restricted and you are not in the authorized list. "
    "Visit "
    "…/org/tiny to ask for access."
)
PENDING = "Your request to access model org/tiny is awaiting a review from the repo authors."
REJECTED = "Your request to access model org/tiny has been rejected by the repo's authors."
NO_RIGHT = (
    "Please enable access to public gated repositories in your fine-grained token settings "
    "to view this repository."
)


def refusal_of(status, code, words, *, logged_in=True):
    return refusal(status, code, words, TINY, Hub(), logged_in=logged_in)


def test_each_gated_case_has_its_own_message():
    errors = [
        refusal_of(401, "GatedRepo", RESTRICTED, logged_in=False),
        refusal_of(403, "GatedRepo", NOT_LISTED),
        refusal_of(403, "GatedRepo", PENDING),
        refusal_of(403, "GatedRepo", REJECTED),
        refusal_of(403, "GatedRepo", NO_RIGHT),
    ]
    for error, words in zip(
        errors,
        (
            "not logged in",
            "not accepted the terms",
            "waits for its authors' approval",
            "rejected your request",
            "lacks the permission",
        ),
        strict=True,
    ):
        assert words in error.message
        assert error.cure
    assert len({error.message for error in errors}) == len({error.cure for error in errors}) == 5
    assert "https://huggingface.co/org/tiny" in errors[0].cure
    assert "https://huggingface.co/org/tiny" in errors[1].cure


@pytest.mark.parametrize(
    ("status", "code", "words", "logged_in", "message", "cause"),
    [
        (401, "RepoNotFound", "", False, "has no model 'org/tiny'", "invalid"),
        (404, "RepoNotFound", "", True, "has no model 'org/tiny'", "invalid"),
        (404, "RevisionNotFound", "", False, "no revision 'main'", "invalid"),
        (404, "EntryNotFound", "", False, "not on the hub any more", "model"),
        (
            401,
            "",
            "Invalid credentials in Authorization header",
            True,
            "rejects the token",
            "model",
        ),
        (403, "", "Forbidden", True, "lacks the permission", "model"),
        (403, "", "Access to this resource is disabled.", True, "has closed", "model"),
        (429, "", "", False, "too many requests", "model"),
        (503, "", "", False, "internal error (HTTP 503)", "model"),
        (418, "", "short and stout\x1b[31m", False, "answered 418: short and stout�[31m", "model"),
    ],
)
def test_hub_errors_have_a_message_and_a_remedy(status, code, words, logged_in, message, cause):
    error = refusal_of(status, code, words, logged_in=logged_in)
    assert message in error.message
    assert error.cause == cause
    assert error.cure


def test_certificate_and_network_errors_differ():
    assert "certificate" in unreachable(Hub(), "[SSL: CERTIFICATE_VERIFY_FAILED] …").message
    assert "cannot be reached" in unreachable(Hub(), "Name or service not known").message
