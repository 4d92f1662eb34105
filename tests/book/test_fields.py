"""Bold labels are read with their values: as a line, a bullet, a bullet with blocks below, or a line of their own."""

from __future__ import annotations

import pytest
from tests.book.whole_reading import page_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**Owner:** Platform", [("Owner", "Platform")]),
        ("**Owner**: Platform", [("Owner", "Platform")]),
        ("**Owner:**Platform", []),  # no strong phrase by CommonMark: `:**P` closes none
        ("__Owner:__ Platform", [("Owner", "Platform")]),
        ("**A:** b  \n**C:** d\\\n**E:** f", [("A", "b"), ("C", "d"), ("E", "f")]),
        ("**A:** b\nc\n**D:** e", [("A", "b\nc"), ("D", "e")]),
        ("**A:** b\n**not** a label", [("A", "b\n**not** a label")]),
        ("**Owner:**", [("Owner", "")]),
        ("**Owner:** <!-- who? -->", [("Owner", "")]),
        ("**Owner:** x <!-- y --> z", [("Owner", "x")]),
        ("- **A:** b\n- **C** d\n- **E**: f", [("A", "b"), ("E", "f")]),
        ("> **A:** b", [("A", "b")]),
        ("1. [ ] **A:** b", [("A", "b")]),
        ("**Symptoms**\n\nslow", [("Symptoms", "")]),
        ("**Symptoms**\nslow", [("Symptoms", "slow")]),
        ("**Symptoms** slow", []),
        ("a **B:** c", []),
        ("| **A:** b |\n|---|", []),
        ("# **A:** b", []),
        ("**A:** b **c** d", [("A", "b **c** d")]),
        ("**" + "x" * 90 + ":** y", []),
        ("**:** y", []),
        ("**Владелец:** Иван", [("Владелец", "Иван")]),
        ("**所有者：** 李", [("所有者", "李")]),
        ("**所有者**：李", [("所有者", "李")]),
        ("**Responsable :** Anne", [("Responsable", "Anne")]),
        ("**On   call:** x", [("On call", "x")]),
        ("**Owner:** [Team/Person]", [("Owner", "[Team/Person]")]),
        ("**Links:** [a](b.md)", [("Links", "[a](b.md)")]),
        ("**A:** `b`\r\n**C:** d\r\n", [("A", "`b`"), ("C", "d")]),
        ("````\n**A:** b\n````", []),
    ],
)  # fmt: skip
def test_a_label_and_its_value(text, expected):
    page = page_of(text)
    assert [(field.name, field.value(page.document)) for field in page.fields] == expected


def test_a_label_knows_its_own_place_and_that_of_its_value():
    raw = "é\n\n- **Owner:**  Platform\n".encode()
    page = page_of(raw)
    (field,) = page.fields
    assert raw[field.start : field.end] == b"**Owner:**  "
    assert raw[field.value_start : field.value_end].strip() == b"Platform"
    assert page.document.blocks[field.item].kind == "item"
    assert page.document.blocks[field.block].kind == "paragraph"


def test_a_label_inside_an_item_is_not_the_items_own():
    page = page_of("- text\n\n  **Owner:** x\n")
    assert [field.item for field in page.fields] == [-1]


def test_labels_are_found_by_their_place():
    page = page_of("**A:** b\n\n## H\n\n**C:** d\n\n- **E:** f\n")
    section = page.sections[0]
    assert [field.name for field in page.fields_within(section.body, section.end)] == ["C", "E"]
    assert [field.name for field in page.fields_of(page.fields[0].block)] == ["A"]
