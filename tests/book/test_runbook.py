"""What a runbook says besides its procedures: health checks, troubleshooting entries, alerts, contacts."""

from __future__ import annotations

import pytest
from tests.book.whole_reading import page_of

from opsbook.book.health_checks import health_checks
from opsbook.book.runbook import alert_names, contacts, issues

HEALTH = "# API Runbook\n\n## Health Checks\n\n"


@pytest.mark.parametrize(
    ("text", "checks"),
    [
        ("- **Health Check URL:** https://a.example/health\n- **Expected Response:** 200\n- **Check Frequency:** 30s\n",
         [("https://a.example/health", "200", 30)]),
        ("**Health Check URL:** `http://a/h`  \n**Expected Response:** `200` with `ok`\n", [("http://a/h", "`200` with `ok`", None)]),
        ("- **Health Check URL:** <https://a.example/health>.\n- **Check Frequency:** Every minute\n",
         [("https://a.example/health", None, 60)]),
        ("- **Health Check URL:** [health](https://a.example/health)\n", [("https://a.example/health", None, None)]),
        ("- **Health Check URL:** https://a/1\n- **Expected Response:** 200\n- **Health Check URL:** https://a/2\n"
         "- **Expected Response:** 204\n", [("https://a/1", "200", None), ("https://a/2", "204", None)]),
        ("- **Readiness:** tcp://db:5432\n- **Check Frequency:** every 10 seconds (by Prometheus)\n", [("tcp://db:5432", None, 10)]),
        ("- **Health Check URL:** [URL]\n- **Expected Response:** [Response]\n", []),
        ("- **Health Check URL:** https://a/h\n- **Expected Response:** [Response]\n- **Check Frequency:** [How often]\n",
         [("https://a/h", None, None)]),
        ("- **Health Check URL:** https://a/h\n- **Check Frequency:** when we like\n", [("https://a/h", None, None)]),
        ("| Check | URL | Expected | Interval |\n|-|-|-|-|\n| live | https://a/live | 200 | 15s |\n| none | - | | |\n",
         [("https://a/live", "200", 15)]),
        ("Ask the team.\n", []),
    ],
)  # fmt: skip
def test_health_checks_are_labels_or_rows(text, checks):
    assert [(check.url, check.expected, check.every_s) for check in health_checks(page_of(HEALTH + text))] == checks


def test_a_check_is_told_by_the_labels_of_its_own_section():
    text = f"{HEALTH}- **Health Check URL:** https://a/h\n\n## Deployment\n\n- **Expected:** a page\n"
    assert [check.expected for check in health_checks(page_of(text))] == [None]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("### Issue: Slow\n**Symptoms:** s  \n**Cause:** c  \n**Solution:** x\n", ("Slow", "s", "c", "x")),
        ("### Problem 2: Slow\n**Symptoms:** s\n", ("Slow", "s", None, None)),
        ("### Issue: Slow\n", ("Slow", None, None, None)),
        ("### Issue: Slow\n- **Symptoms:** s\n- **Cause:** c\n- **Solution:**\n  1. one\n  2. two\n",
         ("Slow", "s", "c", "1. one\n  2. two")),
        ("### Issue: Slow\n**Solution:** restart **now**\n", ("Slow", None, None, "restart **now**")),
        ("### Issue: Slow\n**Solution:** use C++\n**Symptoms:** a *b*\n", ("Slow", "a *b*", None, "use C++")),
        ("### Issue: Slow\n**Solution:**\n\n```sh\nfix\n```\n\n**Note:** n\n", ("Slow", None, None, "```sh\nfix\n```")),
        ("### Issue: Slow\n**Symptoms:** [What you see]\n**Cause:** [Root cause]\n", ("Slow", None, None, None)),
        ("### Slow\n**Symptoms:** s\n**Fix:** x\n", ("Slow", "s", None, "x")),
        ("### Slow\n\n#### Symptoms\n\ns\n\n#### Likely causes\n\nc\n\n#### Resolution\n\nx\n", ("Slow", "s", "c", "x")),
    ],
)  # fmt: skip
def test_a_troubleshooting_entry_has_symptoms_a_cause_and_a_solution(text, read):
    (issue,) = issues(page_of("# API Runbook\n\n## Troubleshooting\n\n" + text))
    assert (issue.title, issue.symptoms, issue.cause, issue.solution) == read


@pytest.mark.parametrize("text", ["### Slow\n**Symptoms:** s\n", "### Slow\n**Solution:** x\n", "### Slow\n\nwords\n"])
def test_a_heading_with_half_an_entry_is_none(text):
    assert issues(page_of("# API Runbook\n\n## Troubleshooting\n\n" + text)) == ()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("**Alert:** `DiskFull`\n", ["DiskFull"]), ("- **Alerts:** DiskFull and `NodeDown`\n", ["NodeDown"]),
        ("- **Alerts:** DiskFull, NodeDown\n", ["DiskFull", "NodeDown"]),
        ("- **Alerts:**\n  - `DiskFull`: when full\n  - `NodeDown`\n", ["DiskFull", "NodeDown"]),
        ("## Alerts\n\n| Alert | Meaning |\n|-|-|\n| `DiskFull` | full |\n| NodeDown | down |\n", ["DiskFull", "NodeDown"]),
        ("# KubePodCrashLooping\n", ["KubePodCrashLooping"]), ("- **Alerts:** [Configuration]\n", []),
        ("- **Alerts:** `node_disk_full`\n", ["node_disk_full"]), ("words\n", []),
    ],
)  # fmt: skip
def test_the_alerts_that_a_page_names(text, names):
    assert list(alert_names(page_of(text, "runbooks/a.md"))) == names


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("- **On-Call Engineer:** #oncall\n- **Technical Lead:** a@b.c\n", [("On-Call Engineer", "#oncall"), ("Technical Lead", "a@b.c")]),
        ("- **On-Call Engineer:** [Contact]\n", []),
        ("- Primary: #oncall\n- Nobody\n", [("Primary", "#oncall")]),
        ("| Role | Contact |\n|-|-|\n| Lead | Anne |\n| | Bob |\n", [("Lead", "Anne")]),
        ("| Name | Time | Slack |\n|-|-|-|\n| Anne | day | @anne |\n", [("Anne", "@anne")]),
        ("### P1\n\n- **Lead:** Anne\n", [("Lead", "Anne")]),
        ("Ask around.\n", []),
    ],
)  # fmt: skip
def test_contacts_are_labels_bullets_or_rows(text, found):
    page = page_of("# API Runbook\n\n## Emergency Contacts\n\n" + text + "\n## Other\n\n- **X:** y\n")
    assert [(contact.role, contact.contact) for contact in contacts(page)] == found


def test_a_template_has_no_checks_entries_or_contacts():
    text = "## Health Checks\n\n**Health:** https://a/h\n\n### Issue: x\n\n## Contacts\n\n- **Lead:** Anne\n"
    page = page_of(text, "templates/a.md")
    assert (health_checks(page), issues(page), contacts(page)) == ((), (), ())
