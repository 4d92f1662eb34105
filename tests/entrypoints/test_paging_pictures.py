"""Escalations and counts as SVG: what is drawn is also told, whatever stands in a name."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from opsbook.entrypoints.shown.bars import bars, share
from opsbook.entrypoints.shown.policy_picture import NOBODY, Rung, cut, picture

EVIL = '<b>"&\'</b>'


def test_a_level_that_reaches_nobody_is_drawn_apart_and_told():
    svg = picture([Rung("at once", "Level 1", "Primary", ""), Rung("+5 min", "Level 2", "Kim", "Kim")], name="X", id_="p")
    assert svg.count("policy-nobody") == 1
    assert f"at once: Level 1, Primary; {NOBODY}." in svg


@pytest.mark.parametrize("rungs", [[], [Rung(EVIL, EVIL, EVIL * 30, EVIL, is_last=True)]])
def test_a_picture_is_whole_whatever_stands_in_a_name(rungs):
    svg = picture(rungs, name=EVIL, id_="p", note=EVIL)
    assert ElementTree.fromstring(svg).get("role") == "img"
    assert "<b>" not in svg


def test_what_does_not_fit_a_line_ends_in_an_ellipsis():
    assert cut("a" * 60, 10) == "aaaaaaaaa…"
    assert cut("short", 10) == "short"


def test_bars_are_told_in_words():
    days = [("24 Nov", 3, 1), ("25 Nov", 0, 0), ("26 Nov", 5, 2)]
    svg = bars(days, name=EVIL, id_="b", words=("pages", "at night"))
    assert "8 pages in 3 days, 3 of them at night. The most were on 26 Nov: 5." in svg
    assert ElementTree.fromstring(svg).get("role") == "img"
    assert "No pages in 2 days." in bars(days[1:2] * 2, name="X", id_="b", words=("pages", "at night"))


def test_a_share_is_never_wider_than_its_frame():
    assert "M0 0h100.0v8" in share(7, 3, told="7")
    assert "M0 0h0v8" in share(7, 0, told="7")


def test_the_number_beside_a_chart_has_room():
    drawn = bars([("1 Nov", 1_234_567, 0)], name="Alerts", id_="a", words=("alerts", ""))
    at, number = re.findall(r'<text x="([\d.]+)"[^>]* text-anchor="end"[^>]*>([\d,]+)<', drawn)[-1]
    assert number == "1,234,567" and float(at) >= len(number) * 8
