"""A code block says what it is, what is typed in it, and why it cannot be run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.book.commands import language_of, read_block


def typed(info, text):
    return [command.text for command in read_block(info, text).commands]


@pytest.mark.parametrize(
    ("info", "language"),
    [
        ("bash", "bash"), ("Bash", "bash"), ("shell", "bash"), ("sh", "sh"), ("zsh", "zsh"), ("py", "python"),
        ("shell-script", "bash"), ("shellscript", "bash"), ("{bash}", "bash"), ("{.bash .numberLines}", "bash"),
        ("{.sh #id}", "sh"), ("bash,ignore", "bash"), ("bash{1,3}", "bash"), ("bash title=x timeout=5m", "bash"),
        ("language-bash", "bash"), ("{code-block} bash", "bash"), ("console", "console"), ("shell-session", "console"),
        ("ShellSession", "console"), ("terminal", "console"), ("text", "text"), ("plaintext", "text"),
        ("yaml", "yaml"), ("{note}", "{note}"), ("{warning} Careful", "{warning}"), ("Mermaid", "mermaid"), ("", ""),
        ("{code-block}", ""), ("powershell", "powershell"),
    ],
)  # fmt: skip
def test_a_language_is_known_as_people_write_it(info, language):
    assert language_of(info) == language


@pytest.mark.parametrize("info", ["yaml", "json", "mermaid", "promql", "sql", "{note}", "text", "http", "powershell"])
def test_other_languages_are_documentation_and_are_never_run(info):
    block = read_block(info, "$ rm -rf <x>\n")
    assert (block.kind, block.runnable, block.why_not, block.commands) == ("documentation", False, None, ())


@pytest.mark.parametrize("info", ["bash", "sh", "zsh", "python", "Shell"])
def test_a_named_shell_is_a_command_and_runs(info):
    block = read_block(info, "date\nuptime\n")
    assert (block.kind, block.runnable, block.why_not) == ("command", True, None)
    assert [(c.text, c.start, c.end) for c in block.commands] == [("date\nuptime", 0, 11)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "systemctl restart <service-name>\n",
            "The command holds the placeholder '<service-name>', which the shell would read as a redirection; "
            'declare a parameter and write "$SERVICE_NAME".',
        ),
        (
            "curl https://{{HOST}}/h",
            "The command holds the placeholder '{{HOST}}', and text substitution is never done; "
            'declare a parameter and write "$HOST".',
        ),
        (
            "export TOKEN=YOUR_TOKEN",
            "The command holds the placeholder 'YOUR_TOKEN', which nobody has filled in; "
            'declare a parameter and write "$TOKEN".',
        ),
        (
            "echo '<name>'",
            "The command holds the placeholder '<name>', which nobody has filled in; "
            'declare a parameter and write "$NAME".',
        ),
        ("curl ... -d x", "The command leaves something out ('...'), so it cannot run as written."),
        ("\n  \n", "The command block is empty."),
        ("# first\n\n  # then\n", "The command block holds only comments, so there is nothing to run."),
    ],
)
def test_what_cannot_run_says_why_in_a_sentence(text, why):
    block = read_block("bash", text)
    assert (block.kind, block.runnable, block.why_not) == ("command", False, why)


@pytest.mark.parametrize(
    "text",
    ["curl ... -d x", "x\n...\ny", 'az keyvault show --name "..."', "TOKEN=$(...)", "psql -c 'SELECT ... FROM t'",
     "for x in ...; do y; done", "echo a\n# ... repeat for each PVC", "curl … -d"],
)  # fmt: skip
def test_dots_that_are_a_whole_word_leave_something_out(text):
    assert read_block("bash", text).elisions


@pytest.mark.parametrize(
    "text",
    ["go test ./...", "echo Loading...", "echo 'wait ... done'", "x --key=abc...", "date # one, two, ...",
     "# Platforms: amd64, ...\ndate", "date # Run tests...", "curl https://x/.../y"],
)  # fmt: skip
def test_other_dots_do_not(text):
    block = read_block("bash", text)
    assert block.elisions == ()
    assert block.runnable


@pytest.mark.parametrize("text", ["def f(): ...", "x: tuple[int, ...] = f(...)", "print('a ... b')"])
def test_dots_of_python_are_its_own(text):
    assert read_block("python", text).runnable


def test_dots_alone_on_a_line_leave_something_out_in_python_too():
    assert read_block("python", "for x in y:\n    ...\n").elisions


@pytest.mark.parametrize("info", ["bash", "shell", "console", "shell-session"])
def test_lines_with_a_dollar_prompt_are_commands_and_the_others_their_output(info):
    block = read_block(info, "$ kubectl get pod\nNAME READY\na 1/1\n\n$ date\n")
    assert (block.kind, block.runnable) == ("console", True)
    assert [command.text for command in block.commands] == ["kubectl get pod", "date"]
    assert [(out.text, out.command) for out in block.output] == [("NAME READY\na 1/1", 0)]


def test_only_the_prompt_is_taken_away_never_a_bare_dollar():
    assert typed("console", '$ echo "$ 5" $HOME\n$HOME is a folder\n') == ['echo "$ 5" $HOME']


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("$ a \\\n  --b \\\n  c\nout\n$ d\n", ["a \\\n  --b \\\n  c", "d"]),
        ("$ for i in 1 2; do\n>   echo $i\n> done\n1\n2\n", ["for i in 1 2; do\n  echo $i\ndone"]),
        ("$ cat <<EOF | kubectl apply -f -\na: b\nEOF\napplied\n", ["cat <<EOF | kubectl apply -f -\na: b\nEOF"]),
        ("$ jq '\n  .x\n' f\nout\n", ["jq '\n  .x\n' f"]),
        ("$ a |\n  b\nout\n", ["a |\n  b"]),
        ("$ npm run build\n> app@1.0.0 build\n> tsc\n", ["npm run build"]),
        ("$ curl -v x\n> GET / HTTP/1.1\n< HTTP/1.1 200 OK\n", ["curl -v x"]),
        ("user@host:~$ df -h\nFilesystem\n", ["df -h"]),
        ("ubuntu@box$ df -h\n", ["df -h"]),
        ("[root@host ~]# df -h\nFilesystem\n", ["df -h"]),
        ("root@freebsd:~ # gpart show\n=>  3\n", ["gpart show"]),
        ("(venv) $ pip list\n", ["pip list"]),
        ("~$ zabbix_sender -z 127.0.0.1\nsent: 1\n", ["zabbix_sender -z 127.0.0.1"]),
        ("❯ curl x\n", ["curl x"]),
        ("  # Read it\n  $ oc get x\n", ["oc get x"]),
    ],
)
def test_a_session_is_read_as_a_terminal_shows_it(text, commands):
    assert typed("console", text) == commands


@pytest.mark.parametrize("text", ["username@host:~$ df -h\n", "# Check\n$ df -h\n", "sh-4.4# df -h\n"])
def test_a_bash_block_that_begins_with_a_prompt_is_a_session(text):
    assert (read_block("bash", text).kind, typed("bash", text)) == ("console", ["df -h"])


def test_a_prompt_further_down_in_a_script_is_no_session():
    text = "cat <<EOF\n$ 5 each\nEOF\n"
    assert (read_block("bash", text).kind, typed("bash", text)) == ("command", [text.rstrip()])


@pytest.mark.parametrize(
    "line",
    ["# Get the namespace of the HyperConverged CR", "# if using Istio", "# permissions)", "# For CRI-O:", "# Read it.",
     "# specify a working storage class in VM spec:", "# find the pod", "# check that it is up", "# kubectl is needed for this."],
)  # fmt: skip
def test_a_hash_line_among_dollar_prompts_is_a_remark(line):
    assert typed("bash", f"$ date\n{line}\n$ uptime\n") == ["date", "uptime"]


@pytest.mark.parametrize(
    "line", ["sysctl -a | grep 'fs.file-'", "lsof -n", "systemctl restart kubelet", "find / -name core", "ls /host"]
)
def test_a_hash_line_among_dollar_prompts_that_is_a_command_was_typed_in_another_shell(line):
    block = read_block("bash", f'$ oc debug "node/x"\n# {line}\nfs.file-max = 1\n')
    assert [(c.text, c.inner, c.prompt) for c in block.commands][1] == (line, True, "#")
    assert not block.runnable
    assert block.why_not is not None and "inside another program" in block.why_not


def test_hash_lines_of_a_console_without_dollars_are_a_root_shells_commands():
    block = read_block("console", "# make\n...\n# insmod hello.ko\n# dmesg\nHello world\n")
    assert [command.text for command in block.commands] == ["make", "insmod hello.ko", "dmesg"]
    assert [(out.text, out.command) for out in block.output] == [("...", 0), ("Hello world", 2)]
    assert block.runnable


def test_hash_lines_above_plain_commands_are_remarks_even_in_a_console():
    block = read_block("console", "# macOS\nbrew install grpcurl\n\n# Debian\nsudo apt install -y protobuf-compiler\n")
    assert (block.kind, block.runnable) == ("command", True)


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("$ psql\npsql=# select 1;\n 1\n", "psql=#"), ("mysql> show tables;\n", "mysql>"), (">>> import os\n", ">>>"),
        ("MariaDB [(none)]> show databases;\n", "MariaDB [(none)]>"), ("127.0.0.1:6379> keys *\n", "127.0.0.1:6379>"),
        ("$ kubectl exec -it x -- sh\n/ # ls\nbin\n", "/ #"), ("bash-5.1$ ls\n", "bash-5.1$"), ("rs0:PRIMARY> rs.status()\n", "rs0:PRIMARY>"),
        ("orders=> select 1;\n", "orders=>"), ("irb(main):001:0> x\n", "irb(main):001:0>"),
    ],
)  # fmt: skip
def test_what_is_typed_into_another_program_is_not_run(text, prompt):
    block = read_block("console", text)
    assert block.commands[-1].prompt == prompt
    assert block.commands[-1].inner
    assert not block.runnable
    assert block.why_not is not None and f"the prompt '{prompt}'" in block.why_not


@pytest.mark.parametrize("text", ["kubectl get pods -n x\n", "a=1\nls $a\n", "cd ceed/\n./bp1 -x \\\n   y\n"])
def test_a_console_without_prompts_whose_lines_are_all_commands_is_a_script(text):
    assert (read_block("console", text).kind, typed("console", text)) == ("command", [text.rstrip()])


def test_a_console_without_prompts_that_mixes_both_is_not_run():
    block = read_block("console", "kubectl edit cm x\n...\nmetricsBindAddress: 0.0.0.0:10249\n")
    assert (block.kind, block.runnable, block.commands) == ("console", False, ())
    assert block.why_not is not None and "no '$ ' prompt" in block.why_not


@pytest.mark.parametrize("info", ["text", "output", "none", "", None])
def test_after_expected_output_a_plain_block_is_the_output(info):
    block = read_block(info, "-- No entries --\n", after_expected=True)
    assert (block.kind, block.runnable) == ("output", False)
    assert [(out.text, out.command) for out in block.output] == [("-- No entries --\n", -1)]


def test_after_expected_output_a_bash_block_is_still_a_command():
    # In the corpora the three such blocks are commands: "Expected output: X. Clean up:", then ```bash.
    assert read_block("bash", "rm -f /tmp/x\n", after_expected=True).kind == "command"


def test_a_block_without_a_language_is_never_run_but_says_how_it_would_be():
    block = read_block("", "kubectl get pods -n x\n")
    assert (block.kind, block.declared, block.runnable) == ("command", False, False)
    assert block.why_not is not None and "```bash" in block.why_not


def test_a_session_without_a_language_is_never_run_either():
    block = read_block(None, "$ ls\nx\n")
    assert (block.kind, block.declared, block.runnable, len(block.commands)) == ("console", False, False, 1)
    assert block.why_not is not None and "```bash" in block.why_not


@pytest.mark.parametrize(
    "text", ["Pod Pending\n├── x\n", '{"a": 1}\n', "AWS Console\n -> S3\n", "/opg/*\n", "KEY=value\nB=c\n", "", "│ a │\n"]
)
def test_a_block_without_a_language_that_is_no_shell_is_documentation(text):
    assert read_block("", text).kind == "documentation"
    assert read_block(None, text).kind == "documentation"


def test_slots_in_output_are_not_the_commands():
    block = read_block("console", "$ kubectl get svc\nEXTERNAL-IP <none> <pending> <pod> ...\n")
    assert block.placeholders == ()
    assert block.runnable


def test_places_are_bytes_of_the_block_also_behind_prompts_and_other_alphabets():
    text = "# Проверить\n$ echo é \\\n> <имя> …\nитог\n$ date\n"
    block = read_block("console", text)
    content = text.encode()
    assert [content[slot.start : slot.end].decode() for slot in block.placeholders] == ["<имя>"]
    assert [content[start:end].decode() for start, end in block.elisions] == ["…"]
    assert [content[out.start : out.end].decode() for out in block.output] == ["итог"]
    first, last = block.commands
    assert first.text == "echo é \\\n<имя> …"
    at = first.text.encode().index("имя".encode())
    assert content[first.place(at) :].decode().startswith("имя> …")
    assert content[last.start : last.end] == b"date"


LINES = st.sampled_from(
    ["$ ", "# ", "> ", ">>> ", "a@b:~$ ", "[root@x ~]# ", "psql=# ", "/ # ", "ls", "kubectl get po", "cat <<EOF", "EOF", "'", '"',
     "\\", "|", "<pod>", "...", "…", "é", "\n", " ", "\t", "do", "done", "{", "}", "`", "$(", ")", "(", "# HELP x"]
)  # fmt: skip
INFOS = st.sampled_from(["bash", "console", "python", "", "text", "sh", "{bash}", "{code-block} console", "{", "}{", None])


@given(INFOS | st.text(max_size=20), st.one_of(st.text(max_size=300), st.lists(LINES, max_size=60).map("".join)), st.booleans())
def test_any_block_is_read_and_its_places_are_within_it(info, text, after_expected):
    block = read_block(info, text, after_expected=after_expected)
    content = text.encode()
    assert block.runnable == (bool(block.commands) and block.why_not is None)
    for slot in block.placeholders:
        assert content[slot.start : slot.end].decode() == slot.text
    for start, end in block.elisions:
        assert content[start:end].decode() in ("...", "…")
    for out in block.output:
        assert content[out.start : out.end].decode() == out.text
    for command in block.commands:
        assert 0 <= command.start <= command.end <= len(content)
        first = command.text.split("\n", 1)[0].rstrip()
        assert content[command.start :].decode().startswith(first)
        for offset in range(0, len(command.text.encode()), 7):
            assert command.start <= command.place(offset) <= len(content)


@pytest.mark.parametrize(
    "piece",
    ["$ '\n", "$ a\n", "> \n", "a\n", "# ls\n", "\n", " ", "A=1 ", 'A="" ', "$ cat <<E\n", "x@", "$ ", ">>> ", "... ", "$ if\nif\n", "`"],
)
@pytest.mark.parametrize("info", ["console", "bash", ""])
def test_a_megabyte_of_one_piece_is_typed_in_bounded_time(info, piece):
    read_block(info, piece * (1_000_000 // len(piece)))
