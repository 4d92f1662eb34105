"""Filling a template changes what it was asked to, whatever the template."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from opsbook.book.templates import Template, fill, slots_left

_PARTS = st.sampled_from([
    "# ", "## ", "[Service Name]", "**Owner:** ", "[Team/Person]", "  \n", "\n", "\r\n", "- ", "**Status:**", "é", "\\\n",
    "[Draft / Open / Closed]", "<name>", "text ", "**Owner:**\n", "`[x]`", "| a |\n| --- |\n| [b] |\n", "**Owner** ",
])  # fmt: skip


@given(st.lists(_PARTS, max_size=25).map("".join))
def test_filling_never_raises_and_takes_slots_alone(text: str) -> None:
    content, filled = fill(Template(text.encode(), "x"), "Checkout", {"owner": "Ada", "status": "Draft"}, {})
    assert slots_left(content) <= slots_left(text.encode())
    if not filled and "#" not in text:
        assert content == text.encode()


def test_only_the_value_changes_and_the_hard_break_stays() -> None:
    text = "# [Service Name] Runbook\r\n\r\n**Service:** [Service Name]  \r\n- **Owner:** [Who]\\\r\n  more\r\n**Empty:**\r\n"
    content, filled = fill(Template(text.encode(), "x"), "Pay", {"owner": "Ada"}, {"empty": "no"})
    assert content.decode() == (
        "# Pay Runbook\r\n\r\n**Service:** Pay  \r\n- **Owner:** [Who]\\\r\n  more\r\n**Empty:** no\r\n"
    )
    assert filled == {"Empty": "no"}


def test_a_choice_that_a_slot_does_not_offer_is_not_taken() -> None:
    template = Template(b"# X\n\n**Status:** [Open / Under Way / Shut]\n", "x")
    assert fill(template, "Y", {"status": "Draft"}, {})[1] == {}
