"""Somebody sees to how people are reached from the command line."""

from __future__ import annotations

import json

from tests.stories.opsbook_program import run, write

from opsbook.usecases.contact_words import quiet_told

PAGE = """# On-Call

| Name | Handle | E-Mail |
| --- | --- | --- |
| Ada Byron | @ada | ada@example.org |
"""


def test_contacts_are_added_ordered_tested_and_forgotten(tmp_path):
    write(tmp_path, {"docs/operations/on-call.md": PAGE})

    def person(*words, status=0, stdin=""):
        done = run("person", *words, here=tmp_path, stdin=stdin)
        assert done.returncode == status, done.stderr
        return done.stdout

    assert "own-sms, ***99" in person("add-contact", "ada", "sms", "-", stdin="+45 5550 0199\n")
    assert "email after 5m high" in person("rules", "@ada", "own-sms", "email after 5 minutes high")
    assert "quiet hours: 22:00-07:00" in person("quiet", "ada", "22:00-07:00", "--time-zone", "Europe/Copenhagen")
    assert "A test is on its way" in person("verify", "ada", "own-sms")
    person("verify", "ada", "own-sms", "1", status=3)
    (ada,) = json.loads(person("list", "--format", "json"))["people"]
    assert [each["address"] for each in ada["contacts"]] == ["a***@example.org", "***99"]
    person("forget", "ada", status=2)
    person("forget", "ada", "--yes")
    assert "own-sms" not in person("show", "Ada Byron")
    assert not [file for file in tmp_path.rglob("*.db*") if b"5550" in file.read_bytes()]


def test_a_contact_of_somebody_unknown_is_refused_unless_they_are_new(tmp_path):
    write(tmp_path, {"docs/operations/on-call.md": PAGE})
    refused = run("person", "add-contact", "adda", "sms", "+45 5550 0199", here=tmp_path)
    assert (refused.returncode, "Did you mean 'ada'?" in refused.stderr, "--new" in refused.stderr) == (2, True, True)
    assert run("person", "add-contact", "ghost", "sms", "+45 5550 0199", "--new", here=tmp_path).returncode == 0


def test_quiet_hours_over_midnight_are_said_back_with_how_long_they_are():
    assert quiet_told((9 * 3600, 5 * 3600)) == "09:00-05:00, over midnight: 20 hours, until 05:00 of the next day"
    assert quiet_told((9 * 3600, 17 * 3600)) == "09:00-17:00"
