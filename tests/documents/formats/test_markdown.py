"""Markdown to blocks and back."""

import hypothesis
import hypothesis.strategies as st
import pytest

from studio.documents.formats.blocks import Code, Heading, Item, Paragraph, Run, Table, plain
from studio.documents.formats.markdown.parse import MAX_INLINE, parse_markdown, parse_plain
from studio.documents.formats.markdown.render import render_markdown
from tests.documents.formats.samples import MARKDOWN


def test_every_kind_of_block_is_read():
    blocks = parse_markdown(MARKDOWN)
    assert blocks[0] == Heading(1, (Run("标题与章节"),))
    assert Run("both", bold=True, italic=True) in blocks[1].runs
    assert Run("the page", link="https://example.org/a") in blocks[1].runs
    items = [block for block in blocks if isinstance(block, Item)]
    assert [(item.level, item.number) for item in items] == [
        (0, 1),
        (0, 2),
        (1, None),
        (1, None),
        (0, 3),
        (0, None),
        (0, None),
    ]
    assert Paragraph((Run("more of it"),), 0, 2) in blocks
    assert Code('if a < b & c:\n    print("**no**")', "python") in blocks
    (table,) = (block for block in blocks if isinstance(block, Table))
    assert [[plain(cell) for cell in row] for row in table.rows] == [
        ["Name", "数量"],
        ["apples | pears", "3"],
        ["苹果", "4"],
    ]


def test_blocks_are_written_as_the_text_that_they_were_read_from():
    blocks = parse_markdown(MARKDOWN)
    text, starts = render_markdown(blocks)
    assert parse_markdown(text) == blocks
    assert render_markdown(parse_markdown(text))[0] == text
    assert len(starts) == len(blocks)
    assert text[starts[-2] :].startswith("snake")


@pytest.mark.parametrize(
    "text",
    ["**结论：**今天下雨", "他说**“你好”**然后走了", "**「甲」**和**乙。**丙"],
)
def test_bold_next_to_chinese_punctuation(text):
    (block,) = parse_markdown(text)
    assert "*" not in plain(block.runs)
    assert any(run.bold for run in block.runs)
    assert any(not run.bold for run in block.runs)


def test_line_breaks_that_are_meant_are_kept():
    (poem,) = parse_markdown("Roses are red,\nviolets are blue.")
    assert plain(poem.runs) == "Roses are red,\nviolets are blue."
    wrapped = "\n".join(
        [
            "A text that an editor has wrapped at a width of seventy-two columns, as",
            "mail programs and version control do it, is one paragraph whose lines",
            "continue each other.",
        ]
    )
    (paragraph,) = parse_markdown(wrapped)
    assert plain(paragraph.runs) == wrapped.replace("\n", " ")


def test_html_stays_text_and_images_are_described():
    (block,) = parse_markdown('<script>alert(1)</script> ![a cat](file:///etc/passwd "t")')
    assert plain(block.runs) == "<script>alert(1)</script> a cat"
    (link,) = parse_markdown("[x](javascript:alert(1))")
    assert not any(run.link for run in link.runs)


def test_a_paragraph_of_two_million_characters():
    text = "word *a* [" * 200_000
    (block,) = parse_markdown(text)
    assert len(plain(block.runs)) > MAX_INLINE
    assert render_markdown([block])[0].count("word") == 200_000


def test_deep_nesting():
    stairs = "\n".join("  " * level + f"- x{level}" for level in range(60))
    for text in ("> " * 5_000 + "x", "- " * 5_000 + "x", stairs, "[" * 50_000, "*a " * 30_000):
        assert sum(len(plain(block.runs)) for block in parse_markdown(text + " end")) >= 5
        assert "end" in plain(parse_markdown(text + " end")[-1].runs)


def test_plain_text_keeps_its_marks():
    assert parse_plain("# no *heading*\nline\n\n\n- none") == [
        Paragraph((Run("# no *heading*\nline"),)),
        Paragraph((Run("- none"),)),
    ]


_WORDS = st.text(
    st.sampled_from(list("ab: *_`[]()<>#&;!~|\\-+=1.中。“")), min_size=1, max_size=12
).map(lambda text: " ".join(text.split()) or "x")


@hypothesis.given(st.lists(_WORDS, min_size=1, max_size=6))
@hypothesis.settings(max_examples=300, deadline=None)
def test_any_text_survives_as_paragraph(words):
    blocks = [Paragraph((Run(word),)) for word in words]
    text, _starts = render_markdown(blocks)
    assert parse_markdown(text) == blocks
