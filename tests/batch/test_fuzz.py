"""The benchmark of generated batch files with fewer of them: see benchmarks/batch_fuzz.py."""

from benchmarks.batch_fuzz import run


def test_no_generated_file_makes_a_traceback(tmp_path):
    tally = run(tmp_path, 300)
    assert tally["files"] >= 300
    assert min(tally["refused"], tally["planned"], tally["bad rows"]) > 10
