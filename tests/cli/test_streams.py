"""Test standard streams: a prompt from stdin or a file, and closed, full or partly read output."""

import json
import sys

import pytest

if sys.platform == "win32":
    pytest.skip("needs fork and /dev/full", allow_module_level=True)

from studio.cli.prompt_source import _MAX_PROMPT_BYTES
from studio.library.artifacts import read_recipe
from tests.cli.fork_server import Call, ForkServer


@pytest.fixture(scope="module")
def server():
    with ForkServer() as running:
        yield running


@pytest.fixture
def run(server, tmp_path, data):
    def run_one(*arguments, stdin=b"", **more):
        given = stdin.decode(errors="surrogateescape")
        words = ["--fake", "--data-dir", str(data.root), *map(str, arguments)]
        return server.run(Call(arguments=words, folder=str(tmp_path), stdin=given, **more))

    return run_one


def prompts(folder):
    return sorted(
        recipe.request.prompt for path in folder.rglob("*.*") if (recipe := read_recipe(path))
    )


@pytest.mark.parametrize("kind", ["text", "image", "speech", "music", "video"])
def test_dash_reads_the_prompt_from_stdin(run, tmp_path, kind):
    small = {
        "image": ("--width", 64, "--height", 64),
        "video": ("--width", 64, "--height", 64, "--frames", 5, "-o", "x.webp"),
    }
    ended = run(
        kind, "-", "-o", "out", *small.get(kind, ()), stdin="Name a fruit.\n第二行\n".encode()
    )
    assert ended.code == 0, ended.err
    assert prompts(tmp_path) == ["Name a fruit.\n第二行"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_prompt_file_of_any_encoding_is_read(run, tmp_path, encoding):
    words = "请写一首关于春天和月亮的诗，要写得优美一些，不要太长。"
    (tmp_path / "prompt.txt").write_bytes(f"{words}\r\n".encode(encoding))
    ended = run("text", "--file", "prompt.txt", "-o", "out")
    assert ended.code == 0, ended.err
    assert prompts(tmp_path / "out") == [words]


@pytest.mark.parametrize(
    ("arguments", "stdin", "words"),
    [
        (("text",), b"", "prompt is missing"),
        (("text", "hello", "--file", "p.txt"), b"", "together"),
        (("text", "-"), b"", "empty"),
        (("text", "-"), b" \n\n", "empty"),
        (("text", "-"), bytes(range(256)) * 3, "not text"),
        (("text", "-"), b"x" * (_MAX_PROMPT_BYTES + 1), "more than"),
        (("text", "-"), b"x" * 200_001, "200,000 characters"),
        (("text", "--file", "missing.txt"), b"", "missing.txt"),
        (("text", "--file", "."), b"", "not a file"),
        (("text", "--file", "/dev/zero"), b"", "not a file"),
        (("text", "--file", "large.txt"), b"", "200,000 characters"),
        (("batch", "-"), b"", "empty"),
        (("batch", "-", "--input-format", "pdf"), b"x", "input format 'pdf' is unknown"),
        (("batch", "-", "--input-format", "json"), b"x", "not a JSON list"),
    ],
)
def test_invalid_stdin_prompt_is_reported(run, tmp_path, data, arguments, stdin, words):
    (tmp_path / "large.txt").write_bytes(b"x" * (_MAX_PROMPT_BYTES + 1))
    ended = run(*arguments, stdin=stdin)
    assert ended.code == 2, ended.err
    assert words in ended.err
    assert not list(data.outputs.iterdir())


@pytest.mark.parametrize(
    ("more", "stdin", "expected"),
    [
        ((), b"one\ntwo\n", ["one", "two"]),
        (("--input-format", "csv"), b"prompt,max_new_tokens\nthree,2\n", ["three"]),
        (("--input-format", "jsonl"), b'{"prompt": "four"}\n', ["four"]),
        (("--template", "About {{x}}", "--input-format", "tsv"), b"x\nfive\n", ["About five"]),
    ],
)
def test_batch_is_read_from_stdin(run, tmp_path, data, more, stdin, expected):
    ended = run("batch", "-", *more, stdin=stdin)
    assert ended.code == 0, ended.err
    assert prompts(data.outputs / "stdin") == sorted(expected)
    again = run("batch", "-", "--resume", *more, stdin=stdin)
    assert again.code == 0, again.err
    assert prompts(data.outputs / "stdin") == sorted(expected)


def test_json_of_a_text_contains_the_text(run, tmp_path):
    ended = run("text", "hello", "--seed", 1, "--json", "-o", "a.txt")
    outcome = json.loads(ended.out)
    assert outcome["text"] == (tmp_path / "a.txt").read_text(encoding="utf-8")
    assert outcome["texts"] == [outcome["text"]]


def test_json_of_several_candidates_contains_all_texts(run):
    outcome = json.loads(run("text", "hello", "--candidates", 3, "--json").out)
    assert len(outcome["texts"]) == len(outcome["files"]) == 3
    assert outcome["text"] == outcome["texts"][0]


def test_json_of_a_batch_contains_texts_of_text_rows_only(run, tmp_path):
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    jobs = json.loads(run("batch", "a.txt", "--json").out)["jobs"]
    assert all(job["text"] for job in jobs)
    image = json.loads(run("image", "a cat", "--width", 64, "--height", 64, "--json").out)
    assert image["text"] is None


COMMANDS = [
    ("--help",),
    ("--version",),
    ("text", "hello"),
    ("text", "hello", "--json"),
    ("image", "x", "--width", 64, "--height", 64),
    ("batch", "a.txt"),
    ("batch", "a.txt", "--check"),
    ("queue", "list", "--json"),
    ("models", "list", "--all"),
    ("models", "--help"),
    ("models", "show", "starter"),
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=str)
@pytest.mark.parametrize("stdout", ["full", "closed", "pipe"])
def test_unwritable_stdout_is_reported(run, tmp_path, arguments, stdout):
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    ended = run(*arguments, stdout=stdout)
    assert ended.code == 1, ended.err
    assert "Traceback" not in ended.err
    assert "Exception ignored" not in ended.err
    if stdout == "pipe":  # the reader left, as `head` does
        assert "standard output" not in ended.err
    else:
        assert "written to standard output" in ended.err or "No space left" in ended.err


@pytest.mark.parametrize("stderr", ["full", "closed", "pipe"])
def test_unreadable_stderr_does_not_change_the_exit_code(run, data, stderr):
    assert run("text", "hello", stderr=stderr).code == 0
    assert run("text", "", stderr=stderr).code == 2
    assert run("text", "hello", stdout="closed", stderr=stderr).code == 1
    assert (
        len(list(data.outputs.glob("*.txt"))) == 2
    )  # a result is kept, also where it cannot be printed


@pytest.mark.parametrize(
    "arguments", [("text", "hello"), ("queue", "list"), ("batch", "-", "--check")]
)
def test_closed_streams_do_not_corrupt_the_database(run, data, arguments):
    # The database must not be opened under the number of standard output.
    run("text", "first")
    run(*arguments, stdout="closed", stderr="closed")
    ended = run("queue", "list")
    assert ended.code == 0, ended.err
    assert "first" in ended.out
