"""Adapters as a request names them."""

from __future__ import annotations

import pytest

from studio.core.errors import InvalidRequestError
from studio.core.requests import ImageRequest, build_request
from studio.core.requests.adapter_list import AdapterChoice, read, write


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("", ()),
        (" , ", ()),
        ("pixel", (AdapterChoice("pixel", 1.0),)),
        ("pixel:0.8, grain : -0.5", (AdapterChoice("pixel", 0.8), AdapterChoice("grain", -0.5))),
        ("a:b:0.5", (AdapterChoice("a:b", 0.5),)),
        ("v1.5-look:1e-1", (AdapterChoice("v1.5-look", 0.1),)),
    ],
)
def test_adapter_lists_are_parsed(text, chosen):
    assert read(text) == chosen
    assert read(write(chosen)) == chosen


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("pixel:much", "must be a number"),
        ("pixel:", "must be a number"),
        (":0.5", "a name, a colon"),
        ("pixel:nan", "a name, a colon"),
        ("pixel:11", "from -10 to 10"),
        ("pixel:0.5, pixel", "pixel twice"),
        (",".join(f"a{number}" for number in range(17)), "at most 16"),
    ],
)
def test_errors_explain_invalid_adapter_lists(text, sentence):
    with pytest.raises(InvalidRequestError) as caught:
        ImageRequest(prompt="x", adapters=text)
    (problem,) = caught.value.problems
    assert problem.field == "adapters"
    assert sentence in problem.message


def test_several_lists_are_merged():
    request = build_request(ImageRequest, {"prompt": "x", "adapters": ["pixel:0.8", "grain"]})
    assert request.adapters == "pixel:0.8, grain"
    assert build_request(ImageRequest, {"prompt": "x", "adapters": []}).adapters == ""


def test_jobs_with_other_adapters_do_not_run_together():
    one, other = (ImageRequest(prompt="x", adapters=text) for text in ("pixel:0.8", "pixel:0.5"))
    assert one.batch_key != other.batch_key
    assert ImageRequest(prompt="x", control_image="a.png").batch_key is None
