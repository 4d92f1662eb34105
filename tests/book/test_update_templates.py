"""Templates of updates as people write them: for whom they are, what their slots ask for, how they are filled."""

from __future__ import annotations

import random

import pytest

from opsbook.book.incident_policy import Template
from opsbook.book.update_templates import asked, audience_of, choose, fill, slots_of, unfilled_in

KNOWN = {
    "severity": "P1", "status": "Investigating", "title": "Cards are refused", "since": "03:10", "next": "03:40",
    "services": "Paying", "impact": "Nobody can pay", "users": "everybody", "known": "The primary is full",
    "doing": "Fail over", "resolved": "05:00", "number": "INC-14", "meanwhile": "Pay by bill",
}  # fmt: skip


@pytest.mark.parametrize(
    ("title", "paragraph", "audience"),
    [
        ("Internal Update", "", "team"),
        ("Management Update", "For those who must answer for it", "executives"),
        ("Public Update", "", "customers"),
        ("Customer Notification", "", "customers"),
        ("Executive Summary", "", "executives"),
        ("Stakeholder Email", "", "executives"),
        ("Slack Announcement", "", "team"),
        ("Status Page Message", "", "customers"),
        ("Initial Notification", "For customers, on the status page.", "customers"),
        ("Status Update", "", "team"),
        ("Handover Checklist", "", None),
    ],
)
def test_a_template_is_for_whom_its_heading_or_paragraph_says(title, paragraph, audience):
    assert audience_of(Template(title, "text", 1, "a", paragraph)) == audience


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("[P0/P1/P2/P3]", "severity"), ("[SEV-1]", "severity"), ("[Severity]", "severity"),
        ("[Incident Title]", "title"), ("{{ title }}", "title"), ("<incident title>", "title"),
        ("[Investigating / Mitigating / Resolved]", "status"), ("**Status:** [Current Status]", "status"),
        ("**Next update:** [Time]", "next"), ("We will write again by [Time]", "next"), ("**Next Update:** [HH:MM]", "next"),
        ("since [Time]", "since"), ("**Started:** [Date/Time]", "since"), ("Start Time: [YYYY-MM-DD HH:MM]", "since"),
        ("**Resolved:** [Time]", "resolved"), ("[Time resolved]", "resolved"),
        ("[what customers call it]", "services"), ("**Affected Services:** [List]", "services"),
        ("**Impact:** [Description]", "impact"), ("**Impact:** [Who cannot do what, since when]", "impact"),
        ("for [whom]", "users"), ("[What we know]", "known"), ("[What we do now, and who]", "doing"),
        ("[What they can do meanwhile.]", "meanwhile"), ("Workaround: [if any]", "meanwhile"),
        ("**Incident Commander:** [Name]", "commander"),
        ("[A decision, or nothing]", ""), ("[Time]", ""),
    ],
)  # fmt: skip
def test_a_slot_asks_for_what_its_words_or_its_label_say(text, name):
    assert asked(slots_of(text)[-1]) == name


@pytest.mark.parametrize(
    "text", ["[a link](https://x)", "![picture](x.png)", "- [ ] task", "\\[no slot]", "[1]: note", "a <b>bold</b> <br>"]
)
def test_what_is_no_slot_is_left_alone(text):
    assert unfilled_in(text) == ()
    assert fill(text, KNOWN).text == text


def test_a_choice_is_written_as_the_template_writes_it():
    assert fill("We are [investigating / mitigating] it.", KNOWN).text == "We are investigating it."
    over = fill("We are [investigating / mitigating] it.", {"status": "Resolved"})
    assert over.unfilled == ("investigating / mitigating",)


def test_of_several_templates_the_one_for_the_end_tells_the_end():
    going = Template("Public Update", "We are [investigating / mitigating].", 1, "public-update")
    end = Template("Public Update (Resolved)", "It is over.", 9, "public-update-resolved")
    assert choose([going, end], "customers", is_over=False).origin == "#public-update"
    assert choose([going, end], "customers", is_over=True).origin == "#public-update-resolved"
    assert choose([going], "customers", is_over=True).is_built_in


def test_filling_loses_and_invents_nothing():
    chance = random.Random(31)
    pieces = ["[Time]", "[P0/P1]", "since ", "{{ title }}", "<TITLE>", "[", "]", "](", "\n", "**Impact:** ", "[x](y)",
              "text ", "TBD", "[[nested]]", "{{", "}}", "\\", "é", "[What we know]"]  # fmt: skip
    for _ in range(3000):
        text = "".join(chance.choices(pieces, k=chance.randint(0, 12)))
        assert fill(text, {}).text == text
        filled = fill(text, KNOWN)
        assert set(filled.unfilled) <= set(unfilled_in(text))
        assert fill(filled.text, {}).text == filled.text
