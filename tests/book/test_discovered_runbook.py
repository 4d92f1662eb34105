"""The runbook of a service that was found, and how it is compared with it again later."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.book.discovered import ALERT, BESIDE, CHECK, DATABASE, PATH, PLACE, seed_template

from opsbook.book.discovery.comparing import compare
from opsbook.book.discovery.found import Found, FoundCheck, FoundOperation, FoundStep, Told
from opsbook.book.discovery.marks import marked_parts
from opsbook.book.discovery.runbook_page import runbook_page, words_of
from opsbook.book.discovery.written import Beside, FoundAlert
from opsbook.book.page import Page, read_page
from opsbook.book.parts import parts_of
from opsbook.book.probe import probes_of
from opsbook.book.templates import Template
from opsbook.ground.errors import Span

TEMPLATE = seed_template()
WORDS = words_of(read_page("template.md", TEMPLATE.content))


def drafted(found: Found = DATABASE, beside: Beside = BESIDE, template: Template = TEMPLATE) -> Page:
    return read_page(PATH, runbook_page(template, found, beside, today="2030-05-06"))


def text_of(page: Page) -> str:
    return page.document.content.decode()


def test_every_operation_that_was_found_is_a_procedure_of_commands() -> None:
    kinds = {each.anchor: [step.kind for step in each.steps] for each in parts_of(drafted()).procedures}
    assert kinds == {
        "docker-compose": ["command", "command"], "show-status": ["command"], "show-logs": ["command"],
        "restart-service": ["command"], "restore": ["command", "command"],
        "issue-databasedown": ["sub-run", "sub-run", "sub-run"],
    }  # fmt: skip


def test_verification_and_rollback_stand_under_the_labels_of_the_template() -> None:
    deploy = next(each for each in parts_of(drafted()).procedures if each.anchor == "docker-compose")
    assert [step.text for step in deploy.verification] == ["It is ready"]
    assert [step.text for step in deploy.rollback] == ["Start it as it was"]


def test_the_health_check_is_probed() -> None:
    assert [(probe.address, probe.every_s) for probe in probes_of(drafted())] == [("tcp://127.0.0.1:5432", 30.0)]


def test_the_parameters_are_read_again_as_they_were_found() -> None:
    restore = next(each for each in parts_of(drafted()).procedures if each.anchor == "restore")
    assert [(each.name, each.default) for each in restore.parameters] == [("BACKUP", None), ("MODE", "all")]


def test_head_says_what_is_known_and_has_no_line_for_what_is_not() -> None:
    assert "**Owner:** @data" in text_of(drafted())
    assert "**Last Updated:** 2030-05-06" in text_of(drafted())
    assert "Owner:" not in text_of(drafted(beside=Beside()))


def test_a_section_that_nothing_tells_of_is_left_out() -> None:
    bare = Found(name="cron", origin="systemd", place=PLACE)
    assert {section.slot for section in drafted(bare, Beside()).sections if section.slot} == {"overview", "architecture"}


def test_the_book_s_own_template_decides_words_and_order() -> None:
    own = b"# Runbook: [name]\n\n## Operations\n\n### Bouncing and restarts\n\n## Health\n\n- **Probe URL:** [URL]\n"
    page = drafted(template=Template(own + b"\n## House Rules\n\nAlways call first.\n", "own.md"))
    assert [section.title for section in page.sections][:2] == ["Runbook: db", "Operations"]
    assert "Always call first." in text_of(page)
    assert text_of(page).index("## Operations") < text_of(page).index("## Health")


def test_a_production_namespace_stands_under_the_heading_production() -> None:
    page = drafted(replace(DATABASE, where="shop-prod"))
    assert "production" in [section.anchor for section in page.sections]


def test_a_page_just_written_has_nothing_new() -> None:
    compared = compare(drafted(), DATABASE, BESIDE, WORDS)
    assert (compared.lacks, compared.changed, compared.differs, compared.edits) == ((), (), (), ())


def test_what_moved_in_its_file_changes_no_page() -> None:
    moved = replace(DATABASE, place=Span("compose.yaml", 40, 3))
    assert compare(drafted(), moved, BESIDE, WORDS).edits == ()


def test_a_part_that_nobody_edited_follows_what_is_deployed() -> None:
    moved = replace(DATABASE, checks=(replace(CHECK, url="tcp://127.0.0.1:5433"),))
    compared = compare(drafted(), moved, BESIDE, WORDS)
    assert compared.changed == ("Health Checks",)
    after = read_page(PATH, compared.applied(drafted().document.content))
    assert [probe.address for probe in probes_of(after)] == ["tcp://127.0.0.1:5433"]
    assert compare(after, moved, BESIDE, WORDS).edits == ()


def test_a_part_that_somebody_edited_is_kept_and_the_difference_told() -> None:
    raw = drafted().document.content.replace(b"5432\n- **Expected", b"5432/ready\n- **Expected")
    moved = replace(DATABASE, checks=(replace(CHECK, url="tcp://127.0.0.1:5433"),))
    compared = compare(read_page(PATH, raw), moved, BESIDE, WORDS)
    assert compared.edits == ()
    (differs,) = compared.differs
    assert (differs.what, differs.found, str(differs.found_place)) == (
        "health check", "tcp://127.0.0.1:5433", "compose.yaml:12:3",
    )  # fmt: skip
    assert differs.page_place.path == PATH


def test_words_written_under_what_was_discovered_stay() -> None:
    raw = drafted().document.content.replace(b"\n## Deployment", b"\nAsk Ada when it is slow.\n\n## Deployment")
    moved = replace(DATABASE, checks=(replace(CHECK, url="tcp://127.0.0.1:5433"),))
    after = compare(read_page(PATH, raw), moved, BESIDE, WORDS).applied(raw)
    assert b"Ask Ada when it is slow." in after
    assert b"5433" in after


def test_a_new_alert_is_added_to_the_section_that_is_there() -> None:
    other = FoundAlert(name="DatabaseSlow", summary="Slow", place=Span("rules/db.yml", 9, 5))
    compared = compare(drafted(), DATABASE, replace(BESIDE, alerts=(ALERT, other)), WORDS)
    assert compared.lacks == ("Troubleshooting: Issue: DatabaseSlow",)
    after = read_page(PATH, compared.applied(drafted().document.content))
    above = [after.slot_above(at) for at, each in enumerate(after.sections) if each.title == "Issue: DatabaseSlow"]
    assert above == ["troubleshooting"]


def test_what_people_wrote_under_their_own_headings_is_not_lacking() -> None:
    own = (
        b"# DB Runbook\n\n**Service:** db\n**Owner:** data\n\n## Health Checks\n\n- **Health Check URL:**"
        b" tcp://localhost:5432\n\n## Common Operations\n\n### How to restart it\n\n1. Kick it.\n"
    )
    compared = compare(read_page(PATH, own), DATABASE, BESIDE, WORDS)
    assert "Health Checks" not in compared.lacks
    assert "Common Operations: Restart Service" not in compared.lacks
    assert compared.differs == ()
    after = read_page(PATH, compared.applied(own))
    assert compare(after, DATABASE, BESIDE, WORDS).edits == ()
    assert [each.title for each in after.sections if each.level == 2] == [
        "Overview", "Architecture", "Health Checks", "Deployment", "Common Operations", "Troubleshooting", "Monitoring",
        "Emergency Contacts",
    ]  # fmt: skip


def test_an_owner_who_is_another_is_told_with_both_places() -> None:
    raw = drafted().document.content.replace(b"**Owner:** @data  ", b"**Owner:** Ben  ")
    (differs,) = compare(read_page(PATH, raw), DATABASE, BESIDE, WORDS).differs
    assert (differs.what, differs.page, differs.found) == ("owner", "Ben", "@data")


WORD = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)
STEP = st.builds(FoundStep, WORD, WORD)
FOUND = st.builds(
    Found, name=WORD, origin=st.sampled_from(["compose", "systemd", "prometheus"]), place=st.just(PLACE),
    title=WORD, description=WORD, technology=WORD, where=WORD, owner=WORD,
    needs=st.lists(st.builds(Told, WORD, st.just(PLACE)), max_size=2).map(tuple),
    checks=st.lists(st.builds(FoundCheck, url=st.just("http://h/x"), place=st.just(PLACE)), max_size=1).map(tuple),
    operations=st.lists(
        st.builds(FoundOperation, operation=st.sampled_from(["restart", "deploy", "logs"]),
                  steps=st.lists(STEP, min_size=1, max_size=2).map(tuple), note=WORD), max_size=3).map(tuple),
)  # fmt: skip


@given(FOUND)
def test_whatever_is_found_makes_a_page_that_is_compared_without_harm(found: Found) -> None:
    page = drafted(found)
    compared = compare(page, found, BESIDE, WORDS)
    assert list(marked_parts(page))
    compare(read_page(PATH, compared.applied(page.document.content)), found, BESIDE, WORDS)
