"""Files that are damaged or made to do harm: read within limits, without an error."""

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.requests import ImageRequest, build_request
from studio.library.foreign.metadata import describe
from studio.library.foreign.parameters import read_parameters
from studio.library.foreign.reader import read_foreign
from studio.library.foreign.take_over import take_over
from studio.media.image_texts.collector import clean
from tests.library.foreign.test_comfyui import ANYTHING, DEFAULT
from tests.library.foreign.test_parameters import A1111
from tests.library.foreign.test_programs import (
    DRAW_THINGS,
    FOOOCUS,
    INVOKEAI,
    LABELS,
    NOVELAI_COMMENT,
    SWARM,
)
from tests.media.image_texts import image_files as files

OBJECTS = {
    "invokeai_metadata": INVOKEAI,
    "parameters": FOOOCUS,
    "Comment": NOVELAI_COMMENT,
    "prompt": DEFAULT,
}
JSON_TEXTS = [INVOKEAI, FOOOCUS, LABELS, NOVELAI_COMMENT, SWARM, SWARM["sui_image_params"],
              DRAW_THINGS, DEFAULT]  # fmt: skip


def check(metadata):
    """All that a window would do with it."""
    if metadata is None:
        return
    for name, value in describe(metadata):
        assert isinstance(name, str)
        assert clean(name + value) == name + value
    taken = take_over(metadata)
    build_request(ImageRequest, {"prompt": "-", **taken.values})


@given(st.data())
def test_any_values_in_the_objects_of_known_programs(tmp_path_factory, data):
    source = dict(data.draw(st.sampled_from(JSON_TEXTS)))
    for _ in range(data.draw(st.integers(1, 6))):
        source[data.draw(st.sampled_from(sorted(source)))] = data.draw(ANYTHING)
    keyword = data.draw(st.sampled_from([*OBJECTS, "sd-metadata", "workflow"]))
    text = json.dumps({"sui_image_params": source} if keyword == "workflow" else source)
    path = tmp_path_factory.getbasetemp() / "any.png"
    check(read_foreign(files.png(path, {keyword: text, "Software": "NovelAI"})))


@given(st.data())
def test_a_parameters_text_that_was_changed(data):
    text = A1111
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(text)))
        extra = data.draw(st.text(max_size=5) | st.sampled_from(['"', ", ", ": ", "{", "[", "\n"]))
        text = text[:place] + extra + text[place + data.draw(st.integers(0, 40)) :]
    check(read_parameters(text))


@given(st.text(max_size=300))
def test_any_text_in_any_place(tmp_path_factory, text):
    folder = tmp_path_factory.getbasetemp()
    keywords = ("parameters", "Dream", "prompt", "Description", "sd-metadata", "Software")
    safe = text.encode(errors="replace").decode()
    check(read_foreign(files.png(folder / "any.png", dict.fromkeys(keywords, safe))))
    data = files.exif({}, {0x9286: files.user_comment(safe)})
    check(read_foreign(files.jpeg(folder / "any.jpg", data)))


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-1e400", "1e400", "9" * 4_000, "9" * 5_000, "true", '"9e9"']
)
def test_numbers_that_are_none(tmp_path, number):
    names = ("seed", "steps", "cfg_scale", "width", "height", "clip_skip", "strength")
    values = ", ".join(f'"{name}": {number}' for name in names)
    text = f'{{"positive_prompt": "a cat", {values}}}'
    check(read_foreign(files.png(tmp_path / "a.png", {"invokeai_metadata": text})))


def test_control_characters_in_json_are_removed(tmp_path):
    text = json.dumps({**INVOKEAI, "positive_prompt": "a\0\ud800 cat", "rand_device": "c\0\x1b"})
    found = read_foreign(files.png(tmp_path / "a.png", {"invokeai_metadata": text}))
    check(found)
    assert found.prompt == "a cat"


def test_control_characters_are_removed(tmp_path):
    text = "a\x1b[31m cat\x07\nSteps: 5, Sampler: Euler, Seed: 1, No\x08te: b\x01"
    found = read_foreign(files.png(tmp_path / "a.png", {"parameters": text}))
    assert (found.prompt, found.others[0].value) == ("a[31m cat", "b")


LONG = 2 * 2**20 - 100
COSTLY = [
    '{"1": [' + "[]," * (LONG // 3) + "[]]}",
    '{"1": [' + "{}," * (LONG // 3) + "{}]}",
    "{" + ",".join(f'"{index}": 1' for index in range(180_000)) + "}",
]
REROUTES = {
    f"r{n}": {"class_type": "Reroute", "inputs": {"": [f"r{n + 1}", 0]}} for n in range(300)
}
LORAS = {
    f"l{n}": {
        "class_type": "LoraLoader",
        "inputs": {"ckpt_name": ["r0", 0], "lora_name": ["r0", 0], "model": [f"l{n + 1}", 0]},
    }
    for n in range(4_000)
}
SAMPLER = {**DEFAULT["3"], "inputs": {**DEFAULT["3"]["inputs"], "model": ["l0", 0]}}
SUBGRAPH = {"id": "u", "nodes": [{"id": n, "type": "u"} for n in range(30_000)], "links": []}
JOINS = {
    f"j{n}": {
        "class_type": "StringConcatenate",
        "inputs": {"string_a": "x" * 300_000, "string_b": f"{n}"}
        if not n
        else {"string_a": ["j0", 0], "string_b": f"{n}"},
    }
    for n in range(190)
} | {
    f"c{n}": {
        "class_type": "ConditioningCombine" if n % 2 else "CLIPTextEncode",
        "inputs": {"conditioning_1": [f"c{n - 1}", 0], "conditioning_2": [f"c{n + 2}", 0]}
        if n % 2
        else {"text": [f"j{n // 2}", 0]},
    }
    for n in range(370)
}
TEXTS = {**DEFAULT["3"], "inputs": {**DEFAULT["3"]["inputs"], "positive": ["c1", 0]}}
PASSED = {
    "nodes": [
        {"id": n, "type": "X", "mode": 4, "outputs": [{"type": "A"}],
         "inputs": [{"type": "B"}] * 99 + [{"type": "A", "link": n + 1}]}
        for n in range(60)
    ] + [
        {"id": 100 + n, "type": "KSampler", "inputs": [{"name": f"a{m}", "link": 1}
                                                      for m in range(100)]}
        for n in range(300)
    ],
    "links": [[n, n, 0, n, 0, "A"] for n in range(100)],
}  # fmt: skip
GRAPHS = [
    json.dumps({**DEFAULT, **REROUTES, **LORAS, "3": SAMPLER}),
    json.dumps({"nodes": [{"id": 1, "type": "u"}], "definitions": {"subgraphs": [SUBGRAPH]}}),
    json.dumps({**DEFAULT, **JOINS, "3": TEXTS}),
    json.dumps(PASSED),
]
BAD = [
    *GRAPHS,
    "[[],[" + "[]," * (LONG // 3),
    "(" * LONG,
    '"' * LONG,
    "Steps: 1, " + "a:[1," * 15_000,
    "Steps: 1, " + 'a:"\\' * 20_000,
    "Steps: 1\n" * 200_000,
    "Negative prompt: " * 100_000,
    "<lora:" * 300_000,
    '"' + " -s" * 600_000,
    "[" * LONG,
]


@pytest.mark.parametrize("text", COSTLY + BAD, ids=range(len(COSTLY + BAD)))
def test_texts_that_are_long_and_bad(tmp_path, text):
    path = files.png(tmp_path / "a.png")
    for keyword in ("parameters", "prompt", "Dream"):
        check(read_foreign(files.png(path, {keyword: text})))


@pytest.mark.parametrize("text", COSTLY, ids=range(len(COSTLY)))
def test_memory_is_limited(tmp_path, text):
    path = files.png(tmp_path / "a.png", {"parameters": text})
    tracemalloc.start()
    try:
        read_foreign(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 60 * 2**20


def test_texts_that_are_too_long_are_named(tmp_path):
    path = files.png(tmp_path / "a.png", {"workflow": "x" * (20 * 2**20)})
    assert read_foreign(path).notes == ("workflow is too long to be read.",)
    path = files.png(tmp_path / "a.png", {"workflow": "x" * (20 * 2**20), "parameters": A1111})
    found = read_foreign(path)
    assert found.seed == 3847125
    assert found.notes == ("workflow is too long to be read.",)
