"""Lists of texts in one line: what is written is read back."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.errors import InvalidRequestError
from studio.core.kinds import AnyRequest
from studio.core.requests import TextRequest, build_request
from studio.core.requests.text_lists import join_texts, split_texts


@pytest.mark.parametrize(
    ("line", "entries"),
    [
        ("", ()),
        (" , ,", ()),
        ("###", ("###",)),
        ("END, The end", ("END", "The end")),
        (r"\n\n, You:\s", ("\n\n", "You: ")),
        (r"a\,b, c\\d", ("a,b", r"c\d")),
        (r"\x, tail\ ".rstrip(), (r"\x", "tail\\")),
        ("。，完", ("。，完",)),
    ],
)
def test_lines_are_split(line, entries):
    assert split_texts(line) == entries


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1)))
def test_entries_are_read_back(entries):
    entries = [entry.replace("\r", "") or "x" for entry in entries]
    assert split_texts(join_texts(entries)) == tuple(entries)


@pytest.mark.parametrize("value", ["###, END", ["###", "END"], ("###", "END")])
def test_a_request_takes_a_line_or_a_list(value):
    request = build_request(TextRequest, {"prompt": "a", "stop": value})
    assert request.stop == ("###", "END")
    stored = msgspec.json.encode(request)
    assert msgspec.json.decode(stored, type=AnyRequest) == request


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([str(number) for number in range(17)], "more than 16"),
        ([""], "empty"),
        (["x" * 201], "more than 200"),
        (["a\0"], "valid text"),
        ([3], "a list of texts"),
        (7, "a list of texts"),
    ],
)
def test_invalid_lists_are_problems(value, words):
    with pytest.raises(InvalidRequestError) as caught:
        build_request(TextRequest, {"prompt": "a", "stop": value})
    (problem,) = caught.value.problems
    assert problem.field == "stop"
    assert words in problem.message
