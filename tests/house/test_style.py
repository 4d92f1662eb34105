"""The tree keeps the style of the house, and each check would notice if it did not."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from tests.house import scan

ROOT = Path(__file__).resolve().parents[2]
MODULES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "src" / "opsbook").rglob("*.py"))
}
CHECKS = {
    "sizes": scan.oversizes,
    "names": scan.banned_names,
    "catch-alls": scan.catch_alls,
    "async": scan.asynchronies,
    "environment": scan.environment_reads,
    "rules apart": scan.bonds_of_rules,
    "docstrings": scan.missing_docstrings,
}


@pytest.mark.parametrize("check", CHECKS)
def test_the_tree_keeps(check):
    broken = [each for path, text in MODULES.items() for each in CHECKS[check](path, text)]
    assert not broken, scan.told(broken)


def test_the_pure_floors_are_pure():
    pure = {path: text for path, text in MODULES.items() if scan.floor_of(path) in scan.PURE_FLOORS}
    assert pure
    broken = [each for path, text in pure.items() for each in scan.impurities(path, text)]
    assert not broken, scan.told(broken)


def whys(check, text: str, path: str = "src/opsbook/book/page.py") -> list[str]:
    """What a check says of a text."""
    return [each.why for each in check(path, textwrap.dedent(text))]


@pytest.mark.parametrize(
    "text",
    [
        "import os", "import os.path", "from os import path", "from urllib.request import urlopen",
        "from urllib import request", "import datetime, time", "def f():\n    import socket",
        "if TYPE_CHECKING:\n    from pathlib import Path", "open('x')", "print(1)",
        "datetime.now(UTC)", "datetime.datetime.utcnow()", "date.today()",
    ],
)  # fmt: skip
def test_reaching_for_the_world_is_noticed(text):
    assert len(whys(scan.impurities, text)) == 1


@pytest.mark.parametrize(
    "text",
    ["from urllib.parse import quote", "import re, datetime", "from opsbook.book.page import open_", "page.open()",
     "from .time import x", "datetime(2026, 1, 1)"],
)  # fmt: skip
def test_what_only_looks_like_reaching_for_the_world_is_let_be(text):
    assert whys(scan.impurities, text) == []


def test_a_file_of_401_lines_is_noticed():
    assert whys(scan.oversizes, "#\n" * 400) == []
    assert "401 lines" in whys(scan.oversizes, "#\n" * 401)[0]


def test_a_function_of_61_lines_is_noticed():
    assert whys(scan.oversizes, "def f():\n" + "    x\n" * 59) == []
    assert whys(scan.oversizes, "class A:\n  def f():\n" + "    x\n" * 60) == ["f() has 61 lines, and 60 is the most"]


@pytest.mark.parametrize(
    ("signature", "count"),
    [
        ("a, b, c, d", 0), ("self, a, b, c, d", 0), ("a, b, c, d, *, e, f", 0), ("a, b, c, d, e", 1),
        ("a, b, /, c, d, e", 1),
    ],
)  # fmt: skip
def test_a_fifth_positional_parameter_is_noticed(signature, count):
    assert len(whys(scan.oversizes, f"def f({signature}): ...")) == count


@pytest.mark.parametrize(
    ("name", "banned"),
    [
        ("page_utils", ["util"]), ("PageManager", ["manager"]), ("BaseRule", ["base"]), ("HTTPHandler", ["handler"]),
        ("process", ["process"]), ("processes", ["process"]), ("load_data", ["data"]), ("metadata", []),
        ("database_url", []), ("PageService", ["service"]), ("Service", []), ("services", []), ("url_bases", []),
        ("info_string", []), ("info", ["info"]), ("common_operations", []), ("CommonThing", ["common"]),
        ("classes", []), ("coverage", []), ("score", []),
    ],
)  # fmt: skip
def test_a_banned_word_is_found_in_a_name(name, banned):
    assert scan.banned_words(name, is_noun=True) == banned


def test_services_may_end_the_name_of_a_function():
    assert scan.banned_words("find_service", is_noun=False) == []


@pytest.mark.parametrize(
    ("path", "text", "count"),
    [
        ("src/opsbook/book/helpers.py", "", 1), ("src/opsbook/core/x.py", "", 1), ("src/opsbook/book/page.py", "", 0),
        ("src/opsbook/book/page.py", "class Helper: ...\ndef get_info(): ...\nasync def f(): ...", 2),
    ],
)  # fmt: skip
def test_banned_names_are_found_in_modules_classes_and_functions(path, text, count):
    assert len(list(scan.banned_names(path, text))) == count


CATCH = "try: ...\nexcept {}: ...\n"


@pytest.mark.parametrize("types", ["Exception", "BaseException", "(ValueError, Exception)", "Exception as wrong", ""])
def test_catching_everything_is_noticed(types):
    assert len(whys(scan.catch_alls, CATCH.format(types))) == 1


def test_catching_one_kind_is_fine_and_so_is_raising_it_again():
    assert whys(scan.catch_alls, CATCH.format("ValueError")) == []
    assert whys(scan.catch_alls, "try: ...\nexcept BaseException as wrong:\n    if wrong: raise\n") == []


@pytest.mark.parametrize("path", ["src/opsbook/entrypoints/cli.py", "src/opsbook/usecases/watch.py"])
def test_a_door_and_the_tick_loop_may_catch_everything_once(path):
    once = CATCH.format("Exception")
    assert whys(scan.catch_alls, once, path) == []
    assert len(whys(scan.catch_alls, once * 2, path)) == 1


@pytest.mark.parametrize(
    "text", ["from opsbook.book.rules.pages import stale", "import opsbook.book.rules.stale", "from . import x"]
)
def test_a_rule_that_knows_a_rule_is_noticed(text):
    assert len(whys(scan.bonds_of_rules, text, "src/opsbook/book/rules/pages/secret.py")) == 1
    assert whys(scan.bonds_of_rules, text, "src/opsbook/book/page.py") == []


def test_async_belongs_to_the_doors_and_to_ssh():
    text = "async def f(): ..."
    assert len(whys(scan.asynchronies, text, "src/opsbook/usecases/watch.py")) == 1
    assert whys(scan.asynchronies, text, "src/opsbook/entrypoints/web.py") == []
    assert whys(scan.asynchronies, text, "src/opsbook/adapters/step_hosts/ssh_runner.py") == []


@pytest.mark.parametrize("text", ["os.environ['A']", "os.getenv('A')", "from os import environ", "option(envvar='A')"])
def test_reading_the_environment_is_noticed_outside_config(text):
    assert len(whys(scan.environment_reads, text, "src/opsbook/wire.py")) == 1
    assert whys(scan.environment_reads, text, "src/opsbook/config.py") == []
