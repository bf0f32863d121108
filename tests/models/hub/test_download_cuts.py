"""Test a few events of the benchmark of cut and killed downloads: real program, real child."""

import random

from benchmarks.download_cuts import KINDS, planned, run


def test_cuts_and_kills_at_random_bytes_give_a_verified_model(tmp_path, monkeypatch):
    for name in ("HF_TOKEN", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    report = run(tmp_path, events=8, size=2 << 20, chance=random.Random(3))
    assert report["ok"], report
    assert sum(report["events"].values()) == 8
    assert all(report["events"].values()), report


def test_cut_positions_are_random_and_inside_the_file():
    events = planned(100, 1000, random.Random(0))
    assert events != planned(100, 1000, random.Random(1))
    assert all(0 < place < 1000 and kind in KINDS for place, kind in events)
