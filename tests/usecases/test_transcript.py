"""A run told from beginning to end."""

from __future__ import annotations

import json

from msgspec.structs import replace
from tests.ledger.planned import Story, command, manual

from opsbook.usecases.transcript import Chain, as_asciicast, as_json, as_markdown

CHAIN = Chain(3, "ab12")


def told(output: bytes = b"", text: str = "") -> Story:
    story = Story(manual("1"), replace(command("2"), text=text or "Step 2"), assumes_yes=True)
    story.do(tail=output.decode(errors="replace"))
    return story


def test_the_transcript_names_the_procedure_who_started_it_and_how_it_ended():
    text = "\n".join(as_markdown(told().run, lambda _key: b"", CHAIN))
    for part in ("# Run of Deploy", "`a.md#deploy`", "by zoe", "**succeeded**", "3, the last with hash `ab12`"):
        assert part in text


def test_an_output_stays_text_whatever_it_holds():
    output = b"```\n# no heading\n<b>\x1b[31mred\x1b[0m</b>\x1b]0;x\x07\n````\n"
    text = "\n".join(as_markdown(told().run, lambda _key: output, CHAIN))
    assert "`````text\n```\n# no heading\n<b>red</b>\n````\n`````" in text


def test_what_a_page_says_cannot_write_the_transcript():
    text = "\n".join(as_markdown(told(text="See <script> [x](y) *z*\n# forged").run, lambda _key: b"", CHAIN))
    assert "See \\<script\\> \\[x\\](y) \\*z\\*" in text
    assert "\n# forged" not in text


def test_an_output_that_is_not_kept_any_more_is_told_by_its_end():
    story = told(b"the end of it")
    assert "the end of it" in "\n".join(as_markdown(story.run, lambda _key: b"", CHAIN))


def test_json_holds_the_whole_outputs_and_the_proof():
    (line,) = as_json(told().run, lambda _key: b"all of it\n", CHAIN)
    whole = json.loads(line)
    assert (whole["events"], whole["hash"], list(whole["outputs"].values())) == (3, "ab12", ["all of it"])


def test_a_cast_counts_up_and_holds_colours_and_no_other_control():
    header, *events = map(json.loads, as_asciicast(told().run, lambda _key: b"\x1b[31mred\x1b[0m\x1b[2J\nnext\n"))
    assert (header["version"], header["title"]) == (2, "Deploy (261123-031000-abcd): succeeded")
    times = [at for at, _, _ in events]
    assert times == sorted(times)
    shown = "".join(text for _, _, text in events)
    assert "\x1b[31mred" in shown
    assert "\x1b[2J" not in shown
