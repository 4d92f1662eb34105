"""Which words of a page mean to be an expression of Prometheus."""

from __future__ import annotations

import pytest

from opsbook.book.watched import is_promql


@pytest.mark.parametrize(("text", "is_one"), [
    ("up == 0", False), ("rate(http_requests_total[5m]) > 1", True), ("pg_up == 0", True),
    ("redis_memory_max_bytes > 0 and redis_memory_used_bytes / redis_memory_max_bytes > 0.95", True),
    ("the share of requests that fail within an hour", False),
    ("more than five of the disk_used values are too high", False),
    ("SELECT count(*) FROM orders WHERE state = 'open'", False),
])  # fmt: skip
def test_words_are_told_from_expressions(text, is_one):
    assert is_promql(text) is is_one
