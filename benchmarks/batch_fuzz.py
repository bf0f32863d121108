"""Generated batch files: each is understood, or refused in a sentence; none makes a traceback, a
guessed row or a path outside.

python -m benchmarks.batch_fuzz --files 10000
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from benchmarks.measure import report
from studio.batch.expand import COMBINE
from studio.batch.output.collected import FORMATS
from studio.batch.plan import plan, read_batch
from studio.batch.seeds import POLICIES
from studio.core.errors import StudioError
from studio.core.kinds import KINDS
from studio.core.requests import fields
from studio.models.card import fake_card

OTHER_NAMES = (
    "Prompt",
    "Negative Prompt",
    "CFG Scale",
    "Sampler",
    "Topic",
    "max_tokens",
    "Kind",
    " seed ",
)
"""As people and other programs name columns."""
FLAGS = sorted(
    {
        name
        for kind in KINDS.values()
        for info in fields(kind.request_type)
        for name in (info.name, info.flag)
    }
    | {"kind"}
)
PIECES = (
    "a cat",
    "北京",
    "=cmd()",
    '"',
    "'",
    '""',
    "\\",
    "{a|b}",
    "{a|{b|c}}",
    "{",
    "}",
    "|",
    "$x",
    "${x}",
    "$",
    "__animal__",
    "__../x__",
    "[1..3]",
    "[1..3 step 0]",
    "[9..1 step 2]",
    "[",
    "{{topic}}",
    "{{",
    "}}",
    "\t",
    ",",
    ";",
    "\r",
    "\0",
    "\x1b",
    "\u2028",
    "\u202e",
    "\ufeff",
    "\ud7ff",
    "# no",
    "---",
    "--prompt",
    "--steps 4",
    "--seed -1",
    "-1",
    "0",
    "7",
    "1e9",
    "nan",
    "inf",
    "99999999999999",
    "64",
    "0.5",
    "true",
    "null",
    "image",
    "text",
    "../../etc",
    "CON",
    "x" * 300,
    "😀",
    "é",
    "",
    "<lora:a:0.8>",
    "<lyco:b>",
    "<hypernet:c:1>",
    "<lora:",
    "(a:1.3)",
    "knight's",
    '\\"',
    "--negative_prompt",
    "'",
    "_x000D_",
    "_x0041_",
    "\u00a0",
    " ",
    "3,5",
    "5.0",
    "50%",
    "-1.0",
    "sep=;",
    "\r\n",
    "{{ ",
    "[ [",
    "\u2212 1",
    "１２",
)
BOOK_PIECES = tuple(piece for piece in PIECES if not set(piece) & {"\0", "\x1b"})
TEMPLATES = (
    "",
    "on {{topic}}",
    "{{topic}} in {{city}} $x",
    "{{prompt}}",
    "{{topic",
    "{a|{{topic}}}",
    "[1..2] {{topic}}",
    "{a",
)
NAMES = (
    "{row:04}-{prompt:40}",
    "{topic}",
    "{row}",
    "../{row}",
    "{nothing}",
    "{prompt}{seed}{model}{kind}",
    "{",
    "con",
    "x",
)
AXES = (
    "steps=1,2",
    "guidance=[1..2]",
    "x=a|b",
    "seed=1,2",
    "prompt=a {b|c}|d",
    "steps",
    "a=1,1",
    "nothing=1",
    "width=[1..9999]",
)

cells = st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=4).map("".join)
names = st.sampled_from([*FLAGS, *OTHER_NAMES, "topic", "topic", "city", "city"])
columns = st.one_of(
    st.lists(names, max_size=3, unique=True).map(
        lambda more: ["prompt", *(name for name in more if name != "prompt")]
    ),
    st.lists(
        st.sampled_from([*FLAGS, *OTHER_NAMES, "prompt", "topic", "", "prompt "]),
        min_size=1,
        max_size=5,
    ),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | cells,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*FLAGS, "topic"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    header = draw(columns)
    width = draw(st.sampled_from([len(header)] * 3 + [len(header) + 1]))
    rows = draw(st.lists(st.lists(cells, min_size=1, max_size=width), min_size=1, max_size=5))
    above = draw(st.sampled_from([[]] * 4 + [[["My table"]], [[""], ["", "a title"]], [["sep=;"]]]))
    beside = draw(st.sampled_from([0, 0, 0, 1]))
    return [[""] * beside + row for row in [*above, header, *rows]]


def as_csv(table: list[list[str]], delimiter: str, quoted: bool, end: str = "\n") -> str:
    if not quoted:
        return end.join(delimiter.join(row) for row in table)
    output = io.StringIO(newline="")
    csv.writer(output, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator=end).writerows(
        table
    )
    return output.getvalue()


def as_book(table: list[list[str]]) -> bytes:
    import openpyxl
    from openpyxl.utils.exceptions import IllegalCharacterError

    book = openpyxl.Workbook()
    for row in table:
        try:
            book.active.append(row)
        except (IllegalCharacterError, ValueError):  # what no program can put into a spreadsheet
            continue
    output = io.BytesIO()
    book.save(output)
    return output.getvalue()


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, str]:
    """(suffix, text)."""
    suffix = draw(st.sampled_from(["txt", "csv", "tsv", "jsonl", "json", "ndjson"]))
    if suffix == "txt":
        return suffix, draw(st.sampled_from(["\n", "\r\n", "\r"])).join(
            draw(st.lists(cells, max_size=8))
        )
    if suffix in ("csv", "tsv"):
        delimiter = "\t" if suffix == "tsv" else draw(st.sampled_from(",;\t|"))
        return suffix, as_csv(
            draw(tables()),
            delimiter,
            draw(st.booleans()),
            draw(st.sampled_from(["\n", "\r\n", "\r"])),
        )
    row = st.one_of(
        values,
        st.dictionaries(names, cells, max_size=3).map(lambda more: {"prompt": "a $x", **more}),
    )
    rows = [
        json.dumps(value, ensure_ascii=draw(st.booleans()))
        for value in draw(st.lists(row, max_size=5))
    ]
    return suffix, "\n".join(rows) if suffix != "json" else f"[{', '.join(rows)}]"


@st.composite
def files(draw: st.DrawFn) -> tuple[str, bytes]:
    """(suffix, content): whole, in any encoding, or damaged."""
    how = draw(st.integers(0, 9))
    if how == 0:
        return draw(st.sampled_from(["txt", "csv", "json", "jsonl", "xlsx", "xyz"])), draw(
            st.binary(max_size=300)
        )
    if how == 1:
        header, *rows = draw(tables())
        suffix, data = (
            "xlsx",
            as_book([header, *([draw(st.sampled_from(BOOK_PIECES)), *row] for row in rows)]),
        )
    else:
        suffix, text = draw(texts())
        encoding = draw(
            st.sampled_from(
                ["utf-8"] * 5 + ["utf-8-sig", "utf-16", "gb18030", "cp1252", "shift_jis"]
            )
        )
        data = text.encode(encoding, errors="replace")
    if data and draw(st.integers(0, 4)) == 0:
        # Not an index: a spreadsheet holds the time, so that it is not always as long.
        place, more = (
            int(draw(st.floats(0, 1, exclude_max=True)) * len(data)),
            draw(st.binary(max_size=3)),
        )
        data = data[:place] + more + data[place + len(more) :]
    return suffix, data


def mostly(usual: object, *others: object) -> st.SearchStrategy[Any]:
    return st.sampled_from([*[usual] * (9 * len(others)), *others])


options = st.fixed_dictionaries(
    {
        "kind": mostly("text", "image", "speech", "music", "dance"),
        "template": mostly("", *TEMPLATES),
        "combine": mostly("random", *COMBINE, "both"),
        "seeds": st.sampled_from([*POLICIES]),
        "repeat": mostly(1, 0, 2, 3),
        "axes": st.one_of(*[st.just([])] * 4, st.lists(st.sampled_from(AXES), max_size=2)),
        "variables": st.one_of(
            st.just({"x": "oil"}), st.dictionaries(st.sampled_from(["x", "y"]), cells, max_size=2)
        ),
        "defaults": st.one_of(
            st.just({}),
            st.dictionaries(
                st.sampled_from([*FLAGS, "variables"]), cells | st.integers(), max_size=2
            ),
        ),
        "mapping": mostly(
            {}, {"topic": "prompt"}, {"city": ""}, {"topic": "steps"}, {"nowhere": "prompt"}
        ),
        "name_template": mostly(NAMES[0], *NAMES),
        "encoding": mostly("", "utf-8", "gb18030", "nothing"),
    }
)


def understand(
    folder: Path, file: tuple[str, bytes], wanted: dict[str, Any], tally: Counter[str]
) -> None:
    """Read and plan one file; raises for what must not be."""
    path = folder / f"fuzz.{file[0]}"
    path.write_bytes(file[1])
    tally["files"] += 1
    try:
        found = read_batch(path, lambda kind, _name: fake_card(kind), **wanted)
    except StudioError:
        tally["refused"] += 1
        return
    tally["rows"] += len(found.rows)
    tally["bad rows"] += len(found.bad)
    assert all((row.request is None) == bool(row.problems) for row in found.rows)
    assert all(row.message for row in found.bad)
    out = folder / "out"
    try:
        batch, jobs = plan(found, out, wanted["name_template"], collect=next(iter(FORMATS)))
    except StudioError:
        tally["not planned"] += 1
        return
    tally["planned"] += 1
    assert len(jobs) == len(found.good)
    assert len(batch.skipped) == len(found.bad)
    stems = [job.target.stem.lower() for job in jobs]
    assert len(set(stems)) == len(stems)
    assert all((out / f"{job.target.stem}.x").resolve().parent == out.resolve() for job in jobs)
    assert not out.exists()


def run(folder: Path, count: int) -> Counter[str]:
    """Try so many files; return what became of them. Raises the first error that must not be."""
    tally: Counter[str] = Counter()

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
        print_blob=False,
    )
    @given(file=files(), wanted=options)
    def one(file: tuple[str, bytes], wanted: dict[str, Any]) -> None:
        understand(folder, file, wanted, tally)

    one()
    return tally


def main() -> None:
    """Try them and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=10_000)
    count = parser.parse_args().files
    with tempfile.TemporaryDirectory() as folder:
        tally = run(Path(folder), count)
    report(
        "generated batch files without a traceback",
        f">= {count}",
        tally["files"],
        tally["files"] >= count,
        **tally,
    )


if __name__ == "__main__":
    main()
