"""Test downloads from a small hub on loopback with the real child, files and faults.

This process itself opens no connection.
"""

import contextlib
import hashlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import psutil
import pytest

from studio.core.errors import StudioError
from studio.core.events import Finished
from studio.core.files import PART_SUFFIX
from studio.core.jobs import new_job
from studio.core.requests import ImageRequest, TextRequest
from studio.core.settings_store import update
from studio.engine.process.engine import ProcessEngine
from studio.models import llama_cpp
from studio.models.card import ModelCard
from studio.models.catalog import entry_named, listed
from studio.models.hub.download import download, query
from studio.models.hub.download_folder import discard_partial_download, partial_downloads
from studio.models.hub.progress import DownloadProgress, Meter, pace_text
from studio.models.hub.repository import Hub, RemoteFile, Repository
from studio.models.install.add import add
from studio.models.install.staging import InstallCancelledError
from studio.models.install.verify import check
from studio.models.registry import ModelRegistry
from tests.checkpoints.image import make_sd
from tests.checkpoints.text import make_gpt2
from tests.engine.runs import run_one
from tests.models.hub.server import Fault, LoopbackHub, digest, files_of
from tests.models.made import make_gguf

WEIGHTS = "model.safetensors"
TINY = Repository("org/tiny")
POSITIONS = 8_000
"""Make the weights of the tiny model a megabyte."""


@pytest.fixture(autouse=True)
def _own_account(monkeypatch):
    for name in ("HF_TOKEN", "HF_ENDPOINT", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "gpt2"
    make_gpt2(folder, POSITIONS)
    return files_of(folder)


@pytest.fixture
def hub(gpt2):
    with LoopbackHub() as hub:
        hub.add("org/tiny", gpt2, card={"license": "apache-2.0", "language": ["en"]})
        yield hub


def speak_to(hub, **values) -> Hub:
    return Hub(
        **{
            "endpoint": hub.endpoint,
            "token": "",
            "first_wait_seconds": 0.01,
            "silence_seconds": 20.0,
            **values,
        }
    )


def get(data, hub, repository=TINY, **values):
    return download(data, repository, hub=speak_to(hub), **values)


def refused(data, hub, repository=TINY, **values) -> StudioError:
    with pytest.raises(StudioError) as caught:
        download(data, repository, hub=speak_to(hub, **values))
    assert own(data) == []
    assert caught.value.cure
    return caught.value


def own(data) -> list[str]:
    return [card.name for card in ModelRegistry(data).list() if not card.builtin]


def no_leftovers(data) -> bool:
    return not list(data.downloads.iterdir()) and not [
        path for path in data.models.iterdir() if path.name.startswith(".")
    ]


def children():
    """The downloads that run; one that was killed a moment ago has no command line."""
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            found += [child] if "studio.models.hub.worker" in child.cmdline() else []
    return found


def made(data, request):
    """The artifact that the real engine makes."""
    engine, events = ProcessEngine(data), []
    try:
        run_one(engine, new_job(request, str(data.outputs)), events.append)
    finally:
        engine.close()
    assert isinstance(events[-1], Finished), events[-1]
    return events[-1].artifacts


# A whole download
# ----------------------------------------------------------------------


def test_downloaded_model_generates_text_in_the_real_engine(data, hub, gpt2):
    reports: list[DownloadProgress] = []
    card = download(data, TINY, reports.append, hub=speak_to(hub))
    assert (card.name, card.title, card.kind, card.family, card.license, card.languages) == (
        "tiny",
        "tiny",
        "text",
        "gpt2",
        "Apache-2.0",
        ("en",),
    )
    assert card == ModelRegistry(data).find("text", "tiny")
    assert {name: (card.folder / name).read_bytes() for name in gpt2} == gpt2
    assert card.source == f"{hub.endpoint}/org/tiny/tree/{hub.repos['org/tiny'].commit}"
    assert no_leftovers(data)
    assert not children()
    made(data, TextRequest(prompt="A small cat", model="tiny", max_new_tokens=8, seed=1))
    measured = [now for now in reports if now.total]
    assert measured
    assert all(0 <= now.done <= now.total == sum(map(len, gpt2.values())) for now in measured)
    assert [now.done for now in measured] == sorted(now.done for now in measured)
    assert reports[-1].phase == "Installing"


def test_download_and_added_folder_have_the_same_hash(data, hub, gpt2, tmp_path):
    card = get(data, hub)
    folder = tmp_path / "same"
    shutil.copytree(card.folder, folder)
    (folder / "card.toml").unlink()
    with pytest.raises(StudioError, match="tiny is in the list already"):
        add(data, folder)


def test_installed_model_is_not_downloaded_again(data, hub):
    first = get(data, hub)
    sent = sum(map(len, hub.sent.values()))
    assert get(data, hub) == first
    assert get(data, hub, Repository("org/tiny", hub.repos["org/tiny"].commit)) == first
    assert sum(map(len, hub.sent.values())) == sent
    assert own(data) == ["tiny"]


def test_added_folder_counts_as_the_downloaded_model(data, hub, gpt2, tmp_path):
    for name, content in gpt2.items():
        (tmp_path / "mine").mkdir(exist_ok=True)
        (tmp_path / "mine" / name).write_bytes(content)
    card = add(data, tmp_path / "mine")
    assert get(data, hub) == card
    assert hub.sent == {}


def test_only_needed_files_are_requested(data, hub, gpt2):
    extra = {
        "pytorch_model.bin": b"\x80\x04pickle",
        "convert.py": b"raise SystemExit",
        "onnx/model.onnx": b"x",
        "README.md": b"# Tiny",
    }
    hub.add(
        "org/tiny",
        {**gpt2, **extra, "model.fp16.safetensors": gpt2[WEIGHTS], "LICENSE": b"Do what you like."},
    )
    card = get(data, hub)
    assert {path.name for path in card.folder.iterdir()} == {*gpt2, "LICENSE", "card.toml"}
    assert not [
        path for _method, path, _headers in hub.asked if any(name in path for name in extra)
    ]


def test_pipeline_is_downloaded_in_one_precision_with_its_folders(data, hub, tmp_path):
    make_sd(tmp_path / "made")
    files = files_of(tmp_path / "made")
    half = {
        name.replace(".safetensors", ".fp16.safetensors"): content
        for name, content in files.items()
        if name.endswith(".safetensors")
    }
    hub.add("org/images", {**files, **half})
    card = get(data, hub, Repository("org/images"))
    assert card.kind == "image"
    there = files_of(card.folder)
    assert set(half) <= set(there)
    assert not [name for name in there if name.endswith(".safetensors") and ".fp16." not in name]
    assert made(
        data,
        ImageRequest(
            prompt="a red apple",
            model="images",
            width=64,
            height=64,
            num_inference_steps=2,
            seed=1,
        ),
    )


def test_identical_files_are_downloaded_once(data, hub, gpt2, tmp_path):
    hub.add("org/tiny", {**gpt2, "LICENSE": b"same", "NOTICE": b"same"})
    card = get(data, hub)
    assert (
        (card.folder / "LICENSE").read_bytes() == (card.folder / "NOTICE").read_bytes() == b"same"
    )
    assert len(hub.sent["LICENSE"]) + len(hub.sent["NOTICE"]) == 1


def test_chosen_gguf_file_is_kept_or_converted(data, hub, tmp_path):
    one, other = make_gguf(tmp_path / "Tiny-Q4.gguf"), make_gguf(tmp_path / "Tiny-Q8.gguf", seed=1)
    hub.add(
        "org/tiny-GGUF",
        {path.name: path.read_bytes() for path in (one, other)},
        more={"gguf": {"total": 30_000}},
    )
    repository = Repository("org/tiny-GGUF")
    with pytest.raises(StudioError) as caught:
        get(data, hub, repository)
    assert caught.value.cause == "invalid"
    assert "Tiny-Q4.gguf" in caught.value.cure
    card = get(data, hub, msgspec.structs.replace(repository, files=("Tiny-Q8.gguf",)))
    assert card.sha256 == hashlib.sha256(other.read_bytes()).hexdigest()
    as_it_is = llama_cpp.is_installed()
    assert (card.folder / WEIGHTS).is_file() is not as_it_is
    assert (card.folder / "Tiny-Q8.gguf").is_file() is as_it_is
    assert card.runner == ("llama.cpp" if as_it_is else "transformers")
    assert check(data, card).state == ("same" if as_it_is else "noted")
    assert "Tiny-Q4.gguf" not in hub.sent
    assert no_leftovers(data)


def test_catalog_fields_are_kept(data, hub, gpt2):
    known = ModelCard(
        name="good-name",
        title="A good name",
        kind="text",
        runner="transformers",
        license="MIT",
        defaults={"temperature": 0.3},
    )
    card = get(data, hub, card=known)
    assert (card.name, card.title, card.license, card.defaults) == (
        "good-name",
        "A good name",
        "MIT",
        {"temperature": 0.3},
    )
    assert card.size == len(gpt2[WEIGHTS])
    assert card.parameters
    assert get(data, hub, card=known) == card


def test_catalog_model_is_downloaded_with_its_card(data, hub, gpt2):
    hub.add("openai-community/gpt2", gpt2)
    card = get(data, hub, Repository("openai-community/gpt2"))
    known = entry_named("gpt2").card
    assert (card.name, card.title, card.defaults) == ("gpt2", known.title, known.defaults)
    assert card.max_positions == json.loads(gpt2["config.json"])["n_positions"], (
        "the files know better"
    )
    assert [entry.card.name for entry in listed([card])].count("gpt2") == 1
    assert get(data, hub, Repository("openai-community/gpt2")) == card


def test_several_downloads_run_at_once(data, hub, gpt2):
    names = [f"org/tiny-{number}" for number in range(3)]
    for number, name in enumerate(names):
        config = json.loads(gpt2["config.json"]) | {"number": number}
        hub.add(
            name,
            {
                **gpt2,
                "config.json": json.dumps(config).encode(),
                WEIGHTS: flipped(gpt2[WEIGHTS], -1 - number),
            },
        )
    made, threads = {}, []
    for name in names:
        threads.append(
            threading.Thread(
                target=lambda name=name: made.update({name: get(data, hub, Repository(name))})
            )
        )
        threads[-1].start()
    for thread in threads:
        thread.join()
    assert sorted(own(data)) == [name.removeprefix("org/") for name in names]
    for name in names:
        assert (made[name].folder / WEIGHTS).read_bytes() == hub.repos[name].files[WEIGHTS]


def flipped(content: bytes, at: int) -> bytes:
    changed = bytearray(content)
    changed[at] ^= 1
    return bytes(changed)


# A look
# ----------------------------------------------------------------------


def test_query_reports_all_facts_without_downloading(data, hub, gpt2):
    hub.add(
        "org/tiny",
        {**gpt2, "LICENSE": b"Do what you like."},
        card={"license": "other", "license_name": "my-own", "license_link": "https://x.example"},
    )
    seen = query(data, TINY, hub=speak_to(hub))
    assert {file.path for file in seen.contents.files} == {*gpt2, "LICENSE"}
    assert seen.need == seen.contents.size == sum(map(len, gpt2.values())) + 17
    assert seen.free > 0
    assert (seen.contents.license, seen.contents.license_link, seen.contents.license_text) == (
        "my-own",
        "https://x.example",
        "Do what you like.",
    )
    assert not seen.contents.gated
    assert seen.downloaded == 0
    assert set(hub.sent) == {"LICENSE"}
    assert not list(data.downloads.iterdir())


def test_query_counts_partial_downloads(data, hub, gpt2):
    stop_at(data, hub, 500_000)
    seen = query(data, TINY, hub=speak_to(hub))
    small = sum(len(content) for name, content in gpt2.items() if name != WEIGHTS)
    assert small + 400_000 < seen.downloaded <= small + 500_000
    assert seen.need == seen.contents.size - seen.downloaded
    assert partial_downloads(data) == {"org/tiny": seen.downloaded}
    assert discard_partial_download(data, TINY) == seen.downloaded
    assert partial_downloads(data) == {}
    assert no_leftovers(data)


def test_too_little_disk_space_is_reported_before_the_download(data, hub, gpt2, monkeypatch):
    usage = shutil.disk_usage(data.root)._replace(free=10**6)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    error = refused(data, hub)
    assert "needs 0.1 GB of disk space, and 0.0 GB are free" in error.message
    assert error.cause == "disk"
    assert hub.sent == {}


# Cuts, pauses, kills
# ----------------------------------------------------------------------


def stop_at(data, hub, place: int) -> None:
    """Pause a download when the hub has sent so much of the weights."""
    hub.paused.clear()
    hub.faults[WEIGHTS].append(Fault(pause_at=place))
    part = (
        data.downloads
        / TINY.folder_name
        / (digest(WEIGHTS, hub.repos["org/tiny"].files[WEIGHTS]) + PART_SUFFIX)
    )
    with pytest.raises(InstallCancelledError) as caught:
        get(
            data,
            hub,
            cancelled=lambda: hub.paused.is_set() and part.stat().st_size >= place - 200_000,
        )
    assert caught.value.cure
    assert own(data) == []
    assert not children()


def test_paused_download_continues(data, hub, gpt2):
    for place in (1, 300_000, 700_000, len(gpt2[WEIGHTS]) - 1):
        stop_at(data, hub, place)
    card = get(data, hub)
    assert (card.folder / WEIGHTS).read_bytes() == gpt2[WEIGHTS]
    assert hub.sent_twice(WEIGHTS) <= 4 * 200_000
    assert all(len(sent) == 1 for name, sent in hub.sent.items() if name != WEIGHTS), (
        "small files are fetched once"
    )
    assert no_leftovers(data)


def test_cut_connection_continues_without_losing_a_byte(data, hub, gpt2):
    places = [0, 1, 7, 8, 9, 65_535, 65_536, 65_537, 500_000, len(gpt2[WEIGHTS]) - 1]
    hub.faults[WEIGHTS] = [Fault(cut_at=place) for place in places]
    card = get(data, hub)
    assert (card.folder / WEIGHTS).read_bytes() == gpt2[WEIGHTS]
    assert hub.sent_twice(WEIGHTS) == 0
    assert not hub.faults[WEIGHTS], "all of them happened"


PROGRAM = """
import sys, msgspec
from studio.core.paths import data_folder
from studio.models.hub.download import download
from studio.models.hub.repository import Hub, Repository
hub = msgspec.json.decode(sys.argv[1], type=Hub)
print(download(data_folder(), Repository("org/tiny"), hub=hub).name)
"""


def start(hub) -> subprocess.Popen:
    command = [sys.executable, "-c", PROGRAM, msgspec.json.encode(speak_to(hub)).decode()]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_killed_download_leaves_no_child_and_continues(data, hub, gpt2):
    for place in (100_000, 600_000):
        hub.paused.clear()
        hub.faults[WEIGHTS] = [Fault(pause_at=place)]
        program = start(hub)
        assert hub.paused.wait(60)
        (child,) = psutil.Process(program.pid).children()
        program.kill()
        program.communicate(timeout=60)
        assert psutil.wait_procs([child], 20)[1] == []
        assert own(data) == []
    program = start(hub)
    out, errors = program.communicate(timeout=120)
    assert out.strip() == "tiny", errors
    assert (ModelRegistry(data).find("text", "tiny").folder / WEIGHTS).read_bytes() == gpt2[WEIGHTS]
    assert no_leftovers(data)


def test_kill_before_publishing_downloads_nothing_again(data, hub, gpt2):
    stop_at(data, hub, 900_000)
    whole = data.downloads / TINY.folder_name / "whole/tiny"
    whole.mkdir(parents=True)
    for name, content in gpt2.items():  # as a kill between two renames leaves it
        (whole / name).write_bytes(content)
        for path in (data.downloads / TINY.folder_name).glob(f"{digest(name, content)}*"):
            path.unlink()
    (whole / "card.toml").write_text("half")
    hub.sent.clear()
    card = get(data, hub)
    assert hub.sent == {}
    assert {name: (card.folder / name).read_bytes() for name in gpt2} == gpt2


def test_damaged_partial_file_is_downloaded_again(data, hub, gpt2):
    stop_at(data, hub, 800_000)
    (part,) = (data.downloads / TINY.folder_name).glob(f"*{PART_SUFFIX}")
    content = bytearray(part.read_bytes())
    content[1000] ^= 1
    part.write_bytes(content)
    assert (get(data, hub).folder / WEIGHTS).read_bytes() == gpt2[WEIGHTS]


def test_too_long_partial_file_is_restarted(data, hub, gpt2):
    stop_at(data, hub, 800_000)
    (part,) = (data.downloads / TINY.folder_name).glob(f"*{PART_SUFFIX}")
    part.write_bytes(b"x" * (len(gpt2[WEIGHTS]) + 1))
    assert (get(data, hub).folder / WEIGHTS).read_bytes() == gpt2[WEIGHTS]


def test_second_download_of_the_same_model_is_refused(data, hub):
    hub.faults[WEIGHTS] = [Fault(pause_at=500_000)]
    program = start(hub)
    try:
        assert hub.paused.wait(60)
        with pytest.raises(StudioError, match="is being installed already"):
            get(data, hub)
    finally:
        program.kill()
        program.communicate()


# Faults of the hub
# ----------------------------------------------------------------------

BUSY = Fault(429, message="Too many requests", headers={"Retry-After": "0"})


@pytest.mark.parametrize(
    "faults",
    [
        [BUSY, BUSY],
        [Fault(500), Fault(503), Fault(502, message="<html>")],
        [Fault(cut_at=400_000, reset=True), Fault(500), Fault(cut_at=900_000)],
        [Fault(truncate_to=300_000), Fault(cut_at=500_000)],
        [Fault(cut_at=500_000), Fault(whole=True)],
        [Fault(cut_at=500_000), Fault(whole=True, cut_at=100_000), Fault(cut_at=200_000)],
        [Fault(flip=5)],
        [Fault(cut_at=700_000), Fault(flip=800_000)],
        [Fault(bytes_a_second=2e6)],
    ],
    ids=[
        "429",
        "5xx",
        "reset",
        "truncated",
        "200 to a range",
        "200 and cut",
        "wrong byte",
        "wrong byte after a cut",
        "slow",
    ],
)
def test_hub_errors_are_retried_until_the_file_is_complete(data, hub, gpt2, faults):
    hub.faults[WEIGHTS] = list(faults)
    assert (get(data, hub).folder / WEIGHTS).read_bytes() == gpt2[WEIGHTS]
    assert not hub.faults[WEIGHTS]
    assert no_leftovers(data)


def test_hub_errors_during_a_query_are_retried(data, hub):
    hub.api_faults = [BUSY, Fault(503)]
    assert get(data, hub).name == "tiny"


def test_silent_hub_counts_as_a_cut_connection(data, hub, gpt2):
    hub.faults[WEIGHTS] = [Fault(pause_at=500_000)]
    card = download(data, TINY, hub=speak_to(hub, silence_seconds=0.5))
    assert (card.folder / WEIGHTS).read_bytes() == gpt2[WEIGHTS]
    assert hub.sent_twice(WEIGHTS) == 0


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        ([Fault(429, headers={"Retry-After": "3600"})], "too many requests"),
        ([Fault(500)] * 9, "internal error (HTTP 500)"),
        ([Fault(cut_at=10)] * 20, "connection keeps breaking"),
        ([Fault(flip=5)] * 2, "is not what it lists, so it was deleted"),
        ([Fault(truncate_to=1000)] * 2 + [Fault(416)] * 9, "is not what it lists"),
        ([Fault(cut_at=1000), Fault(wrong_start=True)], "is not what it lists"),
    ],
    ids=[
        "429 for an hour",
        "500 for ever",
        "cut for ever",
        "wrong hash",
        "shorter than listed",
        "another range",
    ],
)
def test_permanent_hub_error_is_reported_and_installs_nothing(data, hub, faults, words):
    hub.faults[WEIGHTS] = list(faults)
    error = refused(data, hub)
    assert words in error.message
    assert error.cause == "model"
    hub.faults.clear()
    assert get(data, hub).name == "tiny", "and it can be done later"


def test_retry_after_is_respected_and_shown(data, hub):
    hub.faults[WEIGHTS] = [Fault(429, headers={"Retry-After": "1"})]
    reports = []
    get(data, hub, report=reports.append)
    assert "Waiting 1 s for the hub" in {now.phase for now in reports}


def test_unknown_repository_is_an_invalid_request(data, hub, gpt2):
    assert "has no model 'org/other'" in refused(data, hub, Repository("org/other")).message
    assert "no revision 'v9'" in refused(data, hub, Repository("org/tiny", "v9")).message
    error = refused(data, hub, Repository("org/tiny", files=("x.gguf",)))
    assert "has no file 'x.gguf'" in error.message
    assert error.cause == "invalid"
    assert not list(data.downloads.iterdir())


def test_unreachable_or_wrong_endpoint_is_reported(data, hub, monkeypatch):
    assert "cannot be reached" in refused(data, hub, endpoint="http://127.0.0.1:9").message
    hub.add("org/odd", {}, more={"sha": None})
    assert "does not answer like a hub" in refused(data, hub, Repository("org/odd")).message
    hub.add(
        "org/odd",
        {},
        more={"siblings": [{"rfilename": "config.json", "size": 3, "blobId": "../../../canary"}]},
    )
    assert "does not answer like a hub" in refused(data, hub, Repository("org/odd")).message


def test_full_disk_is_reported_and_the_partial_file_kept(data, hub, gpt2):
    code = (
        "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))\n"
        f"from studio.core.errors import StudioError\ntry:\n  exec({PROGRAM!r})\n"
        "except StudioError as error: print(error.cause, error.message)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, msgspec.json.encode(speak_to(hub)).decode()],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.startswith("disk The download cannot be written: File too large"), (
        done.stdout,
        done.stderr,
    )
    assert own(data) == []
    (part,) = (data.downloads / TINY.folder_name).glob(f"*{PART_SUFFIX}")
    assert part.stat().st_size == 600_000
    assert (get(data, hub).folder / WEIGHTS).read_bytes() == gpt2[WEIGHTS]


@pytest.mark.skipif(
    sys.platform != "linux" or os.getuid() != 0, reason="only root may mount a small disk"
)
def test_download_to_a_full_disk_can_continue(hub, gpt2, tmp_path):
    from studio.core.paths import DataFolder

    mounted = tmp_path / "small"
    mounted.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", mounted],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        pytest.skip("no disk can be mounted here")
    try:
        small = DataFolder(mounted / "data")
        small.create()
        # The check before would refuse, so another program fills the disk after it.
        code = (
            "import shutil; old = shutil.disk_usage; shutil.disk_usage = lambda path: old('/')\n"
            + PROGRAM
        )
        environment = {**os.environ, "STUDIO_DATA_DIR": str(small.root)}
        command = [sys.executable, "-c", code, msgspec.json.encode(speak_to(hub)).decode()]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=120, check=False, env=environment
        )
        assert "The download cannot be written: No space left on device" in done.stderr, done.stderr
        assert own(small) == []
        subprocess.run(["mount", "-o", "remount,size=64m", mounted], check=True)
        program = subprocess.run(
            [sys.executable, "-c", PROGRAM, command[-1]],
            capture_output=True,
            text=True,
            env=environment,
            timeout=120,
            check=False,
        )
        assert program.stdout.strip() == "tiny", program.stderr
        assert hub.sent_twice(WEIGHTS) <= 200_000
    finally:
        subprocess.run(["umount", mounted], check=True)


# What is not safe or cannot run
# ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"config.json": {"auto_map": {"AutoModelForCausalLM": "modeling.Own"}}}, "auto_map"),
        ({"config.json": {"model_type": "wav2vec2"}}, "kind of model (wav2vec2)"),
        ({"tokenizer_config.json": {"auto_map": {"AutoTokenizer": ["own.T", None]}}}, "auto_map"),
    ],
)
def test_unsupported_model_is_refused_before_its_weights_are_downloaded(
    data, hub, gpt2, change, words
):
    files = dict(gpt2)
    for name, table in change.items():
        files[name] = json.dumps(json.loads(files[name]) | table).encode()
    hub.add("org/tiny", files)
    assert words in refused(data, hub).message
    assert WEIGHTS not in hub.sent


def test_pipeline_with_foreign_classes_is_refused_before_its_weights_are_downloaded(data, hub):
    index = {"_class_name": "StableDiffusionPipeline", "unet": ["evil", "Unet"]}
    hub.add(
        "org/tiny",
        {
            "model_index.json": json.dumps(index).encode(),
            "unet/config.json": b"{}",
            "unet/model.safetensors": b"x",
        },
    )
    assert "comes from 'evil'" in refused(data, hub).message
    assert "unet/model.safetensors" not in hub.sent


def test_invalid_weights_are_not_installed_or_kept(data, hub, gpt2):
    hub.add("org/tiny", {**gpt2, WEIGHTS: b"\x80\x04\x95 a pickle under another name"})
    assert "pickle" in refused(data, hub).message
    assert no_leftovers(data)


# Who may
# ----------------------------------------------------------------------

GATED = [
    (Fault(401, "GatedRepo", "Access to model org/tiny is restricted. … Please log in."), ""),
    (
        Fault(
            403,
            "GatedRepo",
            "Access to model org/tiny is restricted and you are not in the authorized list.",
        ),
        "hf_new",
    ),
    (
        Fault(
            403,
            "GatedRepo",
            "Your request to access model org/tiny is awaiting a review from the repo authors.",
        ),
        "hf_pending",
    ),
    (
        Fault(
            403,
            "GatedRepo",
            "Your request to access model org/tiny has been rejected by the repo's authors.",
        ),
        "hf_rejected",
    ),
    (
        Fault(
            403,
            "",
            "Please enable access to public gated repositories in your fine-grained token "
            "settings.",
        ),
        "hf_fine",
    ),
]


def test_each_gated_case_is_reported_before_the_download(data, hub, gpt2):
    by_token = {token: fault for fault, token in GATED}
    hub.add("org/tiny", gpt2, gated="manual", allowed=by_token.get)
    messages = []
    for _fault, token in GATED:
        seen = query(data, TINY, hub=speak_to(hub, token=token))
        assert seen.contents.gated
        messages.append(seen.contents.closed.message)
        assert refused(data, hub, token=token).message == messages[-1]
    assert len(set(messages)) == len(GATED)
    assert hub.sent == {}
    assert download(data, TINY, hub=speak_to(hub, token="hf_good")).name == "tiny"


def test_token_is_sent_to_the_hub_only(data, hub, gpt2, monkeypatch):
    token = "hf_" + "secretsecretsecret"
    hub.add(
        "org/tiny",
        gpt2,
        gated="auto",
        allowed=lambda given: None if given == token else GATED[0][0],
    )
    hub.faults[WEIGHTS] = [Fault(pause_at=500_000), Fault(flip=900_000), Fault(flip=900_000)]
    monkeypatch.setenv("HF_TOKEN", token)
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
    found: list[str] = []

    def cancelled():
        if hub.paused.is_set():
            for child in children():
                found.append(" ".join(child.cmdline()) + str(child.environ()))
            return True
        return False

    with pytest.raises(InstallCancelledError):
        download(data, TINY, cancelled=cancelled, hub=speak_to(hub, token=None))
    assert found
    assert token not in "".join(found)
    with pytest.raises(StudioError) as caught:
        download(data, TINY, hub=speak_to(hub, token=None))
    assert token not in repr(caught.value.__dict__) + repr(speak_to(hub, token=token))
    for path in data.root.rglob("*"):
        assert not path.is_file() or token.encode() not in path.read_bytes(), path
    for _method, path, headers in hub.asked:
        assert headers.get("authorization") == (
            None if path.startswith("/storage/") else f"Bearer {token}"
        ), path


def test_token_is_not_sent_to_another_hub(data, hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_of_the_usual_hub")
    download(data, TINY, hub=speak_to(hub, token=None))
    assert {headers.get("authorization") for _method, _path, headers in hub.asked} == {None}


def test_requests_reveal_nothing_else(data, hub):
    get(data, hub)
    assert {path.split("/")[1] for _method, path, _headers in hub.asked} <= {
        "api",
        "org",
        "storage",
    }
    for _method, path, headers in hub.asked:
        assert path.startswith(
            ("/api/models/org/tiny", "/org/tiny/resolve/", "/storage/org/tiny/resolve/")
        ), path
        assert "torch" not in headers["user-agent"]
    (checked,) = {
        headers["accept-encoding"] for _method, path, headers in hub.asked if "/resolve/" in path
    }
    assert checked == "identity"


# Offline
# ----------------------------------------------------------------------


def test_offline_refuses_before_starting_a_process(data, hub, monkeypatch):
    seen = []
    sys.addaudithook(
        lambda event, _arguments: (
            seen.append(event)
            if watching and event in ("socket.__new__", "subprocess.Popen")
            else None
        )
    )
    watching = [True]
    update(data, {"offline": True})
    before = len(seen)
    for ask in (download, query):
        with pytest.raises(StudioError, match="Studio is set to offline") as caught:
            ask(data, TINY)
        assert caught.value.cause == "invalid"
        with pytest.raises(StudioError, match="Studio is set to offline"):
            ask(data, TINY, hub=speak_to(hub, offline=True))
    assert seen[before:] == []
    subprocess.run([sys.executable, "-c", ""], check=True)
    assert "subprocess.Popen" in seen, "the watch works"
    watching.clear()
    assert hub.asked == []


# Progress
# ----------------------------------------------------------------------


def test_speed_and_time_left_follow_the_bytes_on_disk(tmp_path):
    file = RemoteFile("x", 1000, "0" * 64)
    clock = itertools.count(0, 1)
    meter = Meter(tmp_path, [file, file], clock=lambda: float(next(clock)))
    part = tmp_path / ("0" * 64 + PART_SUFFIX)
    seen = []
    for size in (0, 100, 200, 300, 300, 100):
        part.write_bytes(b"x" * size)
        seen.append(meter.measure("Downloading"))
    assert [now.done for now in seen] == [0, 100, 200, 300, 300, 100], (
        "a restarted file is not hidden"
    )
    assert [now.total for now in seen] == [1000] * 6
    assert (seen[1].speed, seen[1].seconds_left) == (0.0, -1.0)
    assert (seen[3].speed, seen[3].seconds_left) == (100.0, 7.0)
    for _ in range(12):
        last = meter.measure("Downloading")
    assert (last.speed, last.seconds_left) == (0.0, -1.0), "nothing came for ten seconds"


def test_progress_does_not_go_back_while_a_verified_file_gets_its_name(tmp_path, monkeypatch):
    file = RemoteFile("x", 1000, "0" * 64)
    blob = tmp_path / file.digest
    part = blob.with_name(blob.name + PART_SUFFIX)
    part.write_bytes(b"x" * 1000)
    look = Path.stat

    def look_then_rename(path, **options):
        """Rename the file right after the first look, as the downloading process may."""
        try:
            return look(path, **options)
        finally:
            if path == blob and os.path.lexists(part):
                part.replace(blob)

    monkeypatch.setattr(Path, "stat", look_then_rename)
    assert Meter(tmp_path, [file]).measure("Downloading").done == 1000
    assert not os.path.lexists(part), "it happened"


@pytest.mark.parametrize(
    ("speed", "left", "words"),
    [
        (0, -1, ""),
        (900, -1, "1 kB/s"),
        (12.34e6, 61, "12.3 MB/s, 1:01 min left"),
        (2e6, 7_320, "2.0 MB/s, 2 h 02 min left"),
    ],
)
def test_pace_text_names_speed_and_time_left(speed, left, words):
    assert pace_text(DownloadProgress("Downloading", 1, 2, speed, left)) == words
