"""Freed memory that stays, counted by the page faults of steps that allocate the same again."""

import os
import platform
import subprocess
import sys

import pytest

from autograd import keep_memory

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc's")

STEPS = """
import resource
import numpy as np
import autograd

def step():  # {count} arrays of 1 MB, alive together, then freed
    arrays = [np.ones(2**18, np.float32) for _ in range({count})]

{setting}
for _ in range(3):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    step()
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 4)
"""


def faults(count, keep=None, setting=""):
    """Page faults of a step."""
    variables = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "PLAINGRAD"))}
    if keep is not None:
        variables["PLAINGRAD_KEEP_MEMORY"] = keep
    program = STEPS.format(count=count, setting=setting)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=variables, check=False
    )
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


def test_a_step_of_less_than_64_mib_reuses_its_memory():
    assert faults(40) < 50  # of 40 * 256 pages, or fewer and larger ones


@pytest.mark.slow
def test_more_is_kept_on_request():
    given_back = faults(200)
    assert given_back > 1000
    assert faults(200, keep="1e9") < 50
    assert faults(200, setting="autograd.keep_memory(1e9)") < 50


def test_nothing_is_kept_on_request():
    assert faults(40, keep="0") > 1000


def test_what_is_no_number_of_bytes():
    keep_memory(0)
    with pytest.raises(ValueError, match="expected 0 or more, such as 1e9"):
        keep_memory(-1)
    with pytest.raises(ValueError, match="expected 0 or more"):
        keep_memory(float("nan"))
    with pytest.raises(AssertionError, match=r"PLAINGRAD_KEEP_MEMORY is '1 GB', expected a number"):
        faults(1, keep="1 GB")
