"""Spreadsheets as batch files: cells are texts, formulas are never run, and a bad file is a sentence."""

import contextlib
import datetime
import io
import re
import sys
import zipfile

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.core.errors import StudioError
from studio.engine.fake import fake_card
from studio.jobs.batch.plan import read_batch
from studio.jobs.batch.read import MAX_ROWS
from studio.jobs.batch.spreadsheet import MAX_UNPACKED_BYTES, read_spreadsheet


def book(*rows, name="Prompts", more=()):
    made = openpyxl.Workbook()
    made.active.title = name
    for row in rows:
        made.active.append(row)
    for title, other in more:
        sheet = made.create_sheet(title)
        for row in other:
            sheet.append(row)
    output = io.BytesIO()
    made.save(output)
    return output.getvalue()


def read(tmp_path, data, **more):
    path = tmp_path / "a.xlsx"
    path.write_bytes(data)
    return read_batch(path, lambda kind, _name: fake_card(kind), **more)


def with_part(data, name, change):
    """The same archive with one part changed."""
    output = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename, change(old.read(part)) if part.filename == name else old.read(part))
    return output.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def test_rows_with_their_numbers_and_types(tmp_path):
    data = book([], ["prompt", "steps", "width", "seed", "guidance"], ["一只猫", 4, 64, 7, 2.5], [], [2024, 5.0, "72", None, "3"])
    batch = read(tmp_path, data, kind="image")
    assert [(row.line, row.request.prompt) for row in batch.rows] == [(3, "一只猫"), (5, "2024")]
    first, second = (row.request for row in batch.good)
    assert (first.num_inference_steps, first.width, first.seed, first.guidance_scale) == (4, 64, 7, 2.5)
    assert (second.num_inference_steps, second.width, second.guidance_scale) == (5, 72, 3)
    assert batch.encoding == "sheet Prompts"


def test_a_sheet_is_chosen_by_its_name(tmp_path):
    data = book(["prompt"], ["first"], more=[("Second", [["prompt"], ["second"]])])
    assert [row.request.prompt for row in read(tmp_path, data).good] == ["first"]
    assert [row.request.prompt for row in read(tmp_path, data, sheet="Second").good] == ["second"]
    with pytest.raises(StudioError, match="no sheet 'Third'"):
        read(tmp_path, data, sheet="Third")


def test_dates_and_truths_are_texts(tmp_path):
    data = book(["topic", "when", "yes"], ["x", datetime.datetime(2026, 5, 1), True])
    (row,) = read(tmp_path, data, template="{{topic}} {{when}} {{yes}}").good
    assert row.request.prompt == "x 2026-05-01 true"


def test_formulas_are_not_run(tmp_path):
    data = book(["prompt", "seed"], ["=1+1", 3], ["fine", 4])
    batch = read(tmp_path, data)
    assert [row.request.prompt for row in batch.good] == ["fine"]
    assert "formula in A2 without a stored value" in batch.bad[0].message
    stored = with_part(data, SHEET, lambda part: re.sub(rb"<f>1\+1</f><v */?>(</v>)?", b"<f>1+1</f><v>2</v>", part))
    assert [row.request.prompt for row in read(tmp_path, stored).good] == ["2", "fine"]


def test_a_text_that_looks_like_a_formula_stays_text(tmp_path):
    made = openpyxl.Workbook()
    made.active.append(["prompt"])
    made.active.append(["x"])
    made.active["A2"].value = "=cmd|' /C calc'!A0"
    made.active["A2"].data_type = "s"
    output = io.BytesIO()
    made.save(output)
    (row,) = read(tmp_path, output.getvalue()).good
    assert row.request.prompt == "=cmd|' /C calc'!A0"


def test_errors_in_cells_are_named(tmp_path):
    made = openpyxl.Workbook()
    made.active.append(["prompt"])
    made.active.append(["#N/A"])
    output = io.BytesIO()
    made.save(output)
    batch = read(tmp_path, output.getvalue())
    assert "error #N/A in A2" in batch.bad[0].message


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PK\3\4 not really", "cannot be read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 100, "cannot be read"),
        (book(), "holds no prompts"),
        (book(["prompt"]), "holds no prompts"),
        (book(["prompt", "prompt"], ["a", "b"]), "twice"),
        (book(["prompt", None, "seed"], ["a", "b", 1]), "no name"),
        (book([f"c{n}" for n in range(300)], ["a"]), "more than 256 columns"),
    ],
)
def test_files_that_cannot_be_used(tmp_path, data, words):
    with pytest.raises(StudioError) as caught:
        read(tmp_path, data)
    assert words in caught.value.message


def test_a_row_with_too_many_cells_is_an_error(tmp_path):
    batch = read(tmp_path, book(["prompt"], ["a", "b"], ["c"]))
    assert [row.line for row in batch.bad] == [2]
    assert [row.request.prompt for row in batch.good] == ["c"]


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    bomb = with_part(book(["prompt"], ["a"]), SHEET, lambda part: part + b" " * (MAX_UNPACKED_BYTES + 1))
    assert len(bomb) < 2**20
    with pytest.raises(StudioError, match="too large unpacked"):
        read(tmp_path, bomb)


def test_entities_do_not_explode(tmp_path):
    entities = b"".join(b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10) for n in range(1, 12))
    trap = b'<!DOCTYPE x [<!ENTITY e0 "0123456789">' + entities + b"]>"

    def change(part):
        head, _sheet, rest = part.partition(b"<worksheet")
        return head + trap + b"<worksheet" + rest.replace(b"<t>a</t>", b"<t>&e11;</t>")

    with contextlib.suppress(StudioError):
        batch = read(tmp_path, with_part(book(["prompt"], ["a"]), SHEET, change))
        assert all(len(row.request.prompt) < 1000 for row in batch.good)


def test_a_sheet_that_claims_rows_at_the_end_of_the_world(tmp_path):
    data = with_part(book(["prompt"], ["a"], ["b"]), SHEET, lambda part: part.replace(b'r="3"', b'r="99999999999"'))
    batch = read(tmp_path, data)
    assert [row.request.prompt for row in batch.good] == ["a"]
    assert MAX_ROWS == 100_000
    far = with_part(book(["prompt"], ["a"], ["b"]), SHEET, lambda part: part.replace(b'r="3"', b'r="1048576"'))
    assert [row.line for row in read(tmp_path, far).good] == [2, 1_048_576]


def test_it_needs_no_openpyxl(tmp_path, monkeypatch):
    data = book(["prompt"], ["a cat"])
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    assert [row.request.prompt for row in read(tmp_path, data).good] == ["a cat"]


GOOD = book(["prompt", "seed"], ["=1", 2], ["two", 3])


@settings(max_examples=60)
@given(place=st.integers(0, len(GOOD) - 1), value=st.binary(min_size=1, max_size=6))
def test_damage_makes_no_traceback(place, value):
    with contextlib.suppress(StudioError):
        read_spreadsheet(GOOD[:place] + value + GOOD[place + len(value) :])


@settings(max_examples=60)
@given(data=st.data())
def test_damaged_xml_makes_no_traceback(data):
    name = data.draw(st.sampled_from(zipfile.ZipFile(io.BytesIO(GOOD)).namelist()))
    place, value = (
        data.draw(st.integers(0, 3000)),
        data.draw(st.binary(max_size=8) | st.sampled_from([b'r="A9"', b"<c/>", b"-1"])),
    )
    with contextlib.suppress(StudioError):
        read_spreadsheet(with_part(GOOD, name, lambda part: part[:place] + value + part[place + len(value) :]))
