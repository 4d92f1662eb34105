"""The order of what the index offers."""

from __future__ import annotations

from opsbook.book.search import Candidate, Phrase, Plan, SearchSection, Sought, names_of, rank


def candidate(number: int, page: str, title: str, **more: object) -> Candidate:
    path = str(more.get("path", f"{number}.md"))
    alerts = (str(more["alert"]),) if "alert" in more else ()
    section = SearchSection(path, "", page, title, "", 1, alerts, "", "")
    return Candidate(
        number, path, int(str(more.get("line", 1))), str(more.get("slot", "")), names_of(section),
        float(str(more.get("weight", 1.0))), str(more.get("symptoms", "")), str(more.get("text", "")),
    )  # fmt: skip


def asked(*words: str, is_pasted: bool = False) -> Plan:
    sought = tuple(Sought((Phrase((word,), 5),), 3.0) for word in words)
    return Plan(required=sought, joined="".join(words), phrase=" ".join(words), is_pasted=is_pasted)


def order(candidates: list[Candidate], plan: Plan, *, covered: bool = True) -> list[int]:
    return [one.number for one in rank(candidates, plan, covered=covered)]


def test_an_alert_of_that_name_comes_before_headings_and_those_before_prose() -> None:
    prose = candidate(1, "Other", "Notes", weight=9.0)
    heading = candidate(2, "Other", "Crash looping", weight=5.0)
    alert = candidate(3, "Pods", "Meaning", alert="CrashLooping", weight=2.0)
    assert order([prose, heading, alert], asked("crash", "looping")) == [3, 2, 1]


def test_the_section_about_it_on_the_page_about_it_comes_first() -> None:
    generic = candidate(1, "Disk full", "Escalation")
    page = candidate(2, "Escalation procedures", "Contacts")
    both = candidate(3, "Escalation procedures", "Escalation path")
    assert order([generic, page, both], asked("escalation"))[0] == 3


def test_equal_candidates_are_in_order_of_path_and_line() -> None:
    later = candidate(1, "Page", "Title", path="b.md")
    second = candidate(2, "Page", "Title", path="a.md", line=9)
    first = candidate(3, "Page", "Title", path="a.md", line=2)
    assert order([later, second, first], asked("title")) == [3, 2, 1]


def test_what_was_done_once_comes_after_what_is_to_be_done() -> None:
    done = candidate(1, "Run of Failover", "Failover", path="runbooks/runs/261126-160512-k3vd.md", weight=2.0)
    to_do = candidate(2, "Database", "Notes", weight=1.0)
    assert order([done, to_do], asked("failover")) == [2, 1]


def test_scores_lie_between_0_and_1() -> None:
    scores = [one.score for one in rank([candidate(1, "Title", "Title", weight=50.0)], asked("title"), covered=True)]
    assert 0 < scores[0] < 1


def test_a_section_with_more_of_the_words_comes_first_when_none_has_all() -> None:
    one = candidate(1, "Page", "Part", weight=6.0, text="leader leader leader")
    two = candidate(2, "Page", "Part", weight=5.0, text="the etcd leader")
    assert order([one, two], asked("etcd", "leader", "absent"), covered=False) == [2, 1]


def test_pasted_text_goes_to_the_section_whose_symptoms_quote_it() -> None:
    prose = candidate(1, "Page", "Part", text="connection refused", weight=9.0)
    entry = candidate(2, "Page", "Part", symptoms="connection refused", slot="troubleshooting", weight=1.0)
    assert order([prose, entry], asked("connection", "refused", is_pasted=True), covered=False) == [2, 1]


def test_names_that_were_written_by_another_version_are_no_error() -> None:
    odd = Candidate(1, "a.md", 1, "", "broken", 1.0)
    assert order([odd], asked("word")) == [1]
