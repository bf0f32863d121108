"""Test that a table gives the same rows from any .csv dialect or .xlsx layout."""

import csv
import io

import openpyxl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from studio.batch.plan import read_batch
from studio.models.card import fake_card

NAMES = ("Negative Prompt", "seed", "CFG Scale", "Steps", "Topic")
LETTERS = "ab é界'\"“,;\t|\n.-=#\u00a0\u2028😀/_"
texts = st.text(alphabet=LETTERS, max_size=12).map(str.strip)
ROW = st.fixed_dictionaries(
    {
        "Prompt": texts,
        "Negative Prompt": texts,
        "Topic": texts,
        "seed": st.sampled_from(["", "7", "0", "-1", "12"]),
        "Steps": st.sampled_from(["", "4", "20"]),
        "CFG Scale": st.sampled_from(["", "3.5", "7", "0.25"]),
    }
)


@st.composite
def tables(draw):
    header = [
        "Prompt",
        *draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True)),
    ]
    rows = draw(st.lists(ROW, min_size=1, max_size=5))
    return [header, *([row[name] for name in header] for row in rows)]


@st.composite
def as_csv(draw, table):
    """(suffix, bytes) of the table, as one of the programs writes it that write such files."""
    delimiter = draw(st.sampled_from([",", ";", "\t"]))
    empty = draw(st.integers(0, 2))
    pad = draw(st.sampled_from(["", " ", "\u00a0"]))
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    lines = []
    for row in table:
        if delimiter == ";" and row is not table[0]:
            row = [
                cell.replace(".", ",") if name == "CFG Scale" else cell
                for name, cell in zip(table[0], row, strict=True)
            ]
        output = io.StringIO(newline="")
        csv.writer(
            output, delimiter=delimiter, lineterminator="\n", quoting=draw(st.sampled_from([0, 1]))
        ).writerow(row)
        lines.append(output.getvalue().removesuffix("\n"))
        if pad and "\n" not in lines[-1] and '"' not in lines[-1]:
            lines[-1] = delimiter.join(f"{pad}{cell}{pad}" for cell in lines[-1].split(delimiter))
        lines[-1] += delimiter * empty
    lines += [delimiter * (len(table[0]) + empty - 1)] * draw(st.integers(0, 2))
    if draw(st.booleans()):
        lines.insert(0, f"sep={delimiter}")
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    suffix = ".tsv" if delimiter == "\t" and draw(st.booleans()) else ".csv"
    return suffix, end.join([*lines, ""]).encode(encoding)


@st.composite
def as_xlsx(draw, table):
    made = openpyxl.Workbook()
    down, right = draw(st.integers(0, 4)), draw(st.integers(0, 3))
    if down > 1 and draw(st.booleans()):
        made.active.cell(1, 1 + draw(st.integers(0, 5)), "My table")
    numbers = draw(st.booleans())
    for at, row in enumerate(table):
        for place, (name, text) in enumerate(zip(table[0], row, strict=True)):
            if not text:
                continue
            cell = made.active.cell(1 + down + at, 1 + right + place)
            if numbers and at and name in ("seed", "Steps", "CFG Scale"):
                cell.value = float(text)
            else:
                cell.value = f" {text}\u00a0" if draw(st.booleans()) else text
                cell.data_type = "s"  # also what begins with =
    output = io.BytesIO()
    made.save(output)
    return ".xlsx", output.getvalue()


def rows_of(folder, suffix, data):
    path = folder / f"table{suffix}"
    path.write_bytes(data)
    found = read_batch(
        path,
        lambda kind, _name: fake_card(kind),
        kind="image",
        combine="off",
        seeds="fixed",
        first_seed=99,
        template="{{prompt}}",
    )
    return [
        (
            row.request.prompt,
            row.request.negative_prompt,
            row.request.seed,
            row.request.num_inference_steps,
            row.request.guidance_scale,
        )
        if row.request
        else row.message
        for row in found.rows
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tables")


@settings(max_examples=50, phases=[Phase.explicit, Phase.generate])
@given(data=st.data())
def test_the_same_table_gives_the_same_rows(folder, data):
    table = data.draw(tables())
    table[1][0] = table[1][0] or "a cat"  # a table without rows is refused
    plain = io.StringIO(newline="")
    csv.writer(plain).writerows(table)
    wanted = rows_of(folder, ".csv", plain.getvalue().encode())
    assert len(wanted) == sum(any(row) for row in table[1:])
    assert rows_of(folder, *data.draw(as_csv(table))) == wanted
    assert rows_of(folder, *data.draw(as_xlsx(table))) == wanted


def read(tmp_path, text, name="a.csv", **more):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_batch(path, lambda kind, _name: fake_card(kind), **more)


@pytest.mark.parametrize(
    "text",
    [
        "prompt,seed\na cat,5\n",
        "prompt;seed\r\na cat;5\r\n",
        "prompt\tseed\ra cat\t5\r",
        "\ufeffprompt,seed\na cat,5",
        "sep=;\nprompt;seed\na cat;5\n",
        '"sep=|"\r\nprompt|seed\r\na cat|5\r\n',
        "SEP=,\nprompt,seed\na cat,5\n",
        "prompt , seed \n a cat ,\u00a05\u00a0\n",
        '"prompt" , "seed"\n"a cat" , "5" \n',
        "prompt,seed,,\na cat,5,,\n,,,\n",
        ",prompt,seed\n,a cat,5\n",
        "\n\n,,\nprompt,seed\n\na cat,5\n\n",
        "My cats\n\nprompt,seed\na cat,5\n",
        "My cats, and others;;\nprompt;seed;\na cat;5;\n",
        "PROMPT,Seed\na cat,5.0\n",
        "prompt,seed\n\u3000a cat\u2003,５\n",
        ",prompt,seed\n0,a cat,5\n",
        "Prompt|Seed\na cat|5\n",
    ],
)
def test_tables_of_common_programs_are_read(tmp_path, text):
    (row,) = read(tmp_path, text).rows
    assert (row.request.prompt, row.request.seed) == ("a cat", 5)


def test_text_above_the_table_is_reported(tmp_path):
    assert (
        "Skipped lines 1 to 3 above the table: 'My cats' …"
        in read(tmp_path, "My cats\n\nof May\nprompt,seed\na,5\n").warning
    )
    assert not read(tmp_path, "prompt,seed\na,5\n").warning


def test_first_row_is_the_header_if_no_row_has_a_prompt(tmp_path):
    batch = read(
        tmp_path, "topic,place\nprompt,Rome\nseed,Oslo\n", template="{{topic}} in {{place}}"
    )
    assert [row.request.prompt for row in batch.good] == ["prompt in Rome", "seed in Oslo"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_all_line_endings_of_txt_and_jsonl_are_read(tmp_path, end):
    lines = ["one", "", "\u00a0two ", "---", "three", "four", "---", "# no", "five\u2028six"]
    batch = read(tmp_path, end.join(lines), "a.txt")
    assert [row.request.prompt for row in batch.good] == [
        "one",
        "two",
        "three\nfour",
        "five\u2028six",
    ]
    assert [row.line for row in batch.good] == [1, 3, 4, 9]
    batch = read(tmp_path, end.join(['{"prompt": "one"}', "", '{"prompt": "two"}']), "a.jsonl")
    assert [row.line for row in batch.good] == [1, 3]
    batch = read(tmp_path, end.join(["[", '"one",', "", '{"prompt": "two"}', "]"]), "a.json")
    assert [row.line for row in batch.good] == [2, 4]


def test_decimal_commas_need_another_delimiter(tmp_path):
    assert (
        read(tmp_path, "prompt;guidance\nx;3,5\n", kind="image").good[0].request.guidance_scale
        == 3.5
    )
    assert (
        read(tmp_path, "prompt\tguidance\nx\t3,5\n", kind="image").good[0].request.guidance_scale
        == 3.5
    )
    assert (
        "'3,5' is not a number"
        in read(tmp_path, 'prompt,guidance\nx,"3,5"\n', kind="image").bad[0].message
    )
