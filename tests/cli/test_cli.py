"""Test the real `studio` program in a separate process with a separate data folder."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from studio.cli.app import run
from studio.jobs.store import JobStore
from studio.library.artifacts import read_recipe
from tests.cli.programs import PATIENCE, studio


@pytest.fixture
def fake(data):
    return lambda *arguments, **more: studio("--fake", *arguments, data=data, **more)


def test_missing_desktop_is_reported(data):
    if sys.platform != "linux":
        pytest.skip("only Linux may be without a desktop")
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    done = studio(
        data=data, env={name: value for name, value in os.environ.items() if name not in names}
    )
    assert done.returncode == 2
    assert "no desktop" in done.stderr
    assert "Traceback" not in done.stderr


def test_missing_system_library_is_reported(monkeypatch, capsys):
    def lacking(_data, **_options):
        raise ImportError(
            "libglib-2.0.so.0: cannot open shared object file: No such file or directory"
        )

    monkeypatch.setattr("studio.app.run_window", lacking)
    assert run([]) == 1
    assert "libglib-2.0.so.0" in (error := capsys.readouterr().err)
    assert "studio doctor" in error


def test_text_is_printed_and_saved(fake, data):
    done = fake("text", "写一首诗", "--max-new-tokens", 5, "--seed", 1)
    assert done.returncode == 0, done.stderr
    (path,) = data.outputs.glob("*.txt")
    assert done.stdout == path.read_text(encoding="utf-8") + "\n"
    assert read_recipe(path).request.prompt == "写一首诗"


def test_text_that_reached_its_limit_is_noted(fake):
    done = fake("text", "rain", "--max-new-tokens", 5)
    assert "The text stops at its limit of 5 tokens. --max-new-tokens raises it." in done.stderr
    assert "limit" not in done.stdout
    assert "limit" not in fake("text", "rain", "--max-new-tokens", 100).stderr
    (artifact,) = json.loads(fake("text", "rain", "--max-new-tokens", 5, "--json").stdout)[
        "artifacts"
    ]
    assert artifact["finish_reason"] == "length"


def test_constraints_of_the_command_are_checked_before_the_job(fake, data, tmp_path):
    schema = tmp_path / "schema.json"
    schema.write_text('{"type": "array",\n "maxItems": 3}', encoding="utf-8")
    done = fake("text", "rain", "--json-schema", schema)
    assert done.returncode == 0, done.stderr
    (path,) = data.outputs.glob("*.txt")
    assert read_recipe(path).request.json_schema == schema.read_text(encoding="utf-8")
    done = fake("text", "rain", "--regex", "(a")
    assert done.returncode == 2
    assert "is invalid: unclosed group" in done.stderr


def test_stop_strings_of_the_command_are_entries_of_the_request(fake, data):
    done = fake("text", "rain", "--stop", r"\n, END", "--stop", r"a\,b", "--mode", "complete")
    assert done.returncode == 0, done.stderr
    (path,) = data.outputs.glob("*.txt")
    request = read_recipe(path).request
    assert (request.stop, request.mode) == (("\n", "END", "a,b"), "complete")
    assert "Stopped: end." in done.stderr


def test_a_file_is_continued_as_what_it_is(fake, data, tmp_path):
    draft = tmp_path / "draft.txt"
    draft.write_text("The rain had", encoding="utf-8")
    done = fake("text", "--continue", draft, "-o", tmp_path / "a.txt")
    assert done.returncode == 0, done.stderr
    request = read_recipe(tmp_path / "a.txt").request
    assert (request.prompt, request.mode, request.prefix) == ("The rain had", "complete", "")
    fake("text", "A story about rain", "--continue", draft, "-o", tmp_path / "b.txt")
    request = read_recipe(tmp_path / "b.txt").request
    assert (request.prompt, request.mode) == ("A story about rain", "chat")
    assert request.prefix == "The rain had"
    answer = tmp_path / "answer.txt"
    fake("text", "Rain?", "--system", "Be brief.", "--max-new-tokens", 5, "-o", answer)
    fake("text", "--continue", answer, "-o", tmp_path / "c.txt")
    request = read_recipe(tmp_path / "c.txt").request
    assert (request.prompt, request.prefix) == ("Rain?", answer.read_text(encoding="utf-8"))
    assert request.system_prompt == "Be brief."


def test_image_paths_are_printed(fake, tmp_path):
    done = fake(
        "image",
        "a cat",
        "--width",
        64,
        "--height",
        64,
        "--steps",
        3,
        "--count",
        2,
        "-o",
        tmp_path / "out",
    )
    assert done.returncode == 0, done.stderr
    paths = [Path(line) for line in done.stdout.splitlines()]
    assert len(paths) == 2
    assert all(path.parent == tmp_path / "out" and path.suffix == ".png" for path in paths)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_output_suffix_selects_the_format(fake, tmp_path, suffix):
    path = tmp_path / f"speech.{suffix}"
    done = fake("speech", "hello", "-o", path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{path}\n"
    assert read_recipe(path).request.format == suffix


def test_json_output_is_one_object(fake):
    done = fake("music", "drums", "--seconds", 2, "--json")
    outcome = json.loads(done.stdout)
    assert outcome["state"] == "completed"
    assert outcome["seed"] is not None
    assert Path(outcome["files"][0]).exists()


def test_candidates_of_beams_have_scores(fake):
    done = fake("text", "x", "--beams", 3, "--candidates", 2)
    assert done.stdout.count("score") == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["text", ""], "prompt: is empty"),
        (["text"], "prompt is missing"),
        (["image", "x", "--width", "65"], "width: must be a multiple of 8"),
        (["image", "x", "--steps", "0"], "num_inference_steps: must be at least 1"),
        (["image", "x", "--guidance", "nan"], "guidance_scale: must be a finite number"),
        (["text", "x", "--temperature", "hot"], "temperature: 'hot' is not a number"),
        (["text", "x", "--bogus"], "--bogus"),
        (["text", "x", "-o", "x.png"], "cannot write .png files"),
        (["batch", "there-is-none.txt"], "there-is-none.txt"),
        (["models", "remove", "there-is-none"], "there-is-none"),
        (["models", "add", "there-is-none"], "nothing at"),
        (["models", "install", "there-is-none"], "Choose from: "),
        (["queue", "cancel", "there-is-none"], "No waiting job"),
        (["dance"], "dance"),
    ],
)
def test_invalid_request_runs_nothing(fake, data, arguments, words):
    done = fake(*arguments)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(data.outputs.rglob("*.*"))


def test_speech_in_an_unsupported_language_is_refused(data, tmp_path):
    german = "Der Zug hat heute leider zwanzig Minuten Verspätung."
    done = studio("speech", german, "-o", str(tmp_path / "a.wav"), data=data)
    assert done.returncode == 2
    assert "German" in done.stderr
    assert "mms-tts-deu" in done.stderr
    assert not (tmp_path / "a.wav").exists()
    rows = tmp_path / "rows.txt"
    rows.write_text(f"{german}\nHello there.\n", encoding="utf-8")
    checked = studio("batch", str(rows), "--kind", "speech", "--check", data=data)
    assert checked.returncode == 2
    assert "line 1" in checked.stdout + checked.stderr
    assert "German" in checked.stdout + checked.stderr


def test_existing_output_file_is_never_overwritten(fake, tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("precious")
    done = fake("text", "x", "-o", path)
    assert done.returncode == 2
    assert path.read_text() == "precious"


def test_missing_model_error_names_the_install_command(data):
    done = studio("text", "hello", data=data)
    assert done.returncode == 2
    assert "studio models install starter" in done.stderr


def test_unfamiliar_prompt_is_drawn_with_a_warning(data):
    done = studio("image", "一只 xyzzy", "--steps", 2, data=data)
    assert done.returncode == 0, done.stderr
    assert "Read as: a xyzzy." in done.stderr
    assert "Far from all" in done.stderr
    assert Path(done.stdout.strip()).suffix == ".png"


def test_batch_template_fills_prompts_from_columns(fake, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("topic,city\nspring,北京\n", encoding="utf-8")
    done = fake(
        "batch",
        path,
        "--template",
        "A poem about {{topic}} in {{city}}",
        "--name",
        "{city}",
        "-o",
        tmp_path / "out",
    )
    assert done.returncode == 0, done.stderr
    assert (
        read_recipe(tmp_path / "out" / "北京.txt").request.prompt == "A poem about spring in 北京"
    )


def test_batch_takes_defaults_repeats_and_a_seed_policy(fake, tmp_path):
    path, defaults = tmp_path / "a.txt", tmp_path / "defaults.toml"
    path.write_text("a cat\n")
    defaults.write_text("steps = 3\nwidth = 64\nheight = 64\n")
    more = ("--kind", "image", "--defaults", defaults, "--repeat", 2, "--seed-policy", "step")
    done = fake("batch", path, *more, "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    recipes = [read_recipe(Path(line)) for line in done.stdout.splitlines()]
    assert [recipe.request.num_inference_steps for recipe in recipes] == [3, 3]
    assert (recipes[1].seed - recipes[0].seed) % 2**32 == 1
    defaults.write_text("steps = = 3\n")
    assert fake("batch", path, *more).returncode == 2


def test_batch_runs_valid_rows_and_reports_invalid_ones(fake, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("prompt,max_new_tokens\none,3\ntwo,many\nthree,3\n", encoding="utf-8")
    checked = fake("batch", path, "--check")
    assert checked.returncode == 2
    assert "line 3: max_new_tokens" in checked.stderr
    assert not (tmp_path / "out").exists()
    done = fake("batch", path, "-o", tmp_path / "out")
    assert done.returncode == 1
    assert len(list((tmp_path / "out").glob("*.txt"))) == 2
    assert (tmp_path / "out" / "report.csv").exists()
    assert "2 of 3 rows done" in done.stderr


def test_queue_lists_runs_cancels_and_clears(fake, data):
    from studio.core.jobs import new_job
    from studio.core.requests import TextRequest

    store = JobStore.open(data.database)
    first, second = store.add(
        [new_job(TextRequest(prompt=f"number {n}", seed=n), str(data.outputs)) for n in (1, 2)]
    )
    store.close()
    assert "number 2" in fake("queue", "list").stdout
    assert fake("queue", "cancel", second.id).returncode == 0
    done = fake("queue", "run", "--json")
    assert [job["job_id"] for job in json.loads(done.stdout)["jobs"]] == [first.id]
    assert fake("queue", "clear").returncode == 0
    assert json.loads(fake("queue", "list", "--json").stdout)["jobs"] == []


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one process there")
def test_ctrl_c_keeps_the_partial_text_and_exits_130(data):
    command = [
        sys.executable,
        "-m",
        "studio",
        "--data-dir",
        str(data.root),
        "--fake",
        "image",
        "x",
        "--steps",
        "500",
        "--count",
        "64",
    ]
    program = subprocess.Popen(
        [*command, "--width", "64", "--height", "64"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    import psutil

    process = psutil.Process(program.pid)
    while (
        not list(data.outputs.glob("*"))
        and program.poll() is None
        and process.cpu_times().user < PATIENCE
    ):
        if data.database.exists() and _running(data):
            break
    os.kill(program.pid, signal.SIGINT)
    _output, error = program.communicate(timeout=PATIENCE)
    assert program.returncode == 130
    assert "Stopped. " in error
    store = JobStore.open(data.database)
    assert [job.state for job in store.jobs()] == ["cancelled"]
    store.close()


def _running(data) -> bool:
    import sqlite3

    from studio.jobs.store_rows import read_rows
    from studio.library.database import open_read_only

    try:
        connection = open_read_only(data.database)
        found = any(job.state == "running" for job in read_rows(connection).jobs)
    except sqlite3.OperationalError:
        return False
    connection.close()
    return found


def test_models_list_of_an_empty_folder_has_the_builtin_models(data):
    listed = json.loads(studio("models", "list", "--json", data=data).stdout)
    assert {card["name"] for card in listed["models"]} == {
        "hibari",
        "image-tools",
        "starter-image",
        "starter-music",
        "starter-poem",
    }


def test_builtin_models_make_speech_and_an_image_offline(data, tmp_path):
    done = studio("image", "a red apple", "--steps", 4, "-o", tmp_path / "apple.png", data=data)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    done = studio("speech", "Hello.", "-o", tmp_path / "hello.wav", data=data)
    assert done.returncode == 0, done.stderr
    assert read_recipe(tmp_path / "hello.wav").model == "hibari"


def test_doctor_reports_torch_and_missing_models(data):
    done = studio("doctor", "--json", data=data)
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["torch"]["state"] == "ok"
    assert checks["Models for text"]["cure"] == "studio models install starter"


def test_version_and_help(data):
    import studio as package

    assert studio("--version", data=data).stdout.strip() == package.__version__
    shown = studio("image", "--help", data=data).stdout
    assert "--steps" in shown
    assert "--guidance" in shown


def test_adapter_task_lists_distilled_loras_too(data):
    listed = json.loads(
        studio("models", "list", "--all", "--task", "adapter", "--json", data=data).stdout
    )["models"]
    assert {"hyper-sdxl", "lcm-lora-sdxl", "sdxl-lightning"} <= {card["name"] for card in listed}
    assert all(card["adapter"] for card in listed)
