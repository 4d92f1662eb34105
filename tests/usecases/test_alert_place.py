"""An alert's name leads to the section that is about it, by the best reason there is."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from tests.usecases.snapshots import snapshot

from opsbook.book.page import read_page
from opsbook.usecases.alert_place import alert_place

PAGES = {
    "o/runbooks/api.md": "# API Runbook\n\n## Monitoring\n- **Alerts:** `ApiDown`, `DiskFull`\n\n## Troubleshooting\n### ApiSlow\nx\n",
    "o/alerts.md": "# Alerts\n\n| Alert | Severity | Meaning | Runbook |\n|---|---|---|---|\n| DiskFull | P1 | Full | [d](disk.md#free) |\n",
    "o/disk.md": "# Disk\n\n## Free\nIt.\n",
    "o/NodeGone.md": "# NodeGone\n\n## Meaning\nGone.\n\n## Impact\nMuch.\n",
    "o/monitoring/alerts/group.md": "# api alerts\n\n## ApiErrors\n\n- **Expression:** `a > 1`\n\n## ApiFull\n\n"
    "- **Expression:** `b > 1`\n\n## ApiAlone\n\n- **Expression:** `c > 1`\n",
    "o/runbooks/web.md": "# Web Runbook\n\n## Troubleshooting\n### Issue: ApiErrors\nx\n### Issue: No room\n"
    "**Symptoms:** `ApiFull` fires.\n\n**Solution:** free it.\n",
    "o/template.md": "# [Service Name] Runbook\n\n## ApiSlow\n",
}


def place(name: str) -> tuple[str, str] | None:
    book = snapshot(PAGES)
    library = SimpleNamespace(
        snapshot=lambda: book,
        page=lambda path: read_page(path, PAGES[path].encode()),
        read=lambda path: PAGES[path].encode(),
    )
    found = alert_place(library, name)
    return (found.path, found.anchor) if found else None


@pytest.mark.parametrize(
    ("name", "leads_to"),
    [
        ("ApiSlow", ("o/runbooks/api.md", "apislow")),
        ("apislow", ("o/runbooks/api.md", "apislow")),
        ("DiskFull", ("o/disk.md", "free")),
        ("NodeGone", ("o/NodeGone.md", "")),
        ("ApiDown", ("o/runbooks/api.md", "monitoring")),
        ("ApiErrors", ("o/runbooks/web.md", "issue-apierrors")),
        ("ApiFull", ("o/runbooks/web.md", "issue-no-room")),
        ("ApiAlone", ("o/monitoring/alerts/group.md", "apialone")),
        ("Api", None),
        ("", None),
        ("(", None),
    ],
)
def test_a_name_leads_to_its_section(name, leads_to):
    assert place(name) == leads_to
