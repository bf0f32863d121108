"""Test a few generated batch files of the benchmark benchmarks/batch_fuzz.py."""

from benchmarks.batch_fuzz import run


def test_generated_files_make_no_traceback(tmp_path):
    tally = run(tmp_path, 300)
    assert tally["files"] >= 300
    assert min(tally["refused"], tally["planned"], tally["bad rows"]) > 10
