"""The reliability benchmarks with few kills: real program, real child, real files."""

import random

from benchmarks import reliability_batch
from benchmarks.reliability import run


def test_kills_at_random_instants_lose_and_repeat_nothing(tmp_path):
    report = run(tmp_path, jobs=6, child_kills=5, program_kills=2, chance=random.Random(7))
    assert report["ok"], report
    assert report["program_kills"] + report["child_kills"] >= 2


def test_a_batch_under_kills_is_whole_after_resuming(tmp_path):
    report = reliability_batch.run(tmp_path, rows=10, kills=3, chance=random.Random(7))
    assert report["ok"], report
    assert report["program_kills"] + report["child_kills"] >= 2
