"""Batch files that are made to eat time and memory: each is understood or refused within 10 s of
CPU and 300 MB.

python -m benchmarks.batch_bombs            all of them, as a table for docs/security.md
python -m benchmarks.batch_bombs --only xlsx

Each file is made and read in processes of its own: `studio --fake batch FILE --check`.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks.measure import report

CPU_SECONDS = 10.0
MEGABYTES = 300
_LIMIT_SECONDS = 120
_ADDRESS_SPACE = 8 << 30

Bomb = Callable[[Path], list[str]]
"""Makes its files in a folder; returns the arguments of `studio batch`."""
BOMBS: dict[str, Bomb] = {}


def bomb(name: str) -> Callable[[Bomb], Bomb]:
    def add(function: Bomb) -> Bomb:
        BOMBS[name] = function
        return function

    return add


def text_bomb(
    name: str,
    suffix: str,
    pieces: Iterable[str | bytes] | Callable[[], Iterable[str | bytes]],
    *more: str,
) -> None:
    """A file of these pieces, with further arguments."""

    def make(folder: Path) -> list[str]:
        with (folder / f"bomb{suffix}").open("wb") as file:
            for piece in pieces() if callable(pieces) else pieces:
                file.write(piece.encode() if isinstance(piece, str) else piece)
        return [f"bomb{suffix}", *more]

    BOMBS[name] = make


# Spreadsheets
# ----------------------------------------------------------------------

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
HEAD = '<?xml version="1.0"?>'
SHEET, SHARED, STYLES, BOOK = (
    "xl/worksheets/sheet1.xml",
    "xl/sharedStrings.xml",
    "xl/styles.xml",
    "xl/workbook.xml",
)
HEADER_ROW = '<row r="1"><c r="A1" t="inlineStr"><is><t>prompt</t></is></c></row>'
FIRST_ROW = '<row r="2"><c r="A2" t="inlineStr"><is><t>a cat</t></is></c></row>'
SHARED_ROW = '<row r="2"><c r="A2" t="s"><v>5</v></c></row>'


def relation(number: int, kind: str, target: str) -> str:
    return f'<Relationship Id="rId{number}" Type="{RELATIONS}/{kind}" Target="{target}"/>'


PARTS = {
    "_rels/.rels": f"{HEAD}<Relationships "
    f'xmlns="{PACKAGE}">{relation(1, "officeDocument", "xl/workbook.xml")}</Relationships>',
    "xl/_rels/workbook.xml.rels": f"{HEAD}<Relationships "
    f'xmlns="{PACKAGE}">{relation(1, "worksheet", "worksheets/sheet1.xml")}'
    f"{relation(2, 'sharedStrings', 'sharedStrings.xml')}{relation(3, 'styles', 'styles.xml')}</Relationships>",  # noqa: E501
    BOOK: f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets><sheet name="S" '
    'sheetId="1" r:id="rId1"/></sheets>'
    "{}</workbook>",
}


def sheet(rows: str, before: str = "", after: str = "", doctype: str = "") -> list[str]:
    return [
        f'{HEAD}{doctype}<worksheet xmlns="{MAIN}">{before}<sheetData>',
        rows,
        f"</sheetData>{after}</worksheet>",
    ]


def xlsx(
    path: Path,
    parts: dict[str, Iterable[str]],
    book: str = "",
    *,
    compression: int = zipfile.ZIP_DEFLATED,
) -> None:
    whole = (
        {name: [text.replace("{}", book)] for name, text in PARTS.items()}
        | {SHEET: sheet(HEADER_ROW + FIRST_ROW)}
        | parts
    )
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, pieces in whole.items():
            with archive.open(name, "w", force_zip64=True) as part:
                for piece in pieces:
                    part.write(piece.encode())


def xlsx_bomb(
    name: str, parts: Callable[[], dict[str, Iterable[str]]], book: Callable[[], str] = str
) -> None:
    def make(folder: Path) -> list[str]:
        xlsx(folder / "bomb.xlsx", parts(), book())
        return ["bomb.xlsx"]

    BOMBS[name] = make


def repeated(text: str, count: int, at_once: int = 10_000) -> Iterable[str]:
    for _ in range(count // at_once):
        yield text * at_once


def around(begin: str, middle: Iterable[str], end: str) -> Iterable[str]:
    yield begin
    yield from middle
    yield end


SST = f'{HEAD}<sst xmlns="{MAIN}">'
ENTITIES = (
    "<!DOCTYPE l [<!ENTITY a 'aaaaaaaaaa'>"
    + "".join(f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(9))
    + "]>"
)
xlsx_bomb("xlsx, nothing wrong with it", dict)
xlsx_bomb(
    "xlsx, entities that explode",
    lambda: {SHEET: sheet(HEADER_ROW + FIRST_ROW.replace("a cat", "&j;"), doctype=ENTITIES)},
)
xlsx_bomb(
    "xlsx, entities in shared strings",
    lambda: {
        SHEET: sheet(HEADER_ROW + SHARED_ROW),
        SHARED: [f'{HEAD}{ENTITIES}<sst xmlns="{MAIN}"><si><t>&j;</t></si></sst>'],
    },
)
xlsx_bomb(
    "xlsx, 390 MB of blanks", lambda: {SHEET: around(HEAD, repeated(" ", 390 << 20, 1 << 20), "")}
)
xlsx_bomb(
    "xlsx, 99 MB of blanks",
    lambda: {
        SHEET: around(
            *(lambda s: (s[0] + HEADER_ROW, repeated(" ", 99 << 20, 1 << 20), s[2]))(sheet(""))
        )
    },
)
xlsx_bomb(
    "xlsx, a cell of 99 MB",
    lambda: {
        SHEET: around(
            *(
                lambda s: (
                    f"{s[0]}{HEADER_ROW}{FIRST_ROW[:-26]}",
                    repeated("a", 99 << 20, 1 << 20),
                    FIRST_ROW[-26:] + s[2],
                )
            )(sheet(""))
        )
    },
)
xlsx_bomb(
    "xlsx, ten parts of 50 MB",
    lambda: {f"xl/x{n}.xml": repeated("\0", 50 << 20, 1 << 20) for n in range(10)},
)
xlsx_bomb(
    "xlsx, 12 million shared strings",
    lambda: {
        SHEET: sheet(HEADER_ROW + SHARED_ROW),
        SHARED: around(SST, repeated("<si><t>x</t></si>", 12_000_000), "</sst>"),
    },
)
xlsx_bomb(
    "xlsx, a million shared strings",
    lambda: {
        SHEET: sheet(HEADER_ROW + SHARED_ROW),
        SHARED: around(SST, repeated("<si><t>x</t></si>", 1_000_000), "</sst>"),
    },
)
xlsx_bomb(
    "xlsx, a shared string of many runs",
    lambda: {
        SHEET: sheet(HEADER_ROW + SHARED_ROW.replace("5", "0")),
        SHARED: around(f"{SST}<si>", repeated("<r><t>x</t></r>", 1_200_000), "</si></sst>"),
    },
)
xlsx_bomb(
    "xlsx, one long string in 100 000 rows",
    lambda: {
        SHEET: around(
            sheet("")[0] + HEADER_ROW,
            (f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(2, 100_000)),
            sheet("")[2],
        ),
        SHARED: [f"{SST}<si><t> ", "{a|b} " * 30_000, " </t></si></sst>"],
    },
)
xlsx_bomb("xlsx, rows within rows", lambda: {SHEET: sheet("<row>" * 400_000 + "</row>" * 400_000)})
xlsx_bomb(
    "xlsx, unknown elements", lambda: {SHEET: sheet("".join(f"<e{n}/>" for n in range(2_000_000)))}
)
xlsx_bomb(
    "xlsx, unknown attributes",
    lambda: {
        SHEET: sheet(
            "".join(
                f'<row a{n}="" b{n}="" c{n}="" d{n}="" e{n}="" f{n}=""/>' for n in range(600_000)
            )
        )
    },
)
xlsx_bomb(
    "xlsx, a tag of 50 MB",
    lambda: {
        SHEET: sheet(f"<row {''.join(f'a{n}=' + chr(34) * 2 + ' ' for n in range(4_000_000))}/>")
    },
)
xlsx_bomb(
    "xlsx, an attribute of 90 MB", lambda: {SHEET: sheet('<row x="' + "a" * (90 << 20) + '"/>')}
)
xlsx_bomb("xlsx, a comment of 90 MB", lambda: {SHEET: sheet("<!--" + "a" * (90 << 20) + "-->")})
xlsx_bomb(
    "xlsx, 4 million cells",
    lambda: {SHEET: sheet(HEADER_ROW + ("<row>" + "<c><v>1</v></c>" * 100 + "</row>") * 40_000)},
)
xlsx_bomb(
    "xlsx, a million cells",
    lambda: {
        SHEET: sheet(HEADER_ROW + ("<row>" + "<c><v>123456.5</v></c>" * 10 + "</row>") * 99_999)
    },
)
xlsx_bomb(
    "xlsx, 2 million rows",
    lambda: {SHEET: sheet(HEADER_ROW + "<row><c><v>1</v></c></row>" * 990_000)},
)
xlsx_bomb(
    "xlsx, cells at the end of the world",
    lambda: {
        SHEET: sheet(
            HEADER_ROW
            + "".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(2, 90_000))
        )
    },
)
xlsx_bomb(
    "xlsx, many merged cells",
    lambda: {
        SHEET: sheet(
            HEADER_ROW + "".join(f'<row r="{n}"><c><v>1</v></c></row>' for n in range(2, 90_000)),
            after=f"<mergeCells>{'<mergeCell ref=' + chr(34) + 'A1:A1048576' + chr(34) + '/>'}" * 1
            + '<mergeCell ref="A2:A1048576"/>' * 100_000
            + "</mergeCells>",
        )
    },
)
xlsx_bomb(
    "xlsx, 1.5 million styles",
    lambda: {
        STYLES: around(
            f'<styleSheet xmlns="{MAIN}"><cellXfs>',
            repeated('<xf numFmtId="0"/>', 1_500_000),
            "</cellXfs></styleSheet>",
        )
    },
)
xlsx_bomb(
    "xlsx, a million number formats",
    lambda: {
        STYLES: [
            f'<styleSheet xmlns="{MAIN}"><numFmts>',
            "".join(f'<numFmt numFmtId="{n}" formatCode="{"0" * 50}"/>' for n in range(1_000_000)),
            "</numFmts></styleSheet>",
        ]
    },
)
xlsx_bomb(
    "xlsx, 300 000 defined names",
    dict,
    lambda: (
        "<definedNames>"
        + "".join(f'<definedName name="n{n}">A1</definedName>' for n in range(300_000))
        + "</definedNames>"
    ),
)
xlsx_bomb(
    "xlsx, 500 000 sheets",
    dict,
    lambda: (
        "<sheets>"
        + "".join(f'<sheet name="S{n}" sheetId="{n + 1}" r:id="rId1"/>' for n in range(500_000))
        + "</sheets>"
    ),
)


@bomb("xlsx, 200 000 parts")
def _(folder: Path) -> list[str]:
    xlsx(folder / "bomb.xlsx", {f"{n}": () for n in range(200_000)})
    return ["bomb.xlsx"]


@bomb("xlsx, a part that lies about its size")
def _(folder: Path) -> list[str]:
    path = folder / "bomb.xlsx"
    xlsx(path, {SHEET: around(HEAD, repeated("a", 300 << 20, 1 << 20), "")})
    data = bytearray(path.read_bytes())
    place = data.find(b"PK\1\2")
    while place >= 0:
        if SHEET.encode() in data[place : place + 100]:
            data[place + 20 : place + 28] = data[place + 20 : place + 24] + struct.pack("<I", 1000)
        place = data.find(b"PK\1\2", place + 4)
    path.write_bytes(data)
    return ["bomb.xlsx"]


for _name, _kind in (("bzip2", zipfile.ZIP_BZIP2), ("LZMA", zipfile.ZIP_LZMA)):

    def _compressed(folder: Path, kind: int = _kind) -> list[str]:
        xlsx(
            folder / "bomb.xlsx",
            {SHEET: around(HEAD, repeated(" ", 300 << 20, 1 << 20), "")},
            compression=kind,
        )
        return ["bomb.xlsx"]

    BOMBS[f"xlsx, packed with {_name}"] = _compressed


# Tables
# ----------------------------------------------------------------------

MB = 2**20
text_bomb(
    "csv, 100 000 rows, nothing wrong",
    ".csv",
    lambda: ["prompt,seed,steps\n", *(f"p{n},{n},4\n" for n in range(99_999))],
    "--kind",
    "image",
)
text_bomb("csv, 50 MB of commas", ".csv", ["prompt\n", *["," * MB] * 50])
text_bomb("csv, 30 MB of commas", ".csv", ["prompt\n", *["," * MB] * 30])
text_bomb("csv, 30 MB of commas in the header", ".csv", ["prompt", *["," * MB] * 30, "\nx\n"])
text_bomb("csv, lines of a million commas", ".csv", ["prompt\n", *["," * 1_000_000 + "\n"] * 30])
text_bomb(
    "csv, a header of 200 000 columns",
    ".csv",
    lambda: [",".join(f"c{n}" for n in range(200_000)), "\nx\nx\n"],
)
text_bomb(
    "csv, rows of 255 columns",
    ".csv",
    lambda: [
        ",".join(["prompt", *(f"c{n}" for n in range(254))]),
        "\n",
        *[",".join("x" * 255) + "\n"] * 60_000,
    ],
)
text_bomb("csv, a row of 30 MB in quotes", ".csv", ["prompt\n", *['"ab\n",' * 150_000] * 30])
text_bomb("csv, 5 million quotes", ".csv", ["prompt\n", '"' * 5_000_001, "\n"])
text_bomb(
    "csv, quotes that open and open",
    ".csv",
    ["prompt,seed\n", *['"open,1\nx,"2\n"y" z,3\nfine,4\n' * 1000] * 900],
)
text_bomb(
    "csv, one quote that never closes",
    ".csv",
    ["prompt,seed\n", '"open,1\n', *["a cat,1\n" * 1000] * 90],
)
text_bomb("csv, odd quotes over one column", ".csv", ["prompt\n", *['"a"b"\n' * 1000] * 5000])
text_bomb(
    "csv, 99 MB of Latin-1", ".csv", [b"prompt\n", *[b"caf\xe9 na\xefve " * 1000 + b"\n"] * 9000]
)
text_bomb(
    "csv, 31 MB of Latin-1", ".csv", [b"prompt\n", *[b"caf\xe9 na\xefve " * 1000 + b"\n"] * 2800]
)
text_bomb(
    "csv, 31 MB of bytes above 127",
    ".csv",
    lambda: [
        b"prompt\n",
        *[bytes(random.Random(n).choices(range(128, 256), k=MB)) for n in range(31)],
    ],
)
text_bomb(
    "csv, one rare letter in each of 90 000 rows",
    ".csv",
    ["prompt\n", *[("x" * 340 + "😀\n") * 1000] * 90],
)
text_bomb(
    "csv, 100 000 models that are not there",
    ".csv",
    lambda: ["prompt,model\n", *(f"p,m{n}\n" for n in range(99_999))],
    "--kind",
    "image",
)
text_bomb(
    "csv, 100 000 wrong rows",
    ".csv",
    lambda: ["prompt,steps,nothing\n", *(f"p,x{n},{n}\n" for n in range(99_999))],
    "--kind",
    "image",
)

# Lines and JSON
# ----------------------------------------------------------------------

text_bomb("txt, 1 GB of NUL", ".txt", (b"\0" * MB for _ in range(1024)))
text_bomb("txt, a line of 31 MB", ".txt", [b"a" * MB] * 31)
text_bomb("txt, 31 MB of empty lines", ".txt", [b"\n" * MB] * 31 + [b"x"])
text_bomb("txt, 31 MB in one block", ".txt", [b"---\n", *[b"x\n" * (MB // 2)] * 31, b"---\n"])
text_bomb("txt, a million marks on one letter", ".txt", ["a", "\u0301" * 900_000, "\n"])
text_bomb(
    "txt, A1111's quotes",
    ".txt",
    [
        '--prompt "',
        '\\"' * 400_000,
        "\n--prompt ",
        "'" * 300_000,
        "\n",
        "--" * 400_000,
        "\n",
        "--prompt x",
        " --a" * 200_000,
    ],
)
text_bomb(
    "txt, tags that do not close",
    ".txt",
    [
        "<lora:" * 160_000,
        "\n",
        "<lora:a" * 140_000,
        "\n",
        "(a:" * 300_000,
        "\n",
        "(" * 900_000,
        "\n",
        "<" + " " * 900_000,
    ],
    "--kind",
    "image",
)
text_bomb(
    "txt, 100 000 tags",
    ".txt",
    lambda: (f"a cat <lora:x{n}:1> <hypernet:y{n}:1> (a:1.{n})\n" for n in range(99_999)),
    "--kind",
    "image",
)
text_bomb("json, 100 000 brackets", ".json", ["[" * 100_000, "]" * 100_000])
text_bomb("json, 15 million lists", ".json", ["[", *["[]," * 100_000] * 90, "[]]"])
text_bomb(
    "json, a list of 9 million lists",
    ".json",
    ['[{"prompt":"x","y":[', *["[]," * 100_000] * 90, "[]]}]"],
)
text_bomb(
    "json, 30 rows with 300 000 lists each",
    ".json",
    ["[", *['{"prompt":"x","y":[' + "[]," * 300_000 + "[]]},"] * 30, '"x"]'],
)
text_bomb(
    "json, 90 000 rows with a table each",
    ".json",
    ["[", *['{"prompt":"x","y":' + '[{"a":[]},{},{},{},{},{},{},{}]' + "},"] * 90_000, '"x"]'],
)
text_bomb(
    "json, an integer of a million digits",
    ".json",
    ['[{"prompt":"x","seed":', "9" * 1_000_000, "}]"],
)
text_bomb("json, 31 MB of blanks", ".json", ["[", *[" \n" * (MB // 2)] * 31, '"x"]'])
text_bomb(
    "jsonl, tables within tables",
    ".jsonl",
    [('{"prompt":' + "[" * 90_000 + "]" * 90_000 + "}\n") * 50, '{"prompt":"ok"}\n'],
)
text_bomb(
    "jsonl, 30 rows with 300 000 numbers each",
    ".jsonl",
    ['{"prompt":"x","y":[' + "1000," * 190_000 + "0]}\n"] * 30,
)
text_bomb(
    "jsonl, 30 rows with 60 000 names each",
    ".jsonl",
    lambda: ["{" + "".join(f'"n{n}":{n},' for n in range(60_000)) + '"prompt":"x"}\n'] * 30,
)

# The grammar
# ----------------------------------------------------------------------

text_bomb(
    "grammar, braces",
    ".txt",
    ["{" * 300_000, "\n", "{a|" * 30_000, "\n", "{a|b}" * 60_000, "\n", "{|}" * 300_000, "\n"],
)
text_bomb(
    "grammar, 100 000 rows of alternatives",
    ".txt",
    ["{a|b} {c|d} {e|{f|g}} {h|i|j|k} [1..1] cat\n" * 1000] * 99,
)
text_bomb("grammar, 31 MB of alternatives", ".txt", [("{a|b}" * 4_000 + "\n") * 20] * 80)
text_bomb(
    "grammar, blanks and brackets",
    ".txt",
    [
        "\\" * 900_000,
        "{\n",
        "__" * 400_000,
        "\n",
        "{{" * 400_000,
        "\n",
        "$" * 900_000,
        "\n[",
        " " * 900_000,
        "\n{{",
        " " * 400_000,
        "x\n",
        "[ " * 450_000,
        "\n",
        "{{ a " * 180_000,
        "\n",
        "__a" * 300_000,
        "\n",
        "${a" * 300_000,
        "\n",
        "\\ " * 400_000,
        "$\n",
    ],
)
text_bomb(
    "grammar, sweeps",
    ".txt",
    [
        "[1..1000000000000]\n[1..100000][1..100000]\n[0..1 step 0.000000000000001]\n",
        "[1..99999]" * 50_000,
        "\n",
    ],
)
text_bomb("grammar, 100 rows of sweeps", ".txt", ["[1..99999]\n"] * 100)
text_bomb("grammar, a sweep over 20 000 choices", ".txt", ["{|}" * 6_000, " [1..50000]\n"])
text_bomb(
    "grammar, numbers of 900 000 digits", ".txt", ["[", "9" * 900_000, "..", "9" * 50_000, "]\n"]
)
text_bomb(
    "grammar, names that double",
    ".txt",
    ["$a\n"],
    *(part for n in range(7) for part in ("--set", f"{chr(97 + n)}=${chr(98 + n)}${chr(98 + n)}")),
    "--set",
    f"h={'x' * 100_000}",
)
text_bomb(
    "template, a column of 900 000 letters 3000 times",
    ".csv",
    ["topic\n", "x" * 900_000, "\n"],
    "--template",
    "{{topic}}" * 3_000,
)
text_bomb(
    "template, 90 000 rows with 100 kB each",
    ".csv",
    ["topic\n", "x\n" * 90_000],
    "--template",
    "{{topic}}" + "y" * 100_000,
)
text_bomb(
    "template, 90 000 rows with 10 000 columns each",
    ".csv",
    ["topic\n", ".\n" * 90_000],
    "--template",
    "{{topic}}" * 10_000,
)
text_bomb(
    "axes, a million cells",
    ".csv",
    ["prompt\nx\n"],
    "--axis",
    "steps=[1..500]",
    "--axis",
    "seed=[1..1000]",
    "--axis",
    "guidance=[1..20 step 0.1]",
)
text_bomb(
    "axes, 1000 cells of 10 000 choices",
    ".txt",
    ["{a|b}" * 6_000, "\n"],
    "--axis",
    "seed=[1..1000]",
    "--axis",
    "max_new_tokens=[1..90]",
)
text_bomb(
    "set, a text of 100 kB 50 000 times", ".txt", ["$a\n" * 50_000], "--set", "a=" + "x" * 100_000
)


@bomb("wildcards, one of 500 MB and 40 of 20 MB")
def _(folder: Path) -> list[str]:
    (folder / "wildcards").mkdir()
    for name, lines in (("big", 250_000_000), *((f"w{n}", 10_000_000) for n in range(40))):
        with (folder / f"wildcards/{name}.txt").open("wb") as file:
            for _ in range(lines // 1_000_000):
                file.write(b"x\n" * 1_000_000)
    (folder / "bomb.txt").write_text("__big__\n" + "".join(f"__w{n}__\n" for n in range(40)))
    return ["bomb.txt"]


@bomb("wildcards, 60 of 100 000 lines")
def _(folder: Path) -> list[str]:
    (folder / "wildcards").mkdir()
    for n in range(60):
        (folder / f"wildcards/w{n}.txt").write_text(
            "".join(f"a line {n} {m}\n" for m in range(99_999))
        )
    (folder / "bomb.txt").write_text("".join(f"__w{n}__\n" for n in range(60)))
    return ["bomb.txt"]


@bomb("wildcards, ten times ten, nine deep")
def _(folder: Path) -> list[str]:
    (folder / "wildcards").mkdir()
    for n in range(9):
        (folder / f"wildcards/e{n}.txt").write_text(
            (f"__e{n + 1}__" * 10 + "\n") * 10 if n < 8 else "x\n"
        )
    (folder / "bomb.txt").write_text("__e0__\n__e1__\n__e3__\n")
    return ["bomb.txt"]


@bomb("folder, 100 000 files")
def _(folder: Path) -> list[str]:
    (folder / "prompts").mkdir()
    for n in range(30_000):
        (folder / f"prompts/{n}.txt").write_text("x")
    return ["prompts"]


@bomb("folder, 40 files of 31 MB")
def _(folder: Path) -> list[str]:
    (folder / "prompts").mkdir()
    for n in range(40):
        (folder / f"prompts/{n}.txt").write_bytes(b"x" * 31 * MB)
    return ["prompts"]


def defaults_bomb(name: str, text: Callable[[], str]) -> None:
    def make(folder: Path) -> list[str]:
        (folder / "bomb.txt").write_text("x\n")
        (folder / "bomb.toml").write_text(text())
        return ["bomb.txt", "--defaults", "bomb.toml"]

    BOMBS[name] = make


defaults_bomb("defaults, 100 000 brackets", lambda: "a=" + "[" * 100_000)
defaults_bomb("defaults, 300 brackets", lambda: "a=" + "[" * 300 + "]" * 300)
defaults_bomb("defaults, a name of 100 000 parts", lambda: ".".join("a" * 100_000) + "=1")
defaults_bomb(
    "defaults, a name of 20 000 parts, often",
    lambda: "".join(f"{'a.' * 2_000}b{n}=1\n" for n in range(100)),
)
defaults_bomb("defaults, 60 MB of names", lambda: "".join(f"n{n}=1\n" for n in range(5_000_000)))


def measure(name: str, folder: Path) -> tuple[float, float, int, str]:
    """Make one bomb and read it; return CPU seconds, megabytes, the exit code and the last line of
    what it said.
    """
    place = folder / "bomb"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    made = subprocess.run(
        [sys.executable, "-m", "benchmarks.batch_bombs", "--make", name, "--folder", place],
        check=True,
        capture_output=True,
        text=True,
    )
    arguments = made.stdout.split("\0")
    command = ["prlimit", f"--as={_ADDRESS_SPACE}"] if shutil.which("prlimit") else []
    command += [
        sys.executable,
        "-m",
        "studio",
        "--fake",
        "--data-dir",
        str(folder / "data"),
        "batch",
        *arguments,
        "--check",
    ]
    with (folder / "err").open("w+") as errors, (folder / "out").open("w") as output:
        child = subprocess.Popen(
            command,
            cwd=place,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        deadline = time.monotonic() + _LIMIT_SECONDS
        while True:
            done, status, usage = os.wait4(child.pid, os.WNOHANG)
            if done:
                break
            if time.monotonic() > deadline:
                child.kill()
                _done, status, usage = os.wait4(child.pid, 0)
                break
            time.sleep(0.02)
        child.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        said = errors.read().strip()
    last = "Traceback: " * ("Traceback" in said) + (said.splitlines() or [""])[0]
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, child.returncode, last


def run(folder: Path, names: Iterable[str]) -> list[tuple[str, float, float, int, str]]:
    """Measure these bombs and print each."""
    found = []
    for name in names:
        cpu, megabytes, code, said = measure(name, folder)
        found.append((name, cpu, megabytes, code, said))
        bad = (
            cpu > CPU_SECONDS
            or megabytes > MEGABYTES
            or code not in (0, 2)
            or said.startswith("Traceback")
        )
        sys.stdout.write(
            f"| {name} | {cpu:.1f} s | {megabytes:.0f} MB | {code} | {said[:90]} |{' <<<' * bad}\n"
        )
        sys.stdout.flush()
    return found


def main() -> int:
    """Measure and print; exit code 1 where a limit is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="names that begin so")
    parser.add_argument("--make", default="", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, default=None, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.make:
        sys.stdout.write("\0".join(BOMBS[wanted.make](wanted.folder)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        found = run(Path(folder), [name for name in BOMBS if name.startswith(wanted.only)])
    most_cpu, most = max(row[1] for row in found), max(row[2] for row in found)
    fine = all(row[3] in (0, 2) and not row[4].startswith("Traceback") for row in found)
    report(
        "hostile batch files, CPU seconds at most",
        f"<= {CPU_SECONDS:g}",
        most_cpu,
        fine and most_cpu <= CPU_SECONDS,
        files=len(found),
    )
    report("hostile batch files, MB at most", f"<= {MEGABYTES}", most, fine and most <= MEGABYTES)
    return 0 if fine and most_cpu <= CPU_SECONDS and most <= MEGABYTES else 1


if __name__ == "__main__":
    sys.exit(main())
