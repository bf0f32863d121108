"""Kills of a library's program right before changes of its files lose and double nothing.

Here every 15th change; `python -m tests.library.kill_points FOLDER` takes each of the 700.
"""

import json
import os
import subprocess
import sys

from tests.faults import build_kill_at

STEP = 15


def test_kills_at_changes_of_files_lose_and_double_nothing(tmp_path):
    environment = {**os.environ, "LD_PRELOAD": str(build_kill_at(tmp_path))}
    command = [sys.executable, "-m", "tests.library.kill_points", str(tmp_path / "runs"), str(STEP)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=250
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert not found["wrong"], found
    assert all(count > STEP for count in found["points"].values()), found
    assert sum(found["points"].values()) > 500, found
