"""The making of the starter poem: choosing quatrains, and the training with a tiny model."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from typer.testing import CliRunner

from studio.engine.text import generate as text
from tests.engine.text.quatrain.models import LIFE
from tools.starter_models import starter_poem
from tools.starter_models.image import sources
from tools.starter_models.poem import corpus, examples, learning

POEMS = [
    LIFE,
    corpus.Quatrain("江雪", ("春眠不觉晓", "处处闻啼鸟", "夜来风雨声", "花落知多少"), 1, "ao"),
    corpus.Quatrain(
        "早发白帝城",
        ("朝辞白帝彩云间", "千里江陵一日还", "两岸猿声啼不住", "轻舟已过万重山"),
        3,
        "an",
    ),
]


@pytest.fixture
def work(tmp_path, monkeypatch):
    for name, value in {"LAYERS": 1, "WIDTH": 16, "HEADS": 2, "STEPS": 4, "BATCH": 1}.items():
        monkeypatch.setattr(learning, name, value)
    monkeypatch.setattr(examples, "FEWEST", 1)
    monkeypatch.setattr(examples, "COMMONEST", 1.0)
    lines = [json.dumps(one, ensure_ascii=False) + "\n" for one in POEMS * 4]
    (tmp_path / corpus.FILE).write_text("".join(lines), encoding="utf-8")
    return tmp_path


def run(work, step, *more):
    done = CliRunner().invoke(starter_poem.app, [step, "--work", str(work), *map(str, more)])
    assert done.exit_code == 0, done.exception
    return done.output


def weights(work):
    return torch.load(work / learning.CHECKPOINT, weights_only=True)["model"]


def test_an_interrupted_training_equals_an_unbroken_one(work, tmp_path_factory):
    unbroken = tmp_path_factory.mktemp("unbroken")
    shutil.copy(work / corpus.FILE, unbroken)
    assert "12 quatrains" in run(work, "data")
    run(work, "train", "--until", 2)
    run(work, "train")
    run(unbroken, "train")
    first, second = weights(work), weights(unbroken)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_the_packed_model_is_one_that_studio_loads(work):
    run(work, "train")
    assert "bytes of weights" in run(work, "pack")
    from studio.models.inspect.model import inspect

    card = inspect(work / "model")
    assert (card.kind, card.family, card.chat) == ("text", "gpt2", False)
    loaded = text.load(card)
    tokens = loaded.tokenizer.tokenize("白日依山尽，")
    assert tokens == [*"白日依山尽，"]


def test_quatrains_are_chosen_by_rhyme_tones_and_characters():
    kept = list(
        corpus._kept(
            [
                ("登鹳雀楼", list(LIFE.lines)),
                ("登鹳雀楼", list(LIFE.lines)),  # again
                ("颂古", ["白日依山远", *LIFE.lines[1:]]),
                ("无韵", ["白日依山尽", "黄河入海流", "欲穷千里目", "更上一层山"]),
                (
                    "清明二首 其一",
                    ["清明时节雨纷纷", "路上行人欲断魂", "借问酒家何处有", "牧童遥指杏花村"],
                ),
            ]
        )
    )
    assert [one.title for one in kept] == ["登鹳雀楼", "清明"]
    assert [one.rhyme for one in kept] == ["ou", "en"]
    assert kept[1].pattern & 2, "the first line rhymes"


def test_half_of_a_regulated_verse_is_a_quatrain():
    first = ["国破山河在", "城春草木深", "感时花溅泪", "恨别鸟惊心"]
    lines = [*first, "烽火连三月", "家书抵万金", "白头搔更短", "浑欲不胜簪"]
    kept = list(corpus._kept([("春望", lines)]))
    assert kept[0].lines == tuple(first)


def test_every_source_is_pinned(tmp_path):
    found = sources.pinned(sources.POEM)
    assert {one.name for one in found} == {"chinese-poetry", "opencc"}
    assert all(len(one.sha256) == 64 for one in found)
    wrong = found[0]
    (tmp_path / wrong.file).write_bytes(b"another file")
    assert sources._sha256(tmp_path / wrong.file) != wrong.sha256


def test_unknown_step_is_refused(work):
    done = CliRunner().invoke(starter_poem.app, ["bake", "--work", str(work)])
    assert done.exit_code != 0


def test_a_form_of_the_data_keeps_its_place(work):
    rows = examples.Rows(POEMS * 40, examples.vocabulary(POEMS * 40))
    batch = rows.batch(7, 3)
    assert (batch == rows.batch(7, 3)).all()
    assert batch.shape[1] in (17 + 1 + 25, 17 + 1 + 33)
