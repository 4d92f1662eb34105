"""A runbook's address means the page that a reader would see, or nothing, with the best guess."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.book.address_template import fill, is_templated
from opsbook.book.addresses import VERDICTS, Asker, Resolution, read_url_bases, resolve_address
from opsbook.book.page_index import PageIndex, PagePlace, bare_path

PAGES = [
    PagePlace("README.md", "Project"),
    PagePlace("docs/runbooks/_index.md", "Runbooks"),
    PagePlace("docs/runbooks/ApiDown.md", "ApiDown", ("meaning", "first-steps"), ("Meaning", "First steps")),
    PagePlace("docs/runbooks/db/README.md", "Database", ("failover",), ("Failover: DbPrimaryLost",)),
    PagePlace("docs/runbooks/db/slow queries.md", "Slow queries"),
    PagePlace("docs/runbooks/queue.md", "Queue", alerts=("QueueFull", "Queue_Stuck")),
    PagePlace("docs/old/moved-page.md", "Alert: TooManyErrors"),
    PagePlace("source/runbooks/dr.html.md.erb", "Disaster recovery"),
]
INDEX = PageIndex(PAGES, "docs")
BASES = read_url_bases(
    {
        "https://Runbooks.example.org/": "docs/runbooks",
        "http://runbooks.example.org/runbooks": "docs/runbooks/",
        "https://github.com/org/repo": ".",
        "https://gitlab.com/org/repo/-/blob/main/docs": "./docs",
        "https://site.example.org": "source",
        "https://gitea.example/org/repo": ".",
        "{{ .Values.runbookUrl }}": "docs/runbooks",
        "@OPS_URL@/runbooks": "docs/runbooks",
    }
)


def resolve(url: str | None, alert: str = "Some") -> Resolution:
    return resolve_address(url, INDEX, BASES, Asker(alert, {"severity": "page", "team": "{{ x }}"}, "charts/r.yml"))


API = "docs/runbooks/ApiDown.md"


@pytest.mark.parametrize(
    ("url", "verdict", "path"),
    [
        ("https://runbooks.example.org/ApiDown", "ok", API),
        ("https://runbooks.example.org/ApiDown.md", "ok", API),
        ("https://runbooks.example.org/ApiDown.html", "ok", API),
        ("https://runbooks.example.org/ApiDown/", "ok", API),
        ("http://RUNBOOKS.example.org:80/ApiDown?x=1", "ok", API),
        ("//runbooks.example.org/ApiDown", "ok", API),
        ("runbooks.example.org/ApiDown", "ok", API),
        ("https://runbooks.example.org/runbooks/ApiDown", "ok", API),
        ("https://runbooks.example.org/apidown", "ok-case", API),
        ("https://runbooks.example.org/Runbooks/ApiDown", "ok-case", API),
        ("https://runbooks.example.org", "ok", "docs/runbooks/_index.md"),
        ("https://runbooks.example.org/db", "ok", "docs/runbooks/db/README.md"),
        ("https://runbooks.example.org/db/index.html", "ok", "docs/runbooks/db/README.md"),
        ("https://runbooks.example.org/db/slow%20queries", "ok", "docs/runbooks/db/slow queries.md"),
        ("https://github.com/org/repo", "ok", "README.md"),
        ("https://github.com/org/repo/blob/main/docs/runbooks/ApiDown.md", "ok", API),
        ("https://github.com/org/repo/blob/feature/x/docs/runbooks/ApiDown.md", "ok", API),
        ("https://github.com/org/repo/tree/main/docs/runbooks/db", "ok", "docs/runbooks/db/README.md"),
        ("https://github.com/org/repo/blob/main/docs/runbooks/ApiDown.md#L10-L20", "ok", API),
        ("https://gitlab.com/org/repo/-/blob/main/docs/runbooks/queue.md", "ok", "docs/runbooks/queue.md"),
        ("https://site.example.org/runbooks/dr.html", "ok", "source/runbooks/dr.html.md.erb"),
        ("{{ .Values.runbookUrl }}/ApiDown", "ok", API),
        ("{{- .Values.runbookUrl -}}/ApiDown", "ok", API),
        ("@OPS_URL@/runbooks/queue", "ok", "docs/runbooks/queue.md"),
        ("docs/runbooks/ApiDown.md", "ok", API),
        ("./docs/runbooks/ApiDown.md", "ok", API),
        ("../docs/runbooks/ApiDown.md", "ok", API),
        ("/runbooks/ApiDown", "ok", API),
        ("runbooks/apidown.md", "ok-case", API),
        ("ApiDown.md", "ok", API),
        ("apidown", "ok", API),
        ("https://runbooks.example.org/nothing-alike", "missing-page", None),
        ("https://github.com/org/repo/blob/main/docs/gone.md", "missing-page", None),
        ("https://github.com/org/repo/blob/main/docs/README.md", "missing-page", None),
        (
            "https://gitea.example/org/repo/src/branch/main/docs/runbooks/queue.md",
            "ok",
            "docs/runbooks/queue.md",
        ),
        ("docs/gone.md", "missing-page", None),
        ("https://runbooks.example.org/{{ .Values.x }}/y", "templated", None),
        ("{{ .Values.other }}/ApiDown", "templated", None),
        ("https://{{ .Values.host }}/ApiDown", "templated", None),
        ("@OTHER@/ApiDown", "templated", None),
        ("${BASE}/ApiDown", "templated", None),
        ("https://runbooks.example.org.evil/ApiDown", "external", None),
        ("https://runbooks.example.com/ApiDown", "external", None),
        ("https://github.com/org/repository/blob/main/README.md", "external", None),
        ("https://elsewhere.example/{{ $labels.pod }}", "external", None),
        ("wiki.example.org/page", "external", None),
        ("mailto:someone@example.org", "external", None),
        ("", "none", None),
        (None, "none", None),
    ],
)
def test_an_address_means_a_page(url: str | None, verdict: str, path: str | None) -> None:
    found = resolve(url)
    assert (found.verdict, found.path) == (verdict, path)


@pytest.mark.parametrize(
    ("fragment", "verdict", "anchor", "suggestion"),
    [
        ("first-steps", "ok", "first-steps", None),
        ("user-content-first-steps", "ok", "first-steps", None),
        ("First-Steps", "ok-case", "first-steps", None),
        ("first%2Dsteps", "ok", "first-steps", None),
        ("", "ok", None, None),
        (":~:text=abc", "ok", None, None),
        ("first-step", "bad-anchor", "first-step", "first-steps"),
        ("nothing", "bad-anchor", "nothing", None),
        ("{{ $labels.x }}", "templated", None, None),
    ],
)
def test_an_anchor_is_looked_for_on_the_page(
    fragment: str, verdict: str, anchor: str | None, suggestion: str | None
) -> None:
    found = resolve("https://runbooks.example.org/ApiDown#" + fragment)
    assert (found.verdict, found.path, found.anchor, found.suggestion) == (verdict, API, anchor, suggestion)


@pytest.mark.parametrize(
    ("url", "alert", "suggestion"),
    [
        ("https://runbooks.example.org/moved-page", "Some", "docs/old/moved-page.md"),
        ("https://runbooks.example.org/a/Queue.html", "Some", "docs/runbooks/queue.md"),
        ("https://runbooks.example.org/gone", "QueueFull", "docs/runbooks/queue.md"),
        ("https://runbooks.example.org/gone", "TooManyErrors", "docs/old/moved-page.md"),
        ("https://runbooks.example.org/gone", "DbPrimaryLost", "docs/runbooks/db/README.md"),
        ("https://runbooks.example.org/ApiDwon", "Some", API),
        ("https://runbooks.example.org/gone", "Slow", None),
        (None, "queue_stuck", "docs/runbooks/queue.md"),
        (None, "APIDOWN", API),
        (None, "Unheard", None),
        ("https://elsewhere.example/x", "ApiDown", None),
    ],
)
def test_where_nothing_is_found_the_best_guess_is_given(url: str | None, alert: str, suggestion: str | None) -> None:
    assert resolve(url, alert).suggestion == suggestion


def test_without_a_base_every_web_address_is_external() -> None:
    for url in ("https://runbooks.example.org/ApiDown", "http://a/docs/runbooks/ApiDown.md"):
        assert resolve_address(url, INDEX).verdict == "external"


def test_the_longest_prefix_wins() -> None:
    bases = read_url_bases({"https://a": "x", "https://a/b/c": "docs/runbooks", "https://a/b": "y"})
    assert resolve_address("https://a/b/c/queue", INDEX, bases).path == "docs/runbooks/queue.md"


def test_a_base_may_name_a_folder_of_the_book() -> None:
    bases = read_url_bases({"https://a": "runbooks"})
    assert resolve_address("https://a/queue", INDEX, bases).path == "docs/runbooks/queue.md"


def test_of_several_moved_pages_the_nearest_is_suggested() -> None:
    index = PageIndex([PagePlace(f"{folder}/x.md") for folder in ("a/b", "z/c", "a/d")])
    bases = read_url_bases({"https://a": "."})
    assert resolve_address("https://a/z/q/x", index, bases).suggestion == "z/c/x.md"


@pytest.mark.parametrize(
    ("address", "filled"),
    [
        ("https://a/{{ $labels.alertname }}", "https://a/ApiDown"),
        ("https://a/{{$labels.alertname|toLower}}", "https://a/apidown"),
        ("https://a/{{ .Labels.alertname }}/{{ $labels.severity }}", "https://a/ApiDown/page"),
        ('{{ printf "https://a/%s#x" $labels.alertname }}', "https://a/ApiDown#x"),
        ('https://a/{{ index $labels "alertname" }}', "https://a/ApiDown"),
        ("https://a/{{`{{`}} $labels.alertname {{`}}`}}", "https://a/ApiDown"),
        ("https://a/{{`{{ $labels.alertname }}`}}", "https://a/ApiDown"),
        ("https://a/{{ '{{' }} $labels.alertname {{ '}}' }}", "https://a/ApiDown"),
        ("https://a/{% raw %}{{ $labels.alertname }}{% endraw %}", "https://a/ApiDown"),
        ('https://a/{{ printf "{{ $labels.alertname }}" }}', "https://a/ApiDown"),
        ("https://a/{{ $labels.pod }}", "https://a/{{ $labels.pod }}"),
        ("https://a/{{ $labels.team }}", "https://a/{{ $labels.team }}"),
        ("{{ .Values.url }}/{{ $labels.alertname }}", "{{ .Values.url }}/ApiDown"),
    ],
)
def test_a_template_is_filled_where_the_rule_decides_it(address: str, filled: str) -> None:
    labels = {"alertname": "ApiDown", "severity": "page", "team": "{{ $labels.x }}"}
    assert fill(address, labels) == filled


def test_a_filled_address_is_resolved() -> None:
    found = resolve("https://runbooks.example.org/{{ $labels.alertname }}#{{ $labels.severity }}", "ApiDown")
    assert (found.verdict, found.path, found.anchor) == ("bad-anchor", API, "page")


def test_an_alert_named_by_a_template_fills_nothing() -> None:
    assert resolve("https://runbooks.example.org/{{ $labels.alertname }}", "{{ .x }}").verdict == "templated"


@pytest.mark.parametrize(
    ("path", "bare"),
    [
        ("a/b.md", "a/b"),
        ("a/b.html.md.erb", "a/b"),
        ("/a/b/", "a/b"),
        ("a/_index.md", "a"),
        ("README.md", ""),
        ("a/index.html", "a"),
        ("a/v1.2", "a/v1.2"),
    ],
)
def test_paths_are_compared_without_endings(path: str, bare: str) -> None:
    assert bare_path(path) == bare


def test_a_page_of_the_folders_name_comes_before_the_folders_own() -> None:
    index = PageIndex([PagePlace("a/README.md"), PagePlace("a.md"), PagePlace("a/index.md"), PagePlace("b/README.md")])
    assert [index.at(path) and index.at(path)[0].path for path in ("a", "b/", "a/README.md")] == [  # type: ignore[index]
        "a.md",
        "b/README.md",
        "a/README.md",
    ]


WORDS = st.sampled_from(
    ["https://", "runbooks.example.org", "/", "ApiDown", ".md", "#", "?", "{{", "}}", "$labels.alertname",
     "%", "%2F", "..", "blob/main/", "github.com/org/repo", "@", ":", "é", "\udc80", "\0", " ", "|", '"',
     "printf ", "%s", "`"]
)  # fmt: skip


@given(st.lists(WORDS, max_size=12).map("".join) | st.text(max_size=40))
def test_every_address_gets_a_verdict(url: str) -> None:
    found = resolve(url, url)
    assert found.verdict in VERDICTS
    assert found.why
    assert (found.path is not None) >= (found.verdict in ("ok", "ok-case", "bad-anchor"))
    is_templated(fill(url, {"alertname": url}))
    read_url_bases({url: url})
