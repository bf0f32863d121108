"""Test that hostile arguments, environments and streams end soon, with a message and an exit code.

There is never a traceback. `python -m benchmarks.argument_fuzz` runs many more.
"""

import sys

import pytest

if sys.platform == "win32":
    pytest.skip("needs fork, FIFOs and /dev", allow_module_level=True)

from tests.cli.argument_fuzz import run_all

COUNT = 50


@pytest.mark.parametrize("seed", [20261129, 20261130, 20261131])
def test_hostile_arguments_end_with_a_message(tmp_path, data, seed):
    found = run_all(seed, COUNT, tmp_path, data)
    assert not found.faults
    assert found.count == COUNT
    assert found.codes.get(0)
    assert found.codes.get(2)
