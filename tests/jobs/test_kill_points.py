"""Test killing a batch program at each change of a file, from its last row to its report."""

import json
import os
import subprocess
import sys

from tests.faults import build_kill_at


def test_kill_at_any_file_change_loses_no_row_and_no_report(tmp_path):
    environment = {**os.environ, "LD_PRELOAD": str(build_kill_at(tmp_path))}
    place = tmp_path / "runs"
    place.mkdir()
    command = [sys.executable, "-m", "tests.jobs.kill_points", str(place)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=250
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert not found["wrong"], found
    assert found["points"] > 30, "the row's file, commits, three reports, collected texts"
