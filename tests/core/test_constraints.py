"""JSON schemas, expressions and choices as fields of a request, from values of every source."""

import pytest

from studio.core.errors import InvalidRequestError
from studio.core.kinds import KINDS
from studio.core.requests import TextRequest, build_request, resolve_files
from studio.core.requests.json_schema import schema_problem

SCHEMA = '{"type": "object"}'


def problem(**values):
    with pytest.raises(InvalidRequestError) as caught:
        build_request(TextRequest, {"prompt": "a cat", **values})
    (found,) = caught.value.problems
    return found.field, found.message


def test_a_request_has_one_constraint_at_most():
    assert problem(regex="a", choices="a, b") == ("choices", "cannot be used with regex")
    assert TextRequest(prompt="a", regex="a").constraint == "regex"
    assert TextRequest(prompt="a").constraint == ""


def test_beams_are_free():
    assert problem(regex="a", num_beams=2) == ("regex", "cannot be used with beams")


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ("{", "is not JSON: line 1, column 2"),
        ("[1]", "must be a JSON object"),
        ("[" * 100_000, "is not JSON that can be read"),
        ("1" * 5_000, "is not JSON that can be read"),
    ],
)
def test_a_schema_is_a_json_object(schema, message):
    assert schema_problem(schema) == message
    assert problem(json_schema=schema) == ("json_schema", message)
    assert schema_problem(SCHEMA) == ""


def test_the_text_of_a_file_takes_its_place(tmp_path):
    (tmp_path / "cat.json").write_text("\ufeff" + SCHEMA, encoding="utf-8")

    def schema(value):
        return resolve_files(TextRequest, {"json_schema": value}, tmp_path)["json_schema"]

    assert schema("cat.json") == schema(str(tmp_path / "cat.json")) == SCHEMA
    assert schema(SCHEMA) == SCHEMA
    assert schema({"type": "object"}) == SCHEMA  # a batch file of JSON holds it as it is
    assert schema("") == ""


@pytest.mark.parametrize("name", ["missing.json", "", "latin.json"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, name):
    (tmp_path / "latin.json").write_bytes(b'{"title": "\xe9"}')
    with pytest.raises(InvalidRequestError) as caught:
        resolve_files(TextRequest, {"json_schema": name or str(tmp_path)}, tmp_path)
    (found,) = caught.value.problems
    assert found.field == "json_schema"
    assert "cannot be read: " in found.message


def test_no_other_kind_has_constraints():
    assert [
        name for name, kind in KINDS.items() if "regex" in kind.request_type.__struct_fields__
    ] == ["text"]
