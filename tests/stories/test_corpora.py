"""What is known of real runbooks of public projects is what the command line says of them, always in the same bytes."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.stories.opsbook_program import SOURCE, asked

CLEAN = ("jerdaw__healtharchive", "null-ptr-exception__db-runbooks", "allisson__secrets")


@pytest.fixture
def corpus(corpora: Path, tmp_path: Path):
    """A corpus as a repository of its own, by its name."""

    def copy(name: str) -> Path:
        shutil.copytree(corpora / name, tmp_path / name)
        (tmp_path / name / ".git").mkdir()
        return tmp_path / name

    return copy


@pytest.mark.parametrize("name", CLEAN)
def test_links_that_are_known_to_lead_somewhere_are_not_called_broken(corpus, name):
    book = corpus(name)
    found = asked("--book", book, "lint", "--select", "broken-link,broken-anchor,link-escapes-repository", status=0)
    assert found["findings"] == []
    assert found["pages"] > 40


@pytest.mark.parametrize(("today", "stale"), [("2026-08-21", 9), ("2026-11-23", 40)])
def test_of_56_pages_of_modernisation_platform_some_are_stale_on_a_day(corpus, today, stale):
    book = corpus("ministryofjustice__modernisation-platform")
    found = asked("--book", book, "lint", book / "source" / "runbooks", "--today", today)
    assert found["pages"] == 56
    assert len([finding for finding in found["findings"] if finding["rule"] == "stale"]) == stale


def test_of_139_alerts_of_kube_prometheus_112_have_a_page_but_for_letter_case(corpus, corpora):
    book = corpus("prometheus-operator__runbooks")
    rules = corpora / "prometheus-operator__kube-prometheus"
    base = "https://runbooks.prometheus-operator.dev/runbooks=content/runbooks"
    found = asked("--book", book, "coverage", "--rules", rules, "--url-base", base, status=0)
    assert len(found["alerts"]) == 139
    assert found["summary"] == {"ok-case": 112, "missing-page": 27}
    for alert in found["alerts"]:
        assert (alert["page"] is not None) == (alert["verdict"] == "ok-case"), alert
    assert asked("--book", book, "lint", "--rules", rules, "--url-base", base)["summary"]["error"] >= 27


# Lints each folder that it is given, in order, and prints a digest of the JSON of each.
PROGRAM = """
import hashlib, sys
from datetime import date
from opsbook.adapters.workers import ForkedWorkers
from opsbook.config import load
from opsbook.entrypoints.shown.findings import as_json
from opsbook.usecases.lint import Scope, lint
from opsbook.wire import build_book, lint_settings
for folder in sys.argv[2:]:
    config = load(book=folder, environ={})
    book = build_book(config)
    report = lint(book, book, Scope(date(2026, 11, 23), lint_settings(config)), ForkedWorkers(int(sys.argv[1])))
    print(hashlib.sha256(as_json(report)).hexdigest(), report.pages)
"""


def test_every_corpus_is_linted_to_the_same_bytes_by_one_worker_and_by_many_and_in_any_order_of_hashing(corpora):
    folders = sorted(str(folder) for folder in corpora.iterdir() if folder.is_dir())
    answers = []
    for workers, seed in (("1", "1"), ("3", "2"), ("7", "3")):
        command = [sys.executable, "-c", PROGRAM, workers, *folders]
        env = {"PYTHONPATH": str(SOURCE), "PYTHONHASHSEED": seed}
        done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=300)
        assert done.returncode == 0, done.stderr
        answers.append(done.stdout.splitlines())
    assert answers[0] == answers[1] == answers[2]
    assert len(answers[0]) == len(folders) > 5
    empty = hashlib.sha256(b'{"pages":0,"findings":[],"summary":{"error":0,"warning":0,"info":0}}\n').hexdigest()
    assert len({answer.split()[0] for answer in answers[0]} - {empty}) > 5
