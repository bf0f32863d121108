"""Test variables, wildcards, alternatives and sweeps: resolved before the run by the row's seed."""

import contextlib
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.batch.expand import Cells, Scope
from studio.batch.grammar import MAX_COMBINATIONS, GrammarError, numbers, parse
from studio.batch.plan import read_batch
from studio.batch.wildcards import Wildcards
from studio.core.errors import StudioError
from studio.models.card import fake_card


def read(tmp_path, name, data, **more):
    path = tmp_path / name
    path.write_text(data, encoding="utf-8")
    return read_batch(path, lambda kind, _name: fake_card(kind), **more)


def prompts(batch):
    return [row.request.prompt for row in batch.good]


def texts(text, combine="all", seed=0, variables=None, row=None):
    node = Scope(variables or {}, Wildcards(None)).bind(parse(text), row or {})
    cells = Cells({}, {"prompt": node}, combine)
    return [cells.resolve(index, seed)["prompt"] for index in range(cells.count)]


@pytest.mark.parametrize(
    ("text", "all_of_them"),
    [
        ("a cat", ["a cat"]),
        ("{red|blue} cat", ["red cat", "blue cat"]),
        ("{a|b}{1|2}", ["a1", "a2", "b1", "b2"]),
        ("{a|{b|c}d|}", ["a", "bd", "cd", ""]),
        ("[1..3]", ["1", "2", "3"]),
        ("[ 5 .. 10 step 2.5 ]", ["5", "7.5", "10"]),
        ("[1..0 step 0.25]", ["1", "0.75", "0.5", "0.25", "0"]),
        ("[0.1..0.3 step 0.1]", ["0.1", "0.2", "0.3"]),
        ("{x|[1..2]}", ["x", "1", "2"]),
        (
            r"\{a\|b\} \$x \[1..2] \__a__ \\{a|b}",
            ["{a|b} $x [1..2] __a__ \\a", "{a|b} $x [1..2] __a__ \\b"],
        ),
        (r"C:\dir\\new \d", [r"C:\dir\\new \d"]),
        ('{"a": {"b": 1}} | {x}', ['{"a": {"b": 1}} | {x}']),
        ("an { unclosed {a|b}", ["an { unclosed a", "an { unclosed b"]),
        (
            "100$ $5 [word] (word:1.2) ____ _x_ {{city}}",
            ["100$ $5 [word] (word:1.2) ____ _x_ {{city}}"],
        ),
        ("$style, ${style}s, 写$style的诗, ${城市}", ["oil, oils, 写oil的诗, 北京"]),
    ],
)
def test_templates_expand_to_texts(text, all_of_them):
    assert texts(text, row={"style": "oil", "城市": "北京"}) == all_of_them


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{a|b", "no }"),
        ("[5..10 by 2]", "is not a sweep"),
        ("[5..x]", "is not a sweep"),
        ("[1..2 step 0]", "step 0"),
        ("[0..1000000000000]", "a sweep of 1,000,000,000,001"),
        ("[0..1 step 0.000000000000001]", "a sweep of"),
        ("{" * 17 + "a|b" + "}" * 17, "braces"),
        ("$nothing", "has $nothing, which has no value"),
        ("$loop", "refers to itself"),
        ("$n0", "more than 8 names"),
        ("$l0", "expands to more than 200,000"),
        ("__animal__", "no folder of wildcards"),
    ],
)
def test_errors_explain_invalid_templates(text, words):
    variables = {
        "loop": "a $loop2",
        "loop2": "$loop",
        **{f"n{n}": f"$n{n + 1}" for n in range(12)},
        "n12": "x",
    }
    variables |= {f"l{n}": f"$l{n + 1}" * 40 for n in range(6)} | {"l6": "long"}
    with pytest.raises(GrammarError) as caught:
        texts(text, variables=variables)
    assert words in str(caught.value)


def test_random_choices_follow_the_seed():
    drawn = [texts("{a|b|c} {[1..9]|x}", "random", seed)[0] for seed in range(200)]
    assert drawn == [texts("{a|b|c} {[1..9]|x}", "random", seed)[0] for seed in range(200)]
    assert {text[0] for text in drawn} == {"a", "b", "c"}
    assert {text[2] for text in drawn} == {*"123456789x"}
    assert texts("{a|b} [1..3]", "random", 1) == [
        texts("{a|b}", "random", 1)[0] + f" {n}" for n in (1, 2, 3)
    ]


def test_expanded_rows_keep_their_choices(tmp_path):
    text = "prompt,steps,seed\na {red|blue} cat,[10..30 step 10],7\n"
    batch = read(tmp_path, "a.csv", text, kind="image")
    assert [row.request.num_inference_steps for row in batch.good] == [10, 20, 30]
    assert len(set(prompts(batch))) == 1
    assert {row.request.seed for row in batch.good} == {7}
    assert {row.line for row in batch.good} == {2}
    again = read(tmp_path, "a.csv", text, kind="image", combine="all")
    assert prompts(again) == ["a red cat"] * 3 + ["a blue cat"] * 3
    assert (
        read(tmp_path, "a.csv", text, kind="image", combine="off").bad[0].problems[0].field
        == "steps"
    )


def test_each_repeat_draws_with_its_own_seed(tmp_path):
    batch = read(tmp_path, "a.csv", "prompt,seed\na {1|2|3|4|5|6|7|8} cat,5\n", repeat=20)
    assert [row.request.seed for row in batch.good] == list(range(5, 25))
    assert len(set(prompts(batch))) > 3
    one = read(tmp_path, "a.csv", "prompt,seed\na {1|2|3|4|5|6|7|8} cat,9\n")
    assert prompts(one) == prompts(batch)[4:5]


def test_seed_column_accepts_a_sweep(tmp_path):
    batch = read(tmp_path, "a.csv", "prompt,seed\na {x|y} cat,[1..3]\nb,{5|9}\n")
    assert [row.request.seed for row in batch.good] == [1, 2, 3, 5, 9]


def test_variables_come_from_defaults_columns_and_the_command_line(tmp_path):
    text = "prompt,style\na $style cat by $painter,oil\na $style dog by $painter,\n"
    defaults = {"variables": {"style": "{ink|ink}", "painter": "me"}}
    assert prompts(read(tmp_path, "a.csv", text, defaults=defaults)) == [
        "a oil cat by me",
        "a ink dog by me",
    ]
    batch = read(
        tmp_path,
        "a.csv",
        text,
        defaults=defaults,
        variables={"style": "chalk", "painter": "$style"},
    )
    assert prompts(batch) == ["a chalk cat by chalk", "a chalk dog by chalk"]
    with pytest.raises(StudioError, match="variables in the defaults file are invalid"):
        read(tmp_path, "a.csv", text, defaults={"variables": 3})


def test_column_values_are_not_expanded(tmp_path):
    text = "city,prompt\n{a|b} $x __y__ [1..2],from $city\n"
    assert prompts(read(tmp_path, "a.csv", text)) == ["from {a|b} $x __y__ [1..2]"]
    template = "{to|to} {{city}} [1..2]"
    assert prompts(read(tmp_path, "a.csv", "city\n{a|b} __y__\n", template=template)) == [
        "to {a|b} __y__ 1",
        "to {a|b} __y__ 2",
    ]
    assert prompts(
        read(tmp_path, "a.csv", "city\nx\n", template="{{city}} {a|b}", combine="off")
    ) == ["x {a|b}"]


def test_wildcards_are_lines_of_a_file_next_to_the_batch(tmp_path):
    folder = tmp_path / "wildcards"
    (folder / "more").mkdir(parents=True)
    (folder / "animal.txt").write_text("# animals\ncat\n\n__more/dog__\n")
    (folder / "more" / "dog.txt").write_text("{big|small} dog\n")
    (folder / "动物.txt").write_text("猫\n", encoding="utf-8")
    batch = read(tmp_path, "a.txt", "a __animal__\n一只__动物__\n", combine="all")
    assert prompts(batch) == ["a cat", "a big dog", "a small dog", "一只猫"]
    random = read(tmp_path, "a.txt", "a __animal__\n", repeat=100)
    assert set(prompts(random)) == {"a cat", "a big dog", "a small dog"}


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/passwd", "x/../../secret", "..\\secret", "link", "C:secret", "."]
)
def test_wildcards_stay_in_their_folder(tmp_path, name):
    (tmp_path / "secret.txt").write_text("secret\n")
    folder = tmp_path / "wildcards"
    folder.mkdir()
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (bad,) = read(tmp_path, "a.txt", f"a __{name}__\n").rows
    assert bad.request is None
    assert "outside the folder" in bad.message or "is not in" in bad.message
    assert not prompts(read(tmp_path, "a.txt", f"a __{name}__\n", wildcards=folder))


def test_recursive_and_empty_wildcards_are_refused(tmp_path):
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / "a.txt").write_text("__b__\n")
    (folder / "b.txt").write_text("__a__\n")
    (folder / "c.txt").write_text("# nothing\n")
    (folder / "d.txt").write_bytes(b"\0\1\2")
    batch = read(tmp_path, "x.txt", "__a__\n__c__\n__d__\n__e__\n", wildcards=folder)
    messages = [row.message for row in batch.bad]
    assert [
        word in message
        for word, message in zip(
            ["itself", "no lines", "not text", "is not in"], messages, strict=True
        )
    ]


def test_exponential_templates_are_refused_with_their_line(tmp_path):
    batch = read(
        tmp_path, "a.txt", "fine\n" + "{a|b}" * 40 + "\n" + "[1..1000]" * 3 + "\n", combine="all"
    )
    assert prompts(batch) == ["fine"]
    assert [(row.line, "at most 100,000" in row.message) for row in batch.bad] == [
        (2, True),
        (3, True),
    ]
    with pytest.raises(StudioError, match="line 3 the batch exceeds 100,000 rows"):
        read(tmp_path, "a.txt", "x\n[1..60000]\n[1..60000]\n")
    with pytest.raises(StudioError, match="exceeds 40 MB of text"):
        read(tmp_path, "a.txt", "x" * 190_000 + "[1..9999]\n")
    with pytest.raises(StudioError, match="100,000 rows"):
        read(tmp_path, "a.txt", "x\n" * 200, repeat=1000)


def test_row_invalid_in_every_combination_is_reported_once(tmp_path):
    batch = read(tmp_path, "a.csv", "prompt,temperature\n[1..50],hot\n")
    assert len(batch.rows) == 1


def test_columns_are_mapped_to_fields(tmp_path):
    text = "Text,Typ,Notes,n\na cat,image,mine,3\n"
    batch = read(
        tmp_path,
        "a.csv",
        text,
        mapping={"Text": "prompt", "Typ": "kind", "Notes": "", "n": "steps"},
    )
    assert (batch.good[0].request.prompt, batch.good[0].request.kind) == ("a cat", "image")
    assert batch.good[0].request.num_inference_steps == 3
    with pytest.raises(StudioError, match="no column 'Nots'"):
        read(tmp_path, "a.csv", text, mapping={"Nots": ""})
    doubled = read(tmp_path, "a.csv", "prompt,b\nx,y\n", mapping={"b": "prompt"})
    assert "another column" in doubled.bad[0].message


def test_an_unknown_combination_mode_is_refused(tmp_path):
    with pytest.raises(StudioError, match="not a way to combine"):
        read(tmp_path, "a.txt", "x\n", combine="maybe")


GRAMMAR = st.text(alphabet="{}|$_[]\\.0123 stepabx-", max_size=60)


@settings(max_examples=400)
@given(text=GRAMMAR, seed=st.integers(0, 2**32 - 1))
def test_random_texts_neither_raise_nor_hang(text, seed):
    with contextlib.suppress(GrammarError):
        node = Scope({"a": "{x|y}", "b": "$a$a", "x": "$b"}, Wildcards(None)).bind(
            parse(text), {"s": "{1|2}"}
        )
        for combine in ("random", "all"):
            cells = Cells({}, {"prompt": node}, combine)
            for index in itertools.islice(range(cells.count), 20):
                found = cells.resolve(index, seed)["prompt"]
                assert len(found) <= cells.length
                assert found == cells.resolve(index, seed)["prompt"]


@settings(max_examples=200)
@given(text=st.text(max_size=60))
def test_escaped_characters_are_literal(text):
    escaped = "".join(f"\\{sign}" if sign in "{}|$[_" else sign for sign in text.replace("\\", ""))
    plain = text.replace("\\", "")
    if "_" not in plain:
        assert texts(escaped) == [plain]


leaf = st.sampled_from(["a", "b", "cc", "1", "x y"])
nested = st.recursive(
    leaf,
    lambda inner: st.lists(inner, min_size=2, max_size=4).map(
        lambda parts: "{" + "|".join(parts) + "}"
    ),
)


@settings(max_examples=200)
@given(parts=st.lists(nested, min_size=1, max_size=4))
def test_all_combinations_equal_nested_loops(parts):
    def expand(part):
        if not part.startswith("{"):
            return [part]
        options, depth, begin = [], 0, 1
        for place, sign in enumerate(part):
            depth += (sign == "{") - (sign == "}")
            if (sign == "|" and depth == 1) or (sign == "}" and depth == 0):
                options += expand(part[begin:place])
                begin = place + 1
        return options

    wanted = [
        "".join(chosen) for chosen in itertools.islice(itertools.product(*map(expand, parts)), 2000)
    ]
    node = Scope({}, Wildcards(None)).bind(parse("".join(parts)), {})
    cells = Cells({}, {"prompt": node}, "all")
    assert [cells.resolve(index)["prompt"] for index in range(min(cells.count, 2000))] == wanted
    assert texts("".join(parts), "random", 3)[0] in {
        "".join(chosen) for chosen in itertools.product(*map(expand, parts))
    }


@given(st.integers(-1000, 1000), st.integers(-1000, 1000), st.integers(1, 50))
def test_sweep_equals_range(first, last, step):
    sign = 1 if last >= first else -1
    assert numbers(str(first), str(last), str(step)) == [
        str(n) for n in range(first, last + sign, sign * step)
    ]
    assert MAX_COMBINATIONS == 100_000
