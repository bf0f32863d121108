"""Test reading batch files: each row is understood or reported with its line."""

import contextlib
import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.batch.a1111 import TAGS, read_line
from studio.batch.output.finish import write_report
from studio.batch.output.finished_batch import FinishedBatch
from studio.batch.plan import plan, read_batch
from studio.batch.tables.read_file import MAX_FILE_BYTES
from studio.core.artifact import Artifact
from studio.core.errors import StudioError
from studio.core.jobs import Batch, JobState, SkippedRow, new_job
from studio.core.requests import TextRequest
from studio.models.card import fake_card


def read(tmp_path, name, data, **more):
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read_batch(path, lambda kind, _name: fake_card(kind), **more)


def prompts(batch):
    return [row.request.prompt for row in batch.good]


def test_txt_has_one_prompt_per_line(tmp_path):
    batch = read(tmp_path, "a.txt", "one\r\n\n  two  \nthree\u2028still three\n")
    assert prompts(batch) == ["one", "two", "three\u2028still three"]
    assert [row.line for row in batch.rows] == [1, 3, 4]
    assert all(row.request.seed is not None for row in batch.rows)


def test_txt_comments_and_blocks_are_parsed(tmp_path):
    text = (
        "# a comment\none\n---\nlong\n\n# not a comment\nprompt --steps\n---\n\\#hashtag\n"
        "---\n "
        "\n---\n  # again\ntwo\n"
    )
    batch = read(tmp_path, "a.txt", text)
    assert prompts(batch) == ["one", "long\n\n# not a comment\nprompt --steps", "#hashtag", "two"]
    assert [row.line for row in batch.rows] == [2, 3, 9, 14]


def test_unclosed_block_is_reported_at_its_first_line(tmp_path):
    batch = read(tmp_path, "a.txt", "one\n---\nlong\n")
    assert prompts(batch) == ["one"]
    assert [(row.line, "---" in row.message) for row in batch.bad] == [(2, True)]


def test_a1111_options_are_read_from_lines(tmp_path):
    text = (
        '--prompt "a cat, sitting" --negative_prompt blurry, dark --seed 7 --steps 4 --cfg_scale '
        "3.5 --width 64 --height 72 "
        '--sampler_name "Euler a" --n_iter 2 --batch_size 2 --styles x --tiling\n'
        "--prompt a dog on a chair --seed -1\n"
        "a plain prompt - with a dash\n"
    )
    batch = read(tmp_path, "a.txt", text, kind="image")
    assert prompts(batch) == ["a cat, sitting", "a dog on a chair", "a plain prompt - with a dash"]
    first, second = (row.request for row in batch.good[:2])
    assert (first.negative_prompt, first.seed, first.num_inference_steps, first.guidance_scale) == (
        "blurry, dark",
        7,
        4,
        3.5,
    )
    assert (first.width, first.height, first.scheduler, first.num_images_per_prompt) == (
        64,
        72,
        "euler-a",
        4,
    )
    assert second.seed is not None
    assert "--styles, --tiling" in batch.warning
    assert "1 line," in batch.warning


def test_every_a1111_tag_is_read(tmp_path):
    assert len(TAGS) == 24
    for tag in TAGS:
        value = {"sampler_name": "Euler", "sd_model": ""}.get(tag, "8")
        values, ignored, problems = read_line(
            f"--prompt x --{tag} {value}" if tag != "prompt" and value else "--prompt x"
        )
        assert not problems, tag
        assert values["prompt"] == "x"
        assert not set(ignored) - TAGS


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--prompt a cat --bogus 3", "unknown option --bogus"),
        ('--prompt "a cat', "split into words"),
        ("--prompt a --prompt b", "twice"),
        ("--prompt a --steps", "no value for --steps"),
        ("--prompt a --sampler_name Foo", "has the unknown sampler 'Foo'"),
        ("--prompt a --n_iter x", "not a whole number"),
        ("a cat --steps 4", "instead of an option"),
        ("--prompt a --steps many", "num_inference_steps"),
        ("--steps 4", "prompt"),
    ],
)
def test_an_invalid_a1111_line_is_an_error(tmp_path, line, words):
    batch = read(tmp_path, "a.txt", f"good\n{line}\n", kind="image")
    assert prompts(batch) == ["good"]
    (bad,) = batch.bad
    assert bad.line == 2
    assert words in bad.message


def test_json_list_rows_have_line_numbers(tmp_path):
    text = '[\n  {"prompt": "one", "seed": 3},\n  "two",\n  7,\n\n  {"prompt": "three"}\n]\n'
    batch = read(tmp_path, "a.json", text)
    assert prompts(batch) == ["one", "two", "three"]
    assert [row.line for row in batch.rows] == [2, 3, 4, 6]
    assert [row.message for row in batch.bad] == ["row: is not an object"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('["a",\n{"prompt": }]', 2),
        ('["a"\n"b"]', 1),
        ('["a"] x', 1),
        ('["a",\n', 1),
        ('["a",\n' + "[" * 100_000, 2),
    ],
)
def test_truncated_json_is_reported_with_its_line(tmp_path, text, line):
    batch = read(tmp_path, "a.json", text)
    assert prompts(batch) == ["a"]
    assert [row.line for row in batch.bad] == [line]


def test_json_must_be_a_list(tmp_path):
    with pytest.raises(StudioError, match="not a JSON list"):
        read(tmp_path, "a.json", '{"prompt": "x"}')


def test_template_fills_prompts_from_columns(tmp_path):
    text = "topic,city,seed\ncats,Köln,3\n{{city}},北京,\ndogs,,5\n"
    template = "A headline about {{topic}} for {{ city }}"
    batch = read(tmp_path, "a.csv", text, template=template, name_template="{city}-{row}")
    assert prompts(batch) == [
        "A headline about cats for Köln",
        "A headline about {{city}} for 北京",
    ]
    assert batch.good[0].request.seed == 3
    (bad,) = batch.bad
    assert (bad.line, bad.message) == (
        4,
        "template: the row has no value in the column 'city'; it has seed, topic",
    )
    _found, jobs = plan(batch, tmp_path / "out", "{city}-{row}")
    assert [job.target.stem for job in jobs] == ["Köln-2", "北京-3"]


def test_template_accepts_plain_lines_and_prompt_columns(tmp_path):
    assert prompts(
        read(tmp_path, "a.txt", "spring\nautumn\n", template="A poem about {{prompt}}")
    ) == [
        "A poem about spring",
        "A poem about autumn",
    ]


@pytest.mark.parametrize("template", ["about {{topic}", "about topic}}", "{{}}"])
def test_template_with_unbalanced_braces_is_refused(tmp_path, template):
    with pytest.raises(StudioError, match="braces"):
        read(tmp_path, "a.csv", "topic\ncats\n", template=template)


def test_unused_column_is_an_error(tmp_path):
    batch = read(tmp_path, "a.csv", "topic,colour\ncats,red\n", template="about {{topic}}")
    assert "colour" in batch.bad[0].message


def seeds(batch):
    return [row.request.seed for row in batch.good]


def test_seed_policies_and_repeats(tmp_path):
    text = "prompt,seed\na,\nb,7\nc,\nd,x\n"
    random = seeds(read(tmp_path, "a.csv", text, repeat=2))
    assert random[2:4] == [7, 8]
    assert len({*random}) == 6
    first, _same, *rest = fixed = seeds(read(tmp_path, "a.csv", text, repeat=2, seeds="fixed"))
    assert fixed == [first, first, 7, 7, first, first]
    assert len(rest) == 4
    stepped = seeds(read(tmp_path, "a.csv", text, repeat=2, seeds="step"))
    assert [(seed - stepped[0]) % 2**32 for seed in stepped[:2] + stepped[4:]] == [0, 1, 4, 5]
    batch = read(tmp_path, "a.csv", text, repeat=3)
    assert [row.line for row in batch.rows] == [2, 2, 2, 3, 3, 3, 4, 4, 4, 5]
    _found, jobs = plan(batch, tmp_path / "out")
    assert len({job.target.stem for job in jobs}) == 9


@pytest.mark.parametrize(
    ("more", "words"), [({"seeds": "lucky"}, "seed policy"), ({"repeat": 0}, "repeats")]
)
def test_invalid_seed_policies_and_repeats_are_refused(tmp_path, more, words):
    with pytest.raises(StudioError, match=words):
        read(tmp_path, "a.txt", "x\n", **more)


def test_seeds_wrap_around_after_the_largest(tmp_path):
    assert seeds(read(tmp_path, "a.csv", f"prompt,seed\na,{2**32 - 1}\n", repeat=2)) == [
        2**32 - 1,
        0,
    ]


def test_defaults_may_be_flags_or_fields(tmp_path):
    defaults = {"steps": 4, "guidance_scale": 2.5}
    batch = read(tmp_path, "a.csv", "prompt,steps\na,\nb,6\n", kind="image", defaults=defaults)
    assert [
        (row.request.num_inference_steps, row.request.guidance_scale) for row in batch.good
    ] == [(4, 2.5), (6, 2.5)]


def test_text_folder_has_one_prompt_per_file(tmp_path):
    folder = tmp_path / "prompts"
    folder.mkdir()
    (folder / "b.txt").write_text("second\nwith two lines\n")
    (folder / "a.TXT").write_text("# first\n")
    (folder / "c.txt").touch()
    (folder / "d.csv").write_text("prompt\nno\n")
    batch = read_batch(folder, lambda kind, _name: fake_card(kind))
    assert prompts(batch) == ["# first", "second\nwith two lines"]
    (bad,) = batch.bad
    assert bad.message.startswith("c.txt: ")
    with pytest.raises(StudioError, match="contains no"):
        read_batch(tmp_path, lambda kind, _name: fake_card(kind))


def test_csv_columns_may_be_fields_or_flags(tmp_path):
    batch = read(
        tmp_path, "a.csv", 'prompt,steps,width,seed\n"a, b",4,64,7\n"two\nlines",,,\n', kind="image"
    )
    assert prompts(batch) == ["a, b", "two\nlines"]
    first, second = (row.request for row in batch.good)
    assert (first.num_inference_steps, first.width, first.seed) == (4, 64, 7)
    assert (second.num_inference_steps, second.width) == (25, 512)
    assert [row.line for row in batch.rows] == [2, 3]


@pytest.mark.parametrize("delimiter", [";", "\t", ","])
def test_csv_delimiter_is_detected(tmp_path, delimiter):
    assert prompts(read(tmp_path, "a.csv", f"prompt{delimiter}seed\nhi{delimiter}1\n")) == ["hi"]


def test_jsonl_rows_may_have_different_kinds(tmp_path):
    lines = (
        '{"prompt": "x", "max_new_tokens": 5}\n{"kind": "image", "prompt": "y", "count": 2}\n'
        '{"kind": "dance", "prompt": "z"}\n'
    )
    batch = read(tmp_path, "a.jsonl", lines)
    assert [row.request.kind for row in batch.good] == ["text", "image"]
    assert "dance" in batch.bad[0].message


def test_one_invalid_row_leaves_the_other_99(tmp_path):
    rows = [
        json.dumps({"prompt": f"number {n}", **({"temperature": "hot"} if n == 41 else {})})
        for n in range(100)
    ]
    batch = read(tmp_path, "a.jsonl", "\n".join(rows))
    assert len(batch.good) == 99
    (bad,) = batch.bad
    assert bad.line == 42
    assert "temperature" in bad.message
    found, jobs = plan(batch, tmp_path / "out")
    assert len(jobs) == 99
    assert len({job.target.stem.lower() for job in jobs}) == 99
    assert found.skipped == (SkippedRow(42, bad.message),)


@pytest.mark.parametrize(
    ("name", "data", "line", "words"),
    [
        ("a.csv", 'prompt,seed\nok,1\n"never closed,2\nmore,3\n', 3, "quote"),
        ("a.csv", "prompt,seed\nok,1,2\n", 2, "3 cells"),
        ("a.csv", "prompt,colour\nok,red\n", 2, "not a setting"),
        ("a.csv", "seed\n1\n", 2, "missing"),
        ("a.jsonl", "not json\n", 1, "not JSON"),
        ("a.jsonl", "[1]\n", 1, "not an object"),
        ("a.jsonl", '{"prompt": "x", "temperature": NaN}\n', 1, "NaN"),
        ("a.jsonl", '{"prompt": "x", "prompt": "y"}\n', 1, "twice"),
        ("a.jsonl", '{"prompt": "x", "seed": 1' + "0" * 6000 + "}\n", 1, "JSON"),
        ("a.jsonl", "[" * 100_000 + "\n", 1, "nested"),
        ("a.jsonl", '{"prompt": {"a": 1}}\n', 1, "not text"),
        ("a.jsonl", '{"prompt": "\\ud800"}\n', 1, "valid text"),
        ("a.txt", "x" * 1_000_001 + "\n", 1, "longer"),
    ],
)
def test_invalid_lines_are_reported_and_never_become_prompts(tmp_path, name, data, line, words):
    batch = read(tmp_path, name, data)
    bad = next(row for row in batch.bad if row.line == line)
    assert words in bad.message
    assert bad.request is None


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.txt", b"", "empty"),
        ("a.txt", b" \n\n", "empty"),
        ("a.txt", b"\x89PNG\r\n\x1a\n\0\0\0", "not text"),
        ("a.txt", ("\x01\x02\x03" * 9).encode("utf-16"), "not text"),
        ("a.txt", bytes(range(1, 256)) * 4, "is unknown"),
        ("a.xyz", b"hello", "not a format of batch files"),
        ("a.csv", b"prompt,prompt\nx,y\n", "twice"),
        ("a.csv", b"prompt,,seed\nx,y,1\n", "without a name"),
    ],
)
def test_unusable_files_are_refused(tmp_path, name, data, words):
    with pytest.raises(StudioError) as caught:
        read(tmp_path, name, data)
    assert words in f"{caught.value.message} {caught.value.cure}"


def test_huge_file_is_refused_unread(tmp_path):
    path = tmp_path / "huge.txt"
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(StudioError, match=f"more than {MAX_FILE_BYTES // 2**20} MB"):
        read_batch(path, lambda kind, _name: fake_card(kind))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_chinese_encodings_are_detected(tmp_path, encoding):
    text = "写一首关于大海的诗\n请给我写一个关于猫的故事，要有趣一点\n今天的天气非常好，我们一起去公园散步吧\n"  # noqa: E501
    batch = read(tmp_path, "a.txt", text.encode(encoding))
    assert prompts(batch) == text.split()
    if encoding == "gb18030":
        assert "not UTF-8" in batch.warning


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("寫一首關於春天的詩\n一隻紅蘋果\n城市夜景的新聞標題\n", "big5"),
        ("春についての詩を書いてください\n赤いリンゴ\n猫が好きです\n", "cp932"),
        ("春についての詩を書いてください\n赤いリンゴ\n猫が好きです\n", "euc_jp"),
        ("봄에 관한 시를 써 주세요\n빨간 사과\n고양이\n", "cp949"),
        ("Напиши стихотворение о весне\nкрасное яблоко\nкошка\n", "cp1251"),
        ("Напиши стихотворение о весне\nкрасное яблоко\nкошка\n", "koi8_r"),
        ("Schreib ein Gedicht über den Frühling\nMüller fährt nach Österreich\n", "cp1252"),
        ("Écris un poème sur le printemps\nune pomme rouge à côté d'un château\n", "cp1252"),
        ("Write “a poem” about spring – it’s nice\n", "cp1252"),
        ("Write a poem about 春天 for the city of 北京\na cat\na dog\n", "gbk"),
    ],
)
def test_other_encodings_are_detected_and_reported(tmp_path, text, encoding):
    batch = read(tmp_path, "a.txt", text.encode(encoding))
    assert prompts(batch) == text.splitlines()
    assert "not UTF-8" in batch.warning


@pytest.mark.parametrize("text", ["一只猫", "写诗"])
def test_gbk_bytes_that_decode_as_utf8_are_reported(tmp_path, text):
    data = text.encode("gbk") + b"\n"
    batch = read(tmp_path, "a.txt", data)
    assert batch.warning
    assert prompts(read(tmp_path, "a.txt", data, encoding="gb18030")) == [text]


@pytest.mark.parametrize(
    "text",
    [
        "Việt Nam đất nước tôi",
        "Ștefan și țara",
        "αβγ και Ελλάδα",
        "שלום עולם",
        "สวัสดี",
        "🍎 an apple",
    ],
)
def test_rare_letters_of_utf8_languages_are_accepted(tmp_path, text):
    assert not read(tmp_path, "a.txt", text).warning


def test_pipe_is_refused_without_blocking(tmp_path):
    path = tmp_path / "pipe.txt"
    os.mkfifo(path)
    with pytest.raises(StudioError, match="not a file"):
        read_batch(path, lambda kind, _name: fake_card(kind))


def test_name_template_fills_columns_and_stays_in_the_folder(tmp_path):
    batch = read(
        tmp_path, "a.csv", "prompt,city\nhi,../../etc\nhi,CON\nhi,Köln\n", name_template="{city}"
    )
    _found, jobs = plan(batch, tmp_path / "out", "{city}")
    assert [job.target.stem for job in jobs] == ["etc", "_CON", "Köln"]
    with pytest.raises(StudioError, match="not a path"):
        plan(batch, tmp_path / "out", "../{city}")


def test_existing_file_names_get_a_number(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "hi.txt").touch()
    _found, jobs = plan(read(tmp_path, "a.txt", "hi\nhi\n"), out, "{prompt}")
    assert [job.target.stem for job in jobs] == ["hi (2)", "hi (3)"]


def test_report_lists_every_row_and_escapes_formulas(tmp_path):
    import csv

    import msgspec

    jobs = [
        msgspec.structs.replace(
            new_job(TextRequest(prompt=prompt, seed=1), str(tmp_path), "s", row=row), state=state
        )
        for row, (prompt, state) in enumerate(
            [("=1+1", JobState.COMPLETED), ("二", JobState.FAILED)], start=1
        )
    ]
    made = Artifact(
        job_id=jobs[0].id, path=str(tmp_path / "s.txt"), media_type="text/plain", size=1, sha256=""
    )
    batch = Batch(id="b", source="x", folder=str(tmp_path), skipped=(SkippedRow(3, "no"),))
    table, lines = write_report(FinishedBatch(batch, jobs, {jobs[0].id: [made]}))
    rows = list(csv.DictReader(table.read_text(encoding="utf-8-sig").splitlines()))
    assert [row["state"] for row in rows] == ["completed", "failed", "not run"]
    assert rows[0]["prompt"] == "'=1+1"
    assert rows[0]["files"] == "s.txt"
    assert [
        json.loads(line)["line"] for line in lines.read_text(encoding="utf-8").splitlines()
    ] == [1, 2, 3]
    again, _lines = write_report(FinishedBatch(batch, jobs))
    assert again.name == "report-2.csv"


@pytest.mark.parametrize("suffix", ["txt", "csv", "jsonl", "tsv", "json"])
@settings(max_examples=150)
@given(
    data=st.binary(max_size=400)
    | st.text(alphabet='{}[]",:\n\rprompt0seed\t;-#\\', max_size=200).map(str.encode)
)
def test_random_files_make_no_traceback(tmp_path_factory, suffix, data):
    folder = tmp_path_factory.getbasetemp() / "fuzz"
    folder.mkdir(exist_ok=True)
    with contextlib.suppress(StudioError):
        batch = read(folder, f"f.{suffix}", data, template="{{prompt}}" if data[:1] < b"p" else "")
        assert all((row.request is None) == bool(row.problems) for row in batch.rows)


def test_unknown_default_file_format_is_an_error(tmp_path):
    batch = read(tmp_path, "a.txt", "one\n", defaults={"format": "tiff"})
    assert ["format" in row.message for row in batch.bad] == [True]
