"""The settings for threads and GPU, in a process of their own: they change the process."""

import os
import subprocess
import sys

import pytest
import torch

PROGRAM = """
import os, sys
import torch
from studio.core.environment import thread_count
from studio.core.settings import Settings
from studio.engine.runtime.device import use_device_settings
use_device_settings(Settings(gpu=int(sys.argv[1]), threads=int(sys.argv[2])))
print(thread_count(), torch.get_num_threads(), os.environ.get("CUDA_VISIBLE_DEVICES", "all"))
"""


def run(gpu, threads):
    environment = {name: os.environ[name] for name in os.environ if "VISIBLE" not in name}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(gpu), str(threads)],
        capture_output=True,
        text=True,
        check=True,
        timeout=180,
        env=environment,
    )
    return done.stdout.split()


def test_a_model_uses_the_chosen_number_of_threads_and_a_missing_gpu_is_ignored():
    assert run(gpu=63, threads=3) == ["3", "3", "all"]


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two GPUs")
def test_the_chosen_gpu_is_the_only_one_that_torch_sees():
    assert run(gpu=1, threads=0)[2] == "1"
