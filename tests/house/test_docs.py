"""The documents keep step with the program, and the repository holds nothing that belongs to one machine."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from opsbook import __version__
from opsbook.book.lint import RULES
from opsbook.config_file import FIELDS, read_settings
from opsbook.usecases.chosen_rules import all_rules

ROOT = Path(__file__).resolve().parents[2]


def read(name: str) -> str:
    """A document of the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def tracked() -> list[str]:
    """Every tracked file that is here; the test is skipped outside a git checkout."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip("ABSENT: git-checkout (this is a tree without its repository)")
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_every_rule_has_its_page_and_every_page_its_rule():
    files = {path.stem for path in (ROOT / "src/opsbook/book/rules").rglob("*.py")} - {"__init__"}
    pages = {path.stem for path in (ROOT / "docs/rules").glob("*.md")} - {"README"}
    assert {stem.replace("_", "-") for stem in files} == pages


def test_every_registered_rule_is_named_as_its_page():
    all_rules()
    pages = {path.stem for path in (ROOT / "docs/rules").glob("*.md")}
    assert [name for name in RULES.names() if name not in pages] == []


def test_every_make_target_is_told_to_people():
    targets = re.findall(r"^([a-z]+):.*##", read("Makefile"), re.M)
    assert {"serve", "test", "torture", "bench", "lint", "lock", "clean", "help"} <= set(targets)
    told = read("README.md") + read("CONTRIBUTING.md")
    assert [target for target in targets if f"make {target}" not in told] == []


def test_every_setting_is_told_to_people():
    told = read("docs/configuration.md")
    assert [field.key for field in FIELDS if f"`{field.key}`" not in told] == []


def test_the_example_of_the_configuration_is_read():
    examples = re.findall(r"```toml\n(.*?)```", read("docs/configuration.md"), re.S)
    assert examples
    for example in examples:
        read_settings(example.encode(), "docs/configuration.md")


def test_every_environment_variable_is_told_to_people():
    told = read("docs/configuration.md")
    used = set(re.findall(r"\bOPSBOOK_[A-Z]+\b|\bNO_COLOR\b|\bFORCE_COLOR\b", read("src/opsbook/config.py")))
    assert used
    assert [name for name in sorted(used) if f"`{name}`" not in told] == []


def test_the_changelog_has_the_version():
    assert re.search(rf"^## \[{re.escape(__version__)}\]", read("CHANGELOG.md"), re.M)


# Written in pieces, so that this file may be read by the tests below too.
REGISTRIES = re.compile("python" + r"hosted\.|registry\." + "npm|deb" + r"\.debian\.|//" + r"pypi\.")
MACHINE = re.compile(r"(?<![\w.-])/(?:" + "wo" + "rk|tmp/" + "w(?:t)?)/")
GENERATED = re.compile(
    r"(^|/)(__pycache__|\.venv|\.opsbook|build|dist|node_modules|\.(pytest|mypy|ruff)_cache|\.hypothesis)/"
    r"|\.(pyc|db|db-wal|log|egg-info|coverage)$"
)


@pytest.mark.parametrize(("pattern", "what"), [(REGISTRIES, "a registry's address"), (MACHINE, "one machine's path")])
def test_no_tracked_file_names(pattern, what):
    found = []
    for name in tracked():
        text = (ROOT / name).read_bytes().decode("utf-8", "replace")
        found += [f"{name}:{number}" for number, line in enumerate(text.split("\n"), 1) if pattern.search(line)]
    assert found == [], what


def test_nothing_generated_is_tracked():
    assert [name for name in tracked() if GENERATED.search(name)] == []


@pytest.mark.parametrize(
    ("pattern", "text", "is_found"),
    [
        (MACHINE, "see /wo" + "rk/shared", True), (MACHINE, "'/tmp/" + "w/v'", True), (MACHINE, "/tmp/web", False),
        (MACHINE, "/srv/wo" + "rk/x", False), (GENERATED, "src/a/__pycache__/b.pyc", True), (GENERATED, "a.py", False),
        (REGISTRIES, "https://" + "pypi.org/simple", True), (REGISTRIES, "from PyPI", False),
    ],
)  # fmt: skip
def test_what_must_not_be_tracked_is_recognised(pattern, text, is_found):
    assert bool(pattern.search(text)) is is_found


def test_the_locks_pin_everything_by_hash_and_name_no_address():
    for name in ("requirements.lock", "requirements-dev.lock", "requirements-bench.lock"):
        entries = re.split(r"\n(?=\S)", read(name))
        pinned = [entry for entry in entries if not entry.startswith("#") and entry.strip()]
        assert pinned
        assert [entry for entry in pinned if "==" not in entry or "--hash=sha256:" not in entry] == []
        assert "://" not in read(name)


def test_the_runtime_lock_is_part_of_the_one_for_development():
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^([\w.-]+==[^\s;]+)", read(name), re.M))

    assert pins("requirements.lock") < pins("requirements-dev.lock")


def test_every_dependency_is_locked():
    project = tomllib.loads(read("pyproject.toml"))
    declared = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["dev"],
        *project["dependency-groups"]["build"],
    ]
    assert unlocked(declared, "requirements-dev.lock") == set()
    assert unlocked(project["dependency-groups"]["bench"], "requirements-bench.lock") == set()


def unlocked(declared: list[str], lock: str) -> set[str]:
    """The declared dependencies that a lock file does not pin."""
    names = {re.match(r"[\w.-]+", each)[0].lower() for each in declared}
    return names - set(re.findall(r"^([\w.-]+)==", read(lock), re.M))


def test_the_peers_from_npm_are_locked_by_hash_and_without_an_address():
    lock = json.loads(read("bench/npm/package-lock.json"))
    packages = [package for name, package in lock["packages"].items() if name]
    assert packages
    assert [package for package in packages if "integrity" not in package or "resolved" in package] == []
