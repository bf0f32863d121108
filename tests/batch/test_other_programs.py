"""Test prompts and tables of other programs: A1111 lines, tags, column names, numbers."""

import msgspec
import pytest

from studio.batch.a1111 import read_line
from studio.batch.plan import read_batch
from studio.batch.tables.columns import as_number, fold, meant_by
from studio.core.errors import StudioError
from studio.core.requests import ImageRequest
from studio.core.requests.prompt_syntax.tags import read_tags
from studio.core.requests.prompt_syntax.weights import has_weights
from studio.models.card import ADAPTER, ModelCard, fake_card
from studio.preflight.adapters import resolve_adapters


def find_card(kind, name):
    if kind == ADAPTER:
        if name not in ("pixel-art", "Film Grain", "add_detail"):
            raise StudioError(f"There is no adapter {name!r}.", cause="model")
        return ModelCard(
            name=name,
            title=name,
            kind=ADAPTER,
            adapter="lora",
            runner="diffusers",
            family="Fake",
            path="",
        )
    return ModelCard(
        name="fake-image",
        title="Fake",
        kind=kind,
        runner="transformers",
        builtin=True,
        family="FakePipeline",
    )


def read(tmp_path, name, data, find=find_card, **more):
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read_batch(path, find, **{"kind": "image", **more})


def fake(kind, _name):
    return fake_card(kind)


# A1111's lines
# ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "prompt"),
    [
        (
            "--prompt a knight's armor and a queen's crown --steps 4",
            "a knight's armor and a queen's crown",
        ),
        ("--prompt rock 'n' roll, it's the '80s --steps 4", "rock 'n' roll, it's the '80s"),
        ("--prompt the dogs' bowl", "the dogs' bowl"),
        ("--prompt 'a cat' --steps 4", "a cat"),
        ("--prompt 'tis the season --steps 4", "'tis the season"),
        ('--prompt "a \\"big\\" cat\'s bowl" --steps 4', 'a "big" cat\'s bowl'),
        ('--prompt a "big" cat --steps 4', 'a "big" cat'),
        ('--prompt "big" cat and "small" dog --steps 4', '"big" cat and "small" dog'),
        ('--prompt a 5" disc and a 12" record --steps 4', 'a 5" disc and a 12" record'),
        ('--prompt "a sign that says --stop" --steps 4', "a sign that says --stop"),
        ("--prompt cat \\(animal\\), C:\\new --steps 4", "cat \\(animal\\), C:\\new"),
        ('--prompt "cat \\(animal\\)" --steps 4', "cat \\(animal\\)"),
        ("--prompt l’été d’un « chat » --steps 4", "l’été d’un « chat »"),
        ("--prompt one -- two - three --steps 4", "one -- two - three"),
    ],
)
def test_a1111_prompt_is_kept_verbatim(line, prompt):
    values, _ignored, problems = read_line(line)
    assert not problems
    assert values["prompt"] == prompt
    assert "--steps" not in line or values["num_inference_steps"] == "4"


@pytest.mark.parametrize(
    "line", ['--prompt "a cat', '--sampler_name "Euler --prompt x', "--prompt a --seed 'x"]
)
def test_unclosed_a1111_quote_is_an_error(line):
    _values, _ignored, ((_field, message),) = (
        *read_line(line)[:2],
        [(p.field, p.message) for p in read_line(line)[2]],
    )
    assert "a quote is not closed" in message


def test_long_lines_take_linear_time():
    import time

    begun = time.process_time()
    for piece in ('\\"', "'", '"', "--a ", "--prompt ", " --", "\\", "x ", "'x' "):
        read_line("--prompt " + piece * 200_000)
        read_line('--prompt "' + piece * 200_000)
    assert time.process_time() - begun < 5


# Tags in prompts
# ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "plain", "adapters", "left_out"),
    [
        ("a cat <lora:pixel-art:0.8>", "a cat", ("pixel-art:0.8",), ()),
        ("a <lora:pixel-art> cat", "a cat", ("pixel-art:1",), ()),
        ("<lora:a:0.5><lyco:b:-1>, a cat", "a cat", ("a:0.5", "b:-1"), ()),
        ("a cat, <LoRA: pixel-art : .7>", "a cat", ("pixel-art:0.7",), ()),
        ("a cat <lora:a:0.5:0.3>", "a cat", ("a:0.5",), ()),
        ("a cat <lora:a:1:lbw=ALL>", "a cat", ("a:1",), ()),
        ("a cat <lora:a:0>", "a cat", (), ()),
        ("a cat <lora:a:1> <lora:a:1>", "a cat", ("a:1",), ()),
        ("a cat <hypernet:glow:0.5>", "a cat", (), ("<hypernet:…>",)),
        ("a cat <lora:a:99>", "a cat", (), ("<lora:a:99>",)),
        ("a cat <lora:a:much>", "a cat", (), ("<lora:a:much>",)),
        ("1 < 2 and <3 hearts <b>bold</b>", "1 < 2 and <3 hearts <b>bold</b>", (), ()),
        ("two  blanks stay", "two  blanks stay", (), ()),
    ],
)
def test_tags_are_removed_from_the_prompt(prompt, plain, adapters, left_out):
    found = read_tags(prompt, lambda name: name)
    assert (found.prompt, found.adapters, found.unsupported) == (plain, adapters, left_out)


@pytest.mark.parametrize(
    ("name", "data", "tag"),
    [
        ("a.txt", '--prompt "a cat <lora:pixel-art:0.8>" --steps 4\n', "pixel-art"),
        ("a.txt", "a cat <lora:pixel-art:0.8>\n", "pixel-art"),
        ("a.csv", "prompt,lora\na cat <lora:pixel-art:0.8>,\n", "pixel-art"),
        ("a.jsonl", '{"prompt": "a cat <lora:styles/pixel-art:0.8>"}\n', "styles/pixel-art"),
        ("a.txt", "a cat <lora:Pixel_Art:0.8>\n", "Pixel_Art"),
        ("a.txt", "a cat <lora:pixel-art.safetensors:0.8>\n", "pixel-art.safetensors"),
    ],
)
def test_tags_stay_in_the_prompt_and_name_adapters(tmp_path, name, data, tag):
    (row,) = read(tmp_path, name, data).rows
    assert not row.problems
    assert (row.request.prompt, row.request.adapters) == (f"a cat <lora:{tag}:0.8>", "")
    (adapter,) = resolve_adapters(find_card, find_card("image", ""), row.request)
    assert (adapter.card.name, adapter.scale) == ("pixel-art", 0.8)


def test_alternatives_may_expand_to_a_tag(tmp_path):
    batch = read(tmp_path, "a.txt", "a cat {<lora:pixel-art:0.[4..5]>|}\n", combine="all")
    assert [row.request.prompt for row in batch.good] == [
        "a cat <lora:pixel-art:0.4>",
        "a cat <lora:pixel-art:0.5>",
        "a cat ",
    ]


def test_adapter_column_overrides_the_tag(tmp_path):
    text = "prompt,lora\na cat <lora:pixel-art:0.8><lora:add_detail:2>,pixel-art:0.2\n"
    (row,) = read(tmp_path, "a.csv", text).good
    found = resolve_adapters(find_card, find_card("image", ""), row.request)
    assert [(one.card.name, one.scale) for one in found] == [("pixel-art", 0.2), ("add_detail", 2)]


def test_jobs_with_other_tags_do_not_share_a_batch():
    keys = {ImageRequest(prompt=f"a cat {tag}").batch_key for tag in ("", "<lora:a:1>", "<lora:b>")}
    assert len(keys) == 3


def test_the_error_names_a_missing_adapter_with_its_tag(tmp_path):
    batch = read(tmp_path, "a.txt", "a cat <lora:nowhere:0.5>\na dog\n")
    assert [row.request.prompt for row in batch.good] == ["a dog"]
    assert "<lora:nowhere:0.5> in the prompt: There is no adapter 'nowhere'" in batch.bad[0].message


def test_unsupported_tags_are_reported_once(tmp_path):
    batch = read(tmp_path, "a.txt", "a red cat <hypernet:glow:1>\n" * 3, find=fake)
    assert [row.request.prompt for row in batch.good] == ["a red cat"] * 3
    assert batch.warning.count("<hypernet:…>") == 1
    text = read(tmp_path, "b.txt", "a (red:1.3) cat <hypernet:glow:1>\n", find=fake, kind="text")
    assert text.good[0].request.prompt == "a (red:1.3) cat <hypernet:glow:1>"
    assert not text.warning


def test_weights_are_kept_where_the_model_reads_them_and_refused_elsewhere(tmp_path):
    def sd(kind, _name):
        return msgspec.structs.replace(fake_card(kind), family="StableDiffusionPipeline")

    rows = "a (red:1.3) cat\na (red cat\na (red) cat BREAK a dog\n"
    batch = read(tmp_path, "a.txt", rows, find=sd)
    assert [row.request.prompt for row in batch.good] == [
        "a (red:1.3) cat",
        "a (red) cat BREAK a dog",
    ]
    assert "The bracket ( at character 3 is not closed" in batch.bad[0].message
    other = read(tmp_path, "b.txt", rows, find=fake)
    assert [row.request.prompt for row in other.good] == ["a (red cat"]
    assert "knows no weights" in other.bad[0].message
    assert "remove BREAK" in other.bad[1].message


def test_prompt_weights_are_recognized():
    assert has_weights("a (very red:1.3) cat")
    assert has_weights("(x:.5)")
    assert not has_weights("a cat (see 10:30 below) (note: two)")


# Columns
# ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("Prompt", "prompt"),
        ("POSITIVE PROMPT", "prompt"),
        ("Negative Prompt", "negative_prompt"),
        ("neg_prompt", "negative_prompt"),
        ("CFG Scale", "guidance_scale"),
        ("cfg", "guidance_scale"),
        ("Guidance-Scale", "guidance_scale"),
        ("Steps", "num_inference_steps"),
        ("Sampling steps", "num_inference_steps"),
        ("Sampler", "scheduler"),
        ("sampler_name", "scheduler"),
        ("ckpt_name", "model"),
        ("Denoising strength", "strength"),
        ("ＳＥＥＤ", "seed"),
        ("Topic", ""),
        ("Size", ""),
    ],
)
def test_column_names_of_other_programs_are_recognized(column, field):
    assert meant_by(column, "image") == field


def test_column_names_of_other_kinds_are_recognized():
    assert meant_by("Max Tokens", "text") == "max_new_tokens"
    assert meant_by("max_tokens", "image") == ""
    assert fold(" CFG_Scale ") == fold("cfg-scale")


def test_table_with_common_column_names_is_read(tmp_path):
    text = (
        "Prompt,Negative Prompt,CFG Scale,Sampler,Seed,Kind,Steps\na cat,blurry,3.5,Euler "
        "a,7,image,4\n"
    )
    (row,) = read(tmp_path, "a.csv", text, find=fake, kind="text").good
    found = row.request
    assert (found.prompt, found.negative_prompt, found.guidance_scale) == ("a cat", "blurry", 3.5)
    assert (found.scheduler, found.seed, found.num_inference_steps, found.kind) == (
        "euler-a",
        7,
        4,
        "image",
    )


def test_the_same_setting_in_two_columns_is_an_error(tmp_path):
    batch = read(tmp_path, "a.csv", "prompt,cfg,CFG Scale\na cat,3,4\n", find=fake)
    assert "is set by 'CFG Scale' and by another column" in batch.bad[0].message


def test_templates_match_column_names_case_insensitively(tmp_path):
    text = "Topic,Art Style,City\ncats,oil,Rome\n"
    batch = read(
        tmp_path,
        "a.csv",
        text,
        find=fake,
        kind="text",
        template="{{topic}} in ${art_style}, {{City}}",
        name_template="{city}",
    )
    (row,) = batch.good
    assert row.request.prompt == "cats in oil, Rome"
    assert row.columns["city"] == "Rome"


def test_a_column_read_by_a_template_is_not_a_setting(tmp_path):
    batch = read(
        tmp_path, "a.csv", "Size,Images\n3,4\n", find=fake, template="{{Size}} and {{Images}}"
    )
    (row,) = batch.good
    assert row.request.prompt == "3 and 4"


@pytest.mark.parametrize(
    ("text", "field", "comma", "number"),
    [
        ("3,5", "guidance_scale", True, "3.5"),
        ("3,5", "guidance_scale", False, "3,5"),
        ("5.0", "seed", False, "5"),
        ("5,0", "seed", True, "5"),
        ("5.5", "seed", False, "5.5"),
        ("50 %", "strength", False, "0.5"),
        ("50%", "seed", False, "50%"),
        ("１２", "width", False, "12"),
        ("\u22121", "seed", False, "-1"),
        ("1\u202f024", "width", False, "1024"),
        ("1e9", "num_inference_steps", False, "1e9"),
        ("[1..3]", "seed", True, "[1..3]"),
        ("3,5", "prompt", True, "3,5"),
        ("1,2,3", "seed", True, "1,2,3"),
        ("", "seed", True, ""),
        ("nan", "strength", False, "nan"),
    ],
)
def test_number_formats_are_parsed(text, field, comma, number):
    assert as_number(text, "image", field, decimal_comma=comma) == number


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", "prompt,seed\nx,-1\n"),
        ("a.csv", "prompt;seed\nx;-1,0\n"),
        ("a.jsonl", '{"prompt": "x", "seed": -1}\n'),
        ("a.json", '[{"prompt": "x", "seed": "-1"}]'),
        ("a.txt", "--prompt x --seed -1\n"),
    ],
)
@pytest.mark.parametrize("repeat", [1, 2])
def test_seed_minus_one_draws_a_random_seed(tmp_path, name, data, repeat):
    rows = read(tmp_path, name, data, find=fake, repeat=repeat, seeds="step", first_seed=40).good
    assert [row.request.seed for row in rows] == [40, 41][:repeat]
    assert all(row.drawn for row in rows)
