"""Functions, aliases, calls, sudo and syntax of a script; and no text at all makes any question raise or hang."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.book.placeholders import substitutions as text_substitutions
from opsbook.book.shell.destruction import destructive
from opsbook.book.shell.grammar import LONGEST, MOST_JOINTS
from opsbook.book.shell.names import aliases, calls, defined_functions, uses_sudo_without_n
from opsbook.book.shell.parameters import secret_on_command_line, unquoted_parameters, variables
from opsbook.book.shell.syntax import syntax_error
from opsbook.book.shell.terminal import needs_terminal
from opsbook.book.shell.walk import read

QUESTIONS = (
    variables, unquoted_parameters, secret_on_command_line, destructive, needs_terminal,
    defined_functions, aliases, calls, uses_sudo_without_n, syntax_error,
    text_substitutions,
)  # fmt: skip


def names(found):
    return [item.name for item in found]


def test_functions_are_found_in_each_way_of_writing_them():
    script = "a() { :; }\nfunction b { :; }\nfunction c() { :; }\nd-e ()\n{\n  :\n}\nf() (ls)\n"
    assert names(defined_functions(script)) == ["a", "b", "c", "d-e", "f"]


@pytest.mark.parametrize("script", ["df = spark.range(100).count()", "echo 'a() { :; }'", "# a() { :; }", "date"])
def test_what_is_no_function_is_none(script):
    assert defined_functions(script) == ()


def test_aliases_are_found_by_name():
    assert names(aliases("alias k=kubectl ll='ls -l'\nalias\nalias k")) == ["k", "ll"]


def test_calls_are_the_commands_of_every_part():
    script = "A=1 a $(b) | c; if d; then e; fi; f() { g; }; (h) && \"i\" <(j); $K x"
    assert sorted(names(calls(script))) == list("abcdeghij")


def test_with_names_only_those_calls_are_told():
    found = calls("a; kexec ls; b; kexec 2", frozenset({"kexec", "zzz"}))
    assert [(item.name, item.start) for item in found] == [("kexec", 3), ("kexec", 16)]


@pytest.mark.parametrize(
    ("script", "count"),
    [
        ("sudo ls", 1),
        ("sudo -u postgres psql -c x", 1),
        ("sudo systemctl restart x && sudo rm y", 2),
        ("sudo bash -lc 'set -a; ls -n'", 1),
        ("sudo head -n 5 x", 1),
        ("ls | xargs sudo rm", 1),
        ("timeout 5 sudo ls", 1),
        ("sudo -n ls", 0),
        ("sudo -nu postgres psql", 0),
        ("sudo -u x -n ls", 0),
        ("sudo --non-interactive ls", 0),
        ("sudo -k", 0),
        ("echo sudo ls", 0),
        ("# sudo ls", 0),
    ],
)
def test_sudo_that_may_ask_is_found(script, count):
    assert len(uses_sudo_without_n(script)) == count


def test_text_substitutions_are_those_of_the_slots():
    assert [slot.text for slot in text_substitutions("curl {{HOST}} <x> @Y@")] == ["{{HOST}}", "@Y@"]


@pytest.mark.parametrize(
    ("script", "line", "words"),
    [
        ("date\necho 'a", 2, "A single quote is never closed."),
        ('echo "a\ndate', 1, "A double quote is never closed."),
        ("if true; then\n  date\n", 1, "'if' is never closed by 'fi'."),
        ("for x in a b; do\n  date\n", 1, "'do' is never closed by 'done'."),
        ("case $x in\n  a) date ;;\n", 1, "'case' is never closed by 'esac'."),
        ("echo $(date\n", 1, "A '(' is never closed."),
    ],
)
def test_what_is_never_closed_is_certain(script, line, words):
    problem = syntax_error(script)
    assert problem is not None
    assert (problem.certain, problem.words) == (True, words)
    assert problem.line >= line


@pytest.mark.parametrize("script", ["echo )", "SELECT COUNT(*) FROM x;", "a && && b", "x=(1 2))"])
def test_what_only_the_grammar_finds_wrong_is_not_certain(script):
    problem = syntax_error(script)
    assert problem is not None
    assert not problem.certain


RIGHT = [
    "kubectl delete pod <pod> -n <namespace> | tee <file>",
    "echo \"don't\" && echo 'say \"x\"'",
    "cat <<EOF\nit's \"fine\" ( if\nEOF",
    "[[ $x =~ ^(a|b)+$ ]] && echo ok",
    "for ((i=0;i<3;i++)); do echo $i; done",
    "case $x in a|b) ;; *) echo no ;; esac",
    "arr=(a b); echo ${arr[@]:1} ${#arr[@]} ${x//\\//_}",
    "diff <(a) <(b) 2>&1 >/dev/null | tee x &",
    "echo $'a\\'b' $((1 << 2)) ${x:-$(date)}",
    "docker ps --format '{{.ID}}' | xargs -r docker inspect",
    "curl https://x/{{HOST}}/y",
    "! grep -q x y || exit 1",
    "time { a; b; }",
    "select x in a b; do break; done",
    "exec 3>&1; coproc cat; echo x >&3",
    "while read -r a; do :; done < <(ls)",
    "a=1 b=2\ncmd \"$a\"",
    "echo a \\\n  b\r\nls\r\n",
]


@pytest.mark.parametrize("script", RIGHT)
def test_a_right_script_has_no_syntax_error(script):
    assert syntax_error(script) is None


@pytest.mark.parametrize("script", [script for script in RIGHT if "<pod>" not in script])
def test_bash_agrees_that_it_is_right(script):
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("ABSENT: bash")
    assert subprocess.run([bash, "-n"], input=script.encode(), check=False).returncode == 0


def test_a_script_too_long_or_too_dense_is_not_read_and_says_so():
    assert not read("a " * LONGEST).read
    assert not read("a|" * (MOST_JOINTS + 1)).read
    assert read("a|b\n" * 20).read
    for ask in QUESTIONS:
        ask("sudo rm -rf $A " + "a|" * (MOST_JOINTS + 1))


@pytest.mark.parametrize("script", ["{\U000d46e7", "echo {\U0001f600,b}", "{é", "$é", "<<é\nx\né\n", "é() { é; }"])
def test_letters_beyond_ascii_do_not_reach_the_grammars_scanner(script):
    """It would read beyond a table of C's and kill the process, which no handler can catch."""
    for ask in QUESTIONS:
        ask(script)


def test_a_letter_beyond_ascii_ends_a_variables_name():
    assert variables('echo $Aé "${B}日" é$C').names() == ("A", "B", "C")


@pytest.mark.parametrize(
    "piece",
    ["(", "{", "$(", '"$(', "if ", "[[", "<", "<<A\n", "a|", "`", "${", "((", "x=(", "!", "\\\n", "a[1]=", "a&&", "'", '"', "a;",
     "$A ", "{{", "case a in ", "for x in ", "f() {", "sudo ", "bash -c '", "ssh h \"", "xargs ", "rm -rf ", "<<<a ", ";;&"],
)  # fmt: skip
@pytest.mark.parametrize("size", [3_000, 30_000, 50_000])
def test_fifty_thousand_of_one_piece_crash_and_hang_nothing(piece, size):
    script = piece * (size // len(piece))
    for ask in QUESTIONS:
        ask(script)


PIECES = st.sampled_from(
    ["rm -rf ", "$A", '"$B"', "${C:-x}", "'", '"', "`", "$(", ")", "(", "{", "}", "<<EOF\n", "EOF", "\n", " ", ";", "|", "&&", "&",
     "if ", "then ", "fi", "for x in ", "do ", "done", "case ", "esac", "sudo ", "ssh h ", "bash -c ", "kubectl exec x -- ", "tail -f ",
     "psql -c ", "DROP TABLE x", "<pod>", "{{x}}", "# ", "\\", "\r\n", "\0", "é", "=", "A=1", "export ", "read ", "f() ", "[[", "]]",
     "((", "))", "> /dev/sda", "alias a=b", "$DB_PASS", "timeout ", "xargs ", "while true; ", "\ud800"]
)  # fmt: skip


@given(st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=40).map("".join)))
def test_no_text_makes_any_question_raise(script):
    size = len(script.encode("utf-8", "surrogatepass"))
    for ask in QUESTIONS:
        ask(script)
    facts = read(script)
    for item in (*facts.uses, *facts.assigned, *facts.functions, *facts.commands):
        assert 0 <= item.start <= item.end <= size
    for found in (destructive(script), needs_terminal(script), secret_on_command_line(script)):
        for item in found:
            assert 0 <= item.start <= item.end <= size
