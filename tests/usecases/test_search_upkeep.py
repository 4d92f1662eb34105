"""The index follows the book, so that a query asks nothing but the index."""

from __future__ import annotations

import pytest

from opsbook.config import load
from opsbook.usecases.coverage import coverage
from opsbook.usecases.lint import lint
from opsbook.usecases.snapshot_reports import cover_snapshot, lint_snapshot
from opsbook.wire import (
    build_book,
    build_library,
    build_search_index,
    build_search_upkeep,
    build_workers,
    lint_scope,
)

RULES = "groups:\n- name: a\n  rules:\n  - alert: Down\n    expr: up == 0\n    annotations:\n      runbook_url: db.md#overview\n  - alert: Bare\n    expr: up == 0\n"


@pytest.fixture
def config(tmp_path):
    (tmp_path / "docs").mkdir()
    for number in range(130):  # enough to be done in another process
        (tmp_path / f"docs/p{number}.md").write_text(f"# Page {number}\n\nWords and word{number}.\n")
    (tmp_path / "docs/db.md").write_text("# Database Runbook\n\n**Service:** db\n\n## Overview\n\nRows.\n")
    (tmp_path / "rules.yml").write_text(RULES)
    return load(book=str(tmp_path / "docs"), environ={})


@pytest.fixture
def library(config):
    made = build_library(config)
    assert made.wait_whole(20)
    yield made
    made.close()


@pytest.fixture
def index(config):
    made = build_search_index(config)
    yield made
    made.close()


def paths(index, words: str) -> list[str]:
    return [hit.path for hit in index.search(words, 5).hits]


def test_a_new_index_is_brought_up_and_follows_changes(config, library, index, tmp_path):
    upkeep = build_search_upkeep(config, library, index)
    try:
        assert upkeep.wait(20)
        assert paths(index, "word77") == ["p77.md"]
        (tmp_path / "docs/p3.md").write_text("# Zebrafinch\n")
        (tmp_path / "docs/p77.md").unlink()
        library.look()
        assert upkeep.search("zebrafinch", 5).hits[0].path == "p3.md"
        assert paths(index, "word77") == []
        assert upkeep.trouble() is None
    finally:
        upkeep.close()


def test_lint_and_coverage_of_a_snapshot_are_those_of_the_book(config, library, tmp_path):
    source = build_book(config)
    scope = lint_scope(config, library._today())
    from msgspec.structs import replace

    from opsbook.usecases.ports import Alerting

    alerting = Alerting((str(tmp_path / "rules.yml"),))
    scope = replace(scope, alerting=alerting)
    report = lint(source, source, scope, build_workers())
    snapshot = lint_snapshot(library.snapshot(), source, scope, source.book)
    assert (snapshot.pages, snapshot.findings) == (report.pages, report.findings)
    assert any(finding.rule == "alert-without-runbook" for finding in snapshot.findings)
    covered = cover_snapshot(library.snapshot(), source, alerting, source.book)
    assert covered == coverage(source, source, scope, alerting, workers=build_workers())
