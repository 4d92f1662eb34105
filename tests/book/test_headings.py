"""Headings mean slots whatever their numbering, punctuation, emoji or language, and a user's own words win."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.book import headings
from opsbook.book.headings import SATISFIED_BY, SLOTS, Headings, plain_title, shipped_headings

CONTRACT = (
    "overview architecture health-checks deployment common-operations troubleshooting monitoring emergency-contacts meaning"
    " impact diagnosis mitigation timeline root-cause resolution prevention lessons-learned symptoms prerequisites verification"
    " rollback related changelog"
).split()  # fmt: skip


def slot(title: str) -> str | None:
    return shipped_headings().slot(title)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Health Checks", "health-checks"), ("health checks", "health-checks"), ("HEALTH CHECKS", "health-checks"),
        ("Health Checks:", "health-checks"), ("2. Health Checks", "health-checks"), ("2.1 Health Checks", "health-checks"),
        ("2.1.3. Health checks", "health-checks"), ("a) Health checks", "health-checks"), ("Step 3: Verify", "verification"),
        ("Phase 2 - Rollback", None), ("Phase 2. Rollback", "rollback"), ("🚀 Deployment", "deployment"),
        ("Deployment 🚀", "deployment"), ("⚠️ Impact", "impact"), ("✅ Verification", "verification"),
        ("Overview (for operators)", "overview"), ("Monitoring & Alerts", "monitoring"), ("Monitoring and Alerts", "monitoring"),
        ("Root-Cause", "root-cause"), ("root cause analysis", "root-cause"), ("Post-deployment", "verification"),
        ("Pre-requisites", "prerequisites"), ("TL;DR", "overview"), ("Lessons Learnt?", "lessons-learned"),
        ("— Timeline —", "timeline"), ("**Impact**", "impact"), ("`Impact`", None), ("See also", "related"),
        ("Resolution / Recovery", "resolution"), ("  Impact  ", "impact"), ("Impact\u00a0", "impact"),
        ("Überblick", "overview"), ("ÜBERBLICK", "overview"), ("U\u0308berblick", "overview"), ("Fehlerbehebung", "troubleshooting"),
        ("Déploiement", "deployment"), ("Vue d'ensemble", "overview"), ("Causa raíz", "root-cause"), ("Pré-requisitos", "prerequisites"),
        ("Откат", "rollback"), ("Проверка", "verification"), ("배포", "deployment"), ("문제 해결", "troubleshooting"),
        ("Troubleshooting: the disk", None), ("API overview", None), ("Impacted", None), ("", None), ("1.", None), ("🚀", None),
        ("(Overview)", None), ("Restart Service", None),
    ],
)  # fmt: skip
def test_what_a_title_means(title, expected):
    assert slot(title) == expected


@pytest.mark.parametrize(
    ("titles", "expected"),
    [
        ("overview|summary|at a glance|purpose|scope|objective|introduction|description|background|why this exists|context"
         "|executive summary|tl;dr|goal|issue summary", "overview"),
        ("architecture|components|how it works|dependencies", "architecture"),
        ("health checks|checks|smoke test|smoke tests|possible checks|quick checks|status check", "health-checks"),
        ("deployment|deploy|deployments|rollout", "deployment"),
        ("rollback|rollback procedure|rollback procedures|immediate rollback|rollback plan", "rollback"),
        ("verification|verify|success criteria|validation|completion criteria|verification checklist|verify recovery"
         "|post-deployment", "verification"),
        ("common operations|operations|usage", "common-operations"),
        ("steps|procedure|process|checklist", "steps"),
        ("troubleshooting|troubleshooting pointers|common issues|failure modes|triage|decision tree|known issues",
         "troubleshooting"),
        ("monitoring|key metrics|metrics|observability|alerts|alerting|dashboards|grafana dashboard|logging|logs", "monitoring"),
        ("escalation|escalation path|emergency contacts|support|communication|getting help|escalation matrix"
         "|contact information|contacts", "emergency-contacts"),
        ("meaning|what this means", "meaning"),
        ("impact|consequences|impact assessment|customer impact|business impact|affected users", "impact"),
        ("diagnosis|quick diagnosis|diagnose|investigation|likely causes|common causes|possible causes|typical root causes",
         "diagnosis"),
        ("mitigation|remediation|immediate actions|recovery|fix|response|recovery actions|recommended actions"
         "|remediation recommendations|containment", "mitigation"),
        ("symptoms|symptom|detection|when to use|trigger|alert|problem", "symptoms"),
        ("timeline|incident timeline|key events", "timeline"),
        ("root cause|root cause analysis|contributing factors", "root-cause"),
        ("resolution|resolution and recovery|resolution / recovery", "resolution"),
        ("prevention|action items|process improvements|corrective and preventative measures|follow-up|next steps", "prevention"),
        ("lessons learned|lessons learnt|what went well|what went wrong|what went poorly|where we got lucky", "lessons-learned"),
        ("prerequisites|pre-requisites|preconditions|pre-flight|before you start|access|inputs", "prerequisites"),
        ("related|references|related documentation|related runbooks|see also|resources", "related"),
        ("changelog|revision history|history", "changelog"),
        ("cause", "cause"), ("solution|solutions", "solution"),
    ],
)  # fmt: skip
def test_the_headings_of_the_wild_mean_what_was_counted(titles, expected):
    assert {title: slot(title) for title in titles.split("|")} == dict.fromkeys(titles.split("|"), expected)


def test_a_users_own_words_are_read_and_win():
    own = Headings({"monitoring": ("Beobachtung", "2. Overview!"), "impact": ("障害の影響",)})
    assert own.slot("📈 Beobachtung") == "monitoring"
    assert own.slot("Overview") == "monitoring"
    assert own.slot("障害の影響") == "impact"
    assert own.slot("Deployment") == "deployment"
    assert shipped_headings().slot("Beobachtung") is None


def test_the_slots_are_those_of_the_contract():
    assert set(CONTRACT) <= set(SLOTS)
    assert len(set(SLOTS)) == len(SLOTS)
    assert set(SATISFIED_BY) <= set(SLOTS)
    assert {other for others in SATISFIED_BY.values() for other in others} <= set(SLOTS)


def test_every_shipped_title_is_written_as_it_is_compared():
    shipped = {title: name for name, titles in headings._TITLES.items() for title in titles.split("|")}
    assert [title for title in shipped if title not in (plain_title(title), "tl;dr", "resolution / recovery")] == []
    assert [title for title, name in shipped.items() if slot(title) is None] == []


@given(st.text(max_size=30), st.sampled_from(["Deployment", "Überblick", "health checks"]))
def test_any_title_is_asked_without_error_and_twice_with_the_same_answer(text, known):
    for title in (text, text + known, known + text):
        assert slot(title) == Headings().slot(title)
