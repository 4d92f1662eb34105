"""The documents keep step with the program, and the repository holds nothing that belongs to one machine."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from opsbook import __version__
from opsbook.book.addresses import VERDICTS
from opsbook.book.grammar.fence import ATTRIBUTES
from opsbook.book.headings import SLOTS
from opsbook.book.kinds import KINDS
from opsbook.book.labels import labels
from opsbook.book.lint import RULES
from opsbook.config_file import FIELDS, LINK_STYLES, read_settings
from opsbook.entrypoints import cli
from opsbook.entrypoints.commands.lint import FORMATS
from opsbook.entrypoints.verbs import EXAMPLES, VERBS
from opsbook.ground.errors import SEVERITIES
from opsbook.usecases.chosen_rules import about_rules, all_rules

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


def test_the_table_of_rules_is_complete_and_right():
    shown = re.findall(r"^\| \[([a-z-]+)\]\(([a-z-]+)\.md\) \| (\w+) \| (.+) \|$", read("docs/rules/README.md"), re.M)
    rules, about = all_rules(), about_rules()
    assert sorted(shown) == [(rule.name, rule.name, rule.severity, about[rule.name]) for rule in rules]


def test_rules_stand_in_the_table_of_their_folder():
    titles = {"pages": "Pages", "reports": "Reports", "policies": "Policies", "procedures": "Procedures",
              "rule_files": "Alert rule files"}  # fmt: skip
    parts = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", read("docs/rules/README.md"), re.M | re.S))
    for folder, title in titles.items():
        files = {path.stem for path in (ROOT / "src/opsbook/book/rules" / folder).glob("*.py")} - {"__init__"}
        assert set(re.findall(r"^\| \[([a-z-]+)\]", parts[title], re.M)) == {stem.replace("_", "-") for stem in files}


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("docs/reading.md", (*SLOTS, *KINDS, *LINK_STYLES)),
        ("docs/procedures.md", (*labels(), *ATTRIBUTES)),
        ("docs/linting.md", (*VERDICTS, *FORMATS, *SEVERITIES)),
        ("docs/README.md", [path.name for path in (ROOT / "docs").glob("*.md") if path.stem != "README"]),
    ],
)
def test_every_word_of_a_list_is_told_on_its_page(page, words):
    told = set(re.findall(r"(?<!`)`([^`\n]+)`(?!`)|\]\(([\w-]+\.md)\)", read(page)))
    named = {word.split("=")[0].lower() for pair in told for word in pair}
    assert [word for word in words if word.lower() not in named] == []


def command_lines(page: str) -> Iterator[list[str]]:
    """The words of each call of Opsbook in the shell blocks and recipes of a page."""
    for language, block in re.findall(r"^ *(?:`{3})(\w+)\n(.*?)^ *`{3}$", page, re.M | re.S):
        lines = block.replace("\\\n", " ").split("\n")
        if language == "console":
            lines = [line[2:] for line in lines if line.startswith("$ ")]
        elif language == "yaml":
            lines = [found[0] for line in lines if (found := re.search(r"(?<=: |- )opsbook .*", line))]
        elif language not in ("sh", "bash"):
            continue
        for line in lines:
            yield from calls(line)


def calls(line: str) -> Iterator[list[str]]:
    """The words of each call of Opsbook in one line of shell."""
    found = shlex.shlex(line, posix=True, punctuation_chars=True)
    found.whitespace_split = True
    words: list[str] = []
    for word in [*found, ";"]:
        if set(word) <= set("|&;<>()"):
            while words and words[0] in ("exec", "sudo"):
                words.pop(0)
            if words and words[0].rpartition("/")[2] == "opsbook":
                yield words[1:]
            words = [] if word != "<" and word != ">" else ["file"]
        else:
            words.append(word)


def faults(words: list[str]) -> Iterator[str]:
    """What the program would not understand of a call: verbs, options, values of options, how many arguments."""
    context = click.Context(cli.opsbook, info_name="opsbook")
    left = words
    while left and left[0].startswith("--"):  # options of the program itself; those with a value take one more word
        option = next((each for each in cli.opsbook.get_params(context) if left[0] in each.opts), None)
        if option is None:
            yield f"there is no option {left[0]}"
            return
        left = left[1:] if option.is_flag or option.is_eager else left[2:]
    if not left:
        return
    command = cli.opsbook.get_command(context, left[0])
    if command is None:
        yield f"there is no verb {left[0]}"
        return
    left = left[1:]
    if isinstance(command, click.Group) and left and not left[0].startswith("-"):
        if left[0] not in command.commands:
            yield f"there is no verb {command.name} {left[0]}"
            return
        command, left = command.commands[left[0]], left[1:]
    context = click.Context(command, info_name=command.name, **command.context_settings)
    try:
        values, _, _ = command.make_parser(context).parse_args(left)
        for parameter in command.params:
            given = values.get(parameter.name)
            if parameter.required and parameter.value_is_missing(given):
                yield f"{parameter.name} is missing"
            if isinstance(parameter.type, click.Choice) and isinstance(given, str):
                parameter.type.convert(given, parameter, context)
    except click.UsageError as wrong:
        yield wrong.format_message()


MANUAL = [
    "README.md",
    "CONTRIBUTING.md",
    *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").rglob("*.md"))),
]


@pytest.mark.parametrize("page", MANUAL)
def test_every_command_line_that_is_shown_is_understood(page):
    lines = list(command_lines(read(page)))
    wrong = [f"opsbook {shlex.join(words)}: {fault}" for words in lines for fault in faults(words)]
    assert wrong == []


def examples() -> list[str]:
    """The examples of every help."""
    context = click.Context(cli.opsbook)
    commands = [cli.opsbook.get_command(context, name) for name in cli.opsbook.list_commands(context)]
    inner = [verb for command in commands for verb in getattr(command, "commands", {}).values()]
    return list(dict.fromkeys([*EXAMPLES, *(example for command in [*commands, *inner] for example in command.examples)]))


@pytest.mark.parametrize("example", examples())
def test_an_example_of_the_help_is_understood_and_fits_a_narrow_terminal(example):
    typed = re.split(r" {2,}", example)[0]
    assert [fault for words in calls(typed) for fault in faults(words)] == []
    assert len(example) <= 80 - len("  ")


def test_the_manual_shows_command_lines_of_every_verb():
    shown = {words[0] for page in MANUAL for words in command_lines(read(page)) if words}
    assert {name for verbs in VERBS.values() for name in verbs} - shown == set()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("opsbook lint --no-cash", "No such option"), ("opsbook lnt", "no verb"), ("opsbook --bok x lint", "no option"),
        ("opsbook lint --fail-on grave", "not one of"), ("opsbook show", "missing"), ("opsbook new page x", "not one of"),
        ("cat x | opsbook search -", ""),
        ("opsbook user ad x", "no verb user ad"), ("opsbook user add", "missing"), ("opsbook user", ""), ("cd x; .venv/bin/opsbook lint a b # c", ""), ("opsbook --book x lint", ""),
        ("opsbook search a -b < error.log", ""), ("exec opsbook lint", ""), ("opsbook --version", ""),
        ("opsbook lint --format sarif > x.sarif || true", ""), ("make opsbook", ""),
    ],
)  # fmt: skip
def test_a_command_line_that_is_wrong_is_found(line, found):
    said = [fault for words in calls(line) for fault in faults(words)]
    assert (found in said[0]) if found else not said


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
