"""Test spreadsheets as batch files: cells become text, and formulas never run."""

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

from benchmarks.batch_bombs import HEADER_ROW, SHARED, SST, xlsx
from benchmarks.batch_bombs import sheet as sheet_xml
from studio.batch.plan import read_batch
from studio.batch.reader import MAX_ROWS
from studio.batch.tables.ooxml import MAX_FOREIGN, MAX_PARTS
from studio.batch.tables.spreadsheet import MAX_UNPACKED_BYTES, read_spreadsheet, sheet_names
from studio.batch.tables.workbook import MAX_STYLES
from studio.core.errors import StudioError
from studio.models.card import fake_card


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
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.infolist():
            new.writestr(
                part.filename, change(old.read(part)) if part.filename == name else old.read(part)
            )
    return output.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def test_rows_have_line_numbers_and_typed_cells(tmp_path):
    data = book(
        [],
        ["prompt", "steps", "width", "seed", "guidance"],
        ["一只猫", 4, 64, 7, 2.5],
        [],
        [2024, 5.0, "72", None, "3"],
    )
    batch = read(tmp_path, data, kind="image")
    assert [(row.line, row.request.prompt) for row in batch.rows] == [(3, "一只猫"), (5, "2024")]
    first, second = (row.request for row in batch.good)
    assert (first.num_inference_steps, first.width, first.seed, first.guidance_scale) == (
        4,
        64,
        7,
        2.5,
    )
    assert (second.num_inference_steps, second.width, second.guidance_scale) == (5, 72, 3)
    assert batch.encoding == "sheet Prompts"


def test_sheet_is_selected_by_name(tmp_path):
    data = book(["prompt"], ["first"], more=[("Second", [["prompt"], ["second"]])])
    assert [row.request.prompt for row in read(tmp_path, data).good] == ["first"]
    assert [row.request.prompt for row in read(tmp_path, data, sheet="Second").good] == ["second"]
    with pytest.raises(StudioError, match="no sheet 'Third'"):
        read(tmp_path, data, sheet="Third")


def test_dates_and_booleans_become_texts(tmp_path):
    data = book(["topic", "when", "yes"], ["x", datetime.datetime(2026, 5, 1), True])
    (row,) = read(tmp_path, data, template="{{topic}} {{when}} {{yes}}").good
    assert row.request.prompt == "x 2026-05-01 true"


def test_formulas_are_not_evaluated(tmp_path):
    data = book(["prompt", "seed"], ["=1+1", 3], ["fine", 4])
    batch = read(tmp_path, data)
    assert [row.request.prompt for row in batch.good] == ["fine"]
    assert "formula in A2 without a stored value" in batch.bad[0].message
    stored = with_part(
        data, SHEET, lambda part: re.sub(rb"<f>1\+1</f><v */?>(</v>)?", b"<f>1+1</f><v>2</v>", part)
    )
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


def test_cell_errors_are_reported(tmp_path):
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
        (book(), "contains no prompts"),
        (book(["prompt"]), "contains no prompts"),
        (book(["prompt", "prompt"], ["a", "b"]), "twice"),
        (book(["prompt", None, "seed"], ["a", "b", 1]), "without a name"),
        (book([f"c{n}" for n in range(300)], ["a"]), "more than 256 columns"),
    ],
)
def test_unusable_files_are_refused(tmp_path, data, words):
    with pytest.raises(StudioError) as caught:
        read(tmp_path, data)
    assert words in caught.value.message


def test_a_row_with_too_many_cells_is_an_error(tmp_path):
    batch = read(tmp_path, book(["prompt"], ["a", "b"], ["c"]))
    assert [row.line for row in batch.bad] == [2]
    assert [row.request.prompt for row in batch.good] == ["c"]


def test_zip_bomb_is_refused_before_unpacking(tmp_path):
    bomb = with_part(
        book(["prompt"], ["a"]), SHEET, lambda part: part + b" " * (MAX_UNPACKED_BYTES + 1)
    )
    assert len(bomb) < 2**20
    with pytest.raises(StudioError, match="too large unpacked"):
        read(tmp_path, bomb)


def test_xml_entities_are_not_expanded(tmp_path):
    entities = b"".join(b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10) for n in range(1, 12))
    trap = b'<!DOCTYPE x [<!ENTITY e0 "0123456789">' + entities + b"]>"

    def change(part):
        head, _sheet, rest = part.partition(b"<worksheet")
        return head + trap + b"<worksheet" + rest.replace(b"<t>a</t>", b"<t>&e11;</t>")

    with contextlib.suppress(StudioError):
        batch = read(tmp_path, with_part(book(["prompt"], ["a"]), SHEET, change))
        assert all(len(row.request.prompt) < 1000 for row in batch.good)


def test_row_numbers_beyond_the_format_are_ignored(tmp_path):
    data = with_part(
        book(["prompt"], ["a"], ["b"]),
        SHEET,
        lambda part: part.replace(b'r="3"', b'r="99999999999"'),
    )
    batch = read(tmp_path, data)
    assert [row.request.prompt for row in batch.good] == ["a"]
    assert MAX_ROWS == 100_000
    far = with_part(
        book(["prompt"], ["a"], ["b"]), SHEET, lambda part: part.replace(b'r="3"', b'r="1048576"')
    )
    assert [row.line for row in read(tmp_path, far).good] == [2, 1_048_576]


def test_reader_does_not_import_openpyxl(tmp_path, monkeypatch):
    data = book(["prompt"], ["a cat"])
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    assert [row.request.prompt for row in read(tmp_path, data).good] == ["a cat"]


def shown(tmp_path, *rows, change=lambda sheet: None, **options):
    """The rows as texts, by a template of all columns."""
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    change(made.active)
    output = io.BytesIO()
    made.save(output)
    header = next(row for row in rows if row)
    batch = read(
        tmp_path,
        output.getvalue(),
        template="|".join(f"{{{{{name}}}}}" for name in header if name),
        **options,
    )
    return [row.request.prompt for row in batch.good]


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (0.5, "0%", "50%"),
        (0.125, "0.0%", "12.5%"),
        (7, "000", "007"),
        (3.14159, "0.00", "3.14"),
        (2.5, "0.00", "2.50"),
        (0.1 + 0.2, "General", "0.3"),
        (1234567, "#,##0", "1234567"),
        (2.5, '0.0"x"', "2.5"),
        (-0.4, "0", "-0"),
        (1e20, "General", "1e+20"),
        (12, "@", "12"),
        (5, '[Red]0;"minus"0', "5"),
        (datetime.datetime(2026, 5, 1, 7, 30), "yyyy-mm-dd hh:mm", "2026-05-01 07:30"),
        (datetime.datetime(2026, 5, 1, 7, 30, 5), "d.m.yy h:mm:ss", "2026-05-01 07:30:05"),
        (datetime.datetime(2026, 5, 1, 7, 30), "dd/mm/yyyy", "2026-05-01"),
        (datetime.date(2026, 5, 1), "mmm yy", "2026-05-01"),
        (datetime.datetime(2026, 5, 1), 'yyyy"年"m"月"d"日"', "2026-05-01"),
        (datetime.time(7, 30), "h:mm", "07:30"),
        (datetime.time(7, 30, 5), "h:mm:ss AM/PM", "07:30:05"),
        (datetime.timedelta(hours=30), "[h]:mm:ss", "30:00:00"),
        (datetime.date(1900, 1, 31), "yyyy-mm-dd", "1900-01-31"),
        (True, "General", "true"),
        (False, "General", "false"),
    ],
)
def test_cells_are_read_as_displayed(tmp_path, value, code, text):
    def change(sheet):
        sheet["A2"].value = value
        sheet["A2"].number_format = code

    assert shown(tmp_path, ["topic"], [0], change=change) == [text]


def test_dates_of_the_1904_system_are_read(tmp_path):
    plain = book(["topic"], [datetime.date(2026, 5, 1)])
    data = with_part(
        plain,
        "xl/workbook.xml",
        lambda part: part.replace(b"<sheets>", b'<workbookPr date1904="1"/><sheets>'),
    )
    (row,) = read(tmp_path, data, template="{{topic}}").good
    assert row.request.prompt == "2030-05-02"


def test_xlsx_escapes_are_decoded(tmp_path):
    # openpyxl writes them as they stand, so that they are what other programs mean by them.
    data = book(["prompt"], ["rain_x000D_\nin _x0041__x005F_x0042_ _xZZZZ_ _x12_"])
    (row,) = read(tmp_path, data).good
    assert row.request.prompt == "rain\nin A_x0042_ _xZZZZ_ _x12_"


def test_rich_text_is_read_without_phonetic_runs(tmp_path):
    strings = (
        '<si><t>prompt</t></si><si><r><rPr><b/></rPr><t>a </t></r><r><t xml:space="preserve">cat '
        "</t></r>"
        '<rPh sb="0" eb="1"><t>neko</t></rPh></si><si><t>rain_x000D_\n_x0041_</t></si>'
    )
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>{n - 1}</v></c></row>' for n in (1, 2, 3))
    xlsx(tmp_path / "a.xlsx", {SHEET: sheet_xml(cells), SHARED: [SST, strings, "</sst>"]})
    batch = read(tmp_path, (tmp_path / "a.xlsx").read_bytes())
    assert [row.request.prompt for row in batch.good] == ["a cat", "rain\nA"]


def test_prefixed_names_and_cells_without_references_are_read(tmp_path):
    ns = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = (
        b'<x:worksheet xmlns:x="%s"><x:sheetData><x:row><x:c t="inlineStr"><x:is><x:t>prompt</x:t></x:is></x:c>'  # noqa: E501
        b'<x:c t="inlineStr"><x:is><x:t>seed</x:t></x:is></x:c></x:row><x:row/>'
        b'<x:row><x:c t="str"><x:f>A</x:f><x:v>a cat</x:v></x:c>'
        b"<x:c><x:v>7</x:v></x:c></x:row></x:sheetData></x:worksheet>" % ns
    )
    (row,) = read(tmp_path, with_part(book(["prompt"], ["x"]), SHEET, lambda _part: sheet)).good
    assert (row.line, row.request.prompt, row.request.seed) == (3, "a cat", 7)


def test_table_below_a_title_is_found(tmp_path):
    data = book(
        [],
        [None, "My prompts", None, "of May"],
        [],
        [None, None, "Prompt", "Seed"],
        [],
        [None, None, "a cat", 5],
        [None, None, "a dog"],
    )
    batch = read(tmp_path, data)
    assert [(row.line, row.request.prompt) for row in batch.good] == [(6, "a cat"), (7, "a dog")]
    assert batch.good[0].request.seed == 5
    assert "Skipped line 2 above the table: 'My prompts' …" in batch.warning


def test_unnamed_first_column_of_row_numbers_is_ignored(tmp_path):
    batch = read(tmp_path, book([None, "prompt"], [0, "a cat"], [1, "a dog"]))
    assert [row.request.prompt for row in batch.good] == ["a cat", "a dog"]


def test_merged_cells_fill_each_row_they_span(tmp_path):
    def change(sheet):
        sheet.merge_cells("A2:A4")
        sheet.merge_cells("B4:B6")

    rows = (
        ["style", "topic"],
        ["oil", "cats"],
        [None, "dogs"],
        [None, "birds"],
        ["ink", None],
        [None, None],
    )
    assert shown(tmp_path, *rows, change=change) == [
        "oil|cats",
        "oil|dogs",
        "oil|birds",
        "ink|birds",
    ]


def test_hidden_rows_are_read_and_reported_and_hidden_sheets_are_skipped(tmp_path):
    made = openpyxl.Workbook()
    made.active.title = "Hidden"
    made.active.append(["prompt"])
    made.active.append(["no"])
    made.active.sheet_state = "hidden"
    sheet = made.create_sheet("Shown")
    for row in (["prompt", "seed"], ["a cat", 1], ["a dog", 2], ["a bird", 3]):
        sheet.append(row)
    sheet.row_dimensions[3].hidden = True
    sheet.column_dimensions["B"].hidden = True
    made.active = 1
    output = io.BytesIO()
    made.save(output)
    batch = read(tmp_path, output.getvalue())
    assert [row.request.prompt for row in batch.good] == ["a cat", "a dog", "a bird"]
    assert "The sheet's hidden rows are included: 3." in batch.warning
    assert "hidden columns" in batch.warning
    assert sheet_names(output.getvalue()) == ["Hidden", "Shown"]


MANY = b" ".join(b'a%d=""' % number for number in range(99))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda part: part.replace(b"<sheetData>", b"<sheetData>" + b"<row>" * 100),
            "nested too deeply",
        ),
        (
            lambda part: b'<!DOCTYPE x [<!ENTITY y "z">]>' + part.partition(b"?>")[2],
            "document type",
        ),
        (
            lambda part: part.replace(b"<sheetData>", b"<sheetData>" + b"<x/>" * (MAX_FOREIGN + 1)),
            "too many elements",
        ),
        (
            lambda part: part.replace(b"<sheetData>", b"<sheetData " + MANY + b">"),
            "too many attributes",
        ),
        (
            lambda part: part.replace(
                b"<sheetData>", b"<sheetData>" + b"<row><c><v>1</v></c></row>" * (MAX_ROWS + 50)
            ),
            "rows",
        ),
        (
            lambda part: part.replace(b"<sheetData>", b'<sheetData a="' + b"x" * 6_000_000 + b'">'),
            "a tag that is too long",
        ),
    ],
    ids=["depth", "document type", "elements", "attributes", "rows", "tag"],
)
def test_oversized_sheets_are_refused(tmp_path, change, words):
    with pytest.raises(StudioError) as caught:
        read(tmp_path, with_part(book(["prompt"], ["a"]), SHEET, change))
    assert words in caught.value.message


def test_too_many_styles_or_parts_are_refused(tmp_path):
    styles = (
        b"<styleSheet><cellXfs>"
        + b'<xf numFmtId="0"/>' * (MAX_STYLES + 1)
        + b"</cellXfs></styleSheet>"
    )
    with pytest.raises(StudioError, match="styles"):
        read(tmp_path, with_part(book(["prompt"], ["a"]), "xl/styles.xml", lambda _part: styles))
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        for number in range(MAX_PARTS + 1):
            archive.writestr(str(number), b"")
    with pytest.raises(StudioError, match="parts"):
        read(tmp_path, output.getvalue())


def test_long_shared_text_in_many_rows_is_refused(tmp_path):
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(2, 500))
    xlsx(
        tmp_path / "a.xlsx",
        {
            SHEET: sheet_xml(HEADER_ROW + cells),
            SHARED: [SST, "<si><t>", "x" * 200_000, "</t></si></sst>"],
        },
    )
    with pytest.raises(StudioError, match="million characters"):
        read(tmp_path, (tmp_path / "a.xlsx").read_bytes())


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
        read_spreadsheet(
            with_part(GOOD, name, lambda part: part[:place] + value + part[place + len(value) :])
        )
