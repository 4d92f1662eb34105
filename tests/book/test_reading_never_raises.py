"""Whatever the bytes of a page, everything that is read from it is read without an error, and in good time."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st
from tests.book.whole_reading import read_whole
from tests.markdown_pieces import any_page

# Every way in which the path decides the kind, and so what is read.
PATHS = (
    "runbooks/api.md", "procedures/deploy.md", "incidents/2026-01-02-outage.md", "incidents/incident-response.md",
    "postmortems/a.md", "monitoring/alerts.md", "monitoring/metrics.md", "templates/a.md", "README.md", "notes.md",
    "runbooks/KubePodCrashLooping.md", "a.html.md.erb",
)  # fmt: skip
# Seconds of this process alone, so that a busy machine fails nothing; the largest page of the corpora takes 0.1.
SLOWEST_S = 3.0


@given(st.sampled_from(PATHS), any_page())
def test_any_bytes_are_read_whole(path, raw):
    began = time.process_time()
    findings = read_whole(path, raw)
    took = time.process_time() - began
    assert took < SLOWEST_S, f"{took:.1f} s for {len(raw)} bytes"
    for finding in findings:
        assert finding.message and finding.span.line >= 1 and finding.span.column >= 1
        assert 0 <= finding.span.start <= finding.span.end <= len(raw)
