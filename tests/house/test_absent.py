"""What is absent is skipped and named in one closing line, and is a failure where everything is wanted."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = """
import pytest
from hypothesis import given, strategies

def test_program(needs):
    needs("no-such-program")

def test_other_program(needs):
    assert needs("sh").endswith("sh")

@pytest.fixture(scope="module")
def pages(corpora):
    return list(corpora.glob("*"))

def test_pages(pages):
    assert pages

@given(strategies.integers())
def test_numbers(n):
    pass
"""


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """pytest over these tests in a repository of their own, with our conftest."""
    (folder / "tests").mkdir(exist_ok=True)
    shutil.copy(ROOT / "tests" / "conftest.py", folder / "tests")
    (folder / "tests" / "test_them.py").write_text(TESTS)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPSBOOK_", "PYTEST_"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests", *arguments]
    return subprocess.run(command, cwd=folder, env={**kept, **environment}, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_absent_things_are_skipped_and_named_in_one_closing_line(tmp_path, workers):
    done = run(tmp_path, *workers)
    closing, last = done.stdout.splitlines()[-2:]
    assert done.returncode == 0
    assert closing == "Not tested here, absent: corpora, no-such-program"
    assert last.startswith("2 passed, 2 skipped")


def test_an_absent_program_fails_where_everything_is_wanted_and_absent_corpora_do_not(tmp_path):
    done = run(tmp_path, OPSBOOK_TEST_ALL="1")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-2] == "Not tested here, absent: corpora, no-such-program"
    assert done.stdout.splitlines()[-1].startswith("1 failed, 2 passed, 1 skipped")


def test_corpora_beside_the_repository_are_found(tmp_path):
    (tmp_path / "shared" / "corpora" / "one").mkdir(parents=True)
    (tmp_path / "repository").mkdir()
    done = run(tmp_path / "repository")
    assert "Not tested here, absent: no-such-program" in done.stdout


def test_corpora_named_by_the_environment_are_found(tmp_path):
    (tmp_path / "elsewhere" / "one").mkdir(parents=True)
    done = run(tmp_path, OPSBOOK_CORPORA=str(tmp_path / "elsewhere"))
    assert "Not tested here, absent: no-such-program" in done.stdout


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_long_campaign_tells_its_count_and_seed(tmp_path, workers):
    done = run(tmp_path, *workers, "-m", "hypothesis", "--hypothesis-seed=7", OPSBOOK_HYPOTHESIS="torture")
    assert "Tried 10,000 inputs with seed 7" in done.stdout
