"""Slots that an author left open are found in commands, and real shell is let be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.book import placeholders

SLOTS = [
    ("kubectl delete pod <pod-name> -n <namespace>", ["<pod-name>", "<namespace>"]),
    ("systemctl restart <service-name>", ["<service-name>"]),
    ("docker pull allisson/secrets:<VERSION>", ["<VERSION>"]),
    ("ls /srv/jobs/<source>/<job_dir>/", ["<source>", "<job_dir>"]),
    ("curl http://<host:port>/health", ["<host:port>"]),
    ("ssh <IP address of destination instance>", ["<IP address of destination instance>"]),
    ("export KEY='<base64-32-byte-key>'", ["<base64-32-byte-key>"]),
    ('psql -c "CREATE USER x WITH PASSWORD \'<DB_PASSWORD>\'"', ["<DB_PASSWORD>"]),
    ("openssl rand <32-byte-length>", ["<32-byte-length>"]),
    ("kubectl scale deploy/<имя> --replicas=2", ["<имя>"]),
    ("cat <<EOF | kubectl apply -f -\nnamespace: <namespace>\nEOF", ["<namespace>"]),
    ("echo <<name>>", ["<<name>>"]),
    ("wait_for_task <base_url> [max_wait_seconds]", ["<base_url>", "[max_wait_seconds]"]),
    ("ssh [USER]@[HOST]", ["[USER]", "[HOST]"]),
    ("cp /Users/[username]/.zprofile /tmp", ["[username]"]),
    ('helm upgrade "[Release Name]" .', ["[Release Name]"]),
    ("echo {{ENV}} && curl https://x/{{ env }}/h", ["{{ENV}}", "{{ env }}"]),
    ("ansible {{ inventory.host }} -m ping", ["{{ inventory.host }}"]),
    ("echo {{ name | default('x') }}", ["{{ name | default('x') }}"]),
    ("kubectl logs {{ $labels.pod }}", ["{{ $labels.pod }}"]),
    ("aws s3 ls s3://${{ vars.ACCOUNT_ID }}-logs", ["${{ vars.ACCOUNT_ID }}"]),
    ("net use %SERVER% /user:%USERNAME%", ["%SERVER%", "%USERNAME%"]),
    ("curl %host%/x", ["%host%"]),
    ("sed -i s/a/b/ @CONFIG_DIR@/x", ["@CONFIG_DIR@"]),
    ("export TOKEN=YOUR_API_TOKEN", ["YOUR_API_TOKEN"]),
    ('TOKEN="your-token-here"', ["your-token-here"]),
    ("git clone https://github.com/YOUR-USERNAME/x.git", ["YOUR-USERNAME"]),
    ("export PASSWORD=changeme", ["changeme"]),
    ("aws ec2 describe-snapshots --snapshot-id snap-xxxxxxxx", ["xxxxxxxx"]),
    ("docker run --rm <image> > out.txt 2>&1 < /dev/null", ["<image>"]),
]

SHELL = [
    "diff <(sort a) <(sort b)",
    "mysql app < dump.sql > out.txt 2>&1",
    "sort <in.txt>out.txt",
    "mysql <dump.sql>/dev/null",
    "cat <file 2>/dev/null",
    "wc -l <in.txt 2>&1 >out",
    "cat <<EOF > /tmp/x\nhi\nEOF",
    "cat <<EOF>>/tmp/x\nhi\nEOF",
    "grep x <<<word>out",
    "if (( a < b && c > d )); then :; fi",
    "((a<b||c>d))",
    "awk '$1<5 && $2>3' f",
    "awk '{ if (a<b) print; else if (c>d) print }' f",
    "jq 'select(.a<.b and .c>1)' f",
    "jq 'select(.a[0]<b and .c>1)' f",
    "grep '\\<word\\>' f",
    "grep -oP '(?<name>x)' f",
    "python3 -c 'import re; re.compile(r\"(?P<year>x)\")'",
    "kubectl get pods | grep '<none>'",
    "git commit --author 'Hubot <hubot@example.com>' -m x",
    "cat <<EOF\n<property>\n  <name>a</name>\n  <value>b</value>\n</property>\nEOF",
    "curl -s x | grep '<h1>'",
    "[ -f x ] && [[ -d $y ]] && echo ok",
    'echo "${arr[0]} ${arr[NAME]}"',
    "ls [a-z]* [A-Z]*",
    "tr '[A-Z]' '[a-z]'",
    "case $x in [Yy]es) :;; [Nn]*) :;; esac",
    "jq '.items[] | .[foo] | .[].name' x",
    "pip install -e '.[dev]' 'psycopg[binary]'",
    "echo '[INFO] done [PASS]'",
    "gh pr create --title '[PIR-123] Add limits'",
    "cat > x.ini <<EOF\n[databases]\na=b\nEOF",
    "aws ec2 x --query 'Snapshots[*].[SnapshotId,StartTime]'",
    "kubectl get po -o go-template='{{range .items}}{{.metadata.name}}{{\"\\n\"}}{{end}}'",
    "docker inspect -f '{{.State.Running}}' x",
    "docker ps --format 'table {{.ID}}\\t{{.Names}}'",
    "docker ps --format '{{json .}}'",
    "docker images --format '{{ID}}'",
    "cat > rules.yml <<'EOF'\n  summary: '{{ $labels.instance }} is down'\nEOF",
    "date +%Y-%m-%dT%H:%M:%SZ",
    "find . -printf '%TY-%Tm-%Td %TH:%TM %p\\n'",
    "psql -c \"select * from x where y like '%error%'\"",
    "git log --format='%h%an%ae'",
    "curl 'http://x/?q=%20foo%20bar%C3%A9'",
    "sed 's@foo@bar@' x",
    "rsync user@host:/x user@other:/y",
    "mktemp /tmp/foo.XXXXXX",
    "ping -c 3 u1234.your-storagebox.de",
    'curl "$YOUR_URL" "${YOUR_TOKEN}"',
    "YOUR_NAME=bob ./x",
    "# MASTER_KEYS=default:<old-ciphertext>",
    "kubectl get po  # see <namespace> above",
    "go test ./...",
]


@pytest.mark.parametrize(("text", "slots"), SLOTS)
def test_an_open_slot_is_found_as_it_is_written(text, slots):
    found = placeholders.find(text)
    assert [slot.text for slot in found] == slots
    content = text.encode()
    assert [content[slot.start : slot.end].decode() for slot in found] == slots


@pytest.mark.parametrize("text", SHELL)
def test_real_shell_is_no_slot(text):
    assert placeholders.find(text) == ()


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ('url = "http://<host>/x"', ["<host>"]),
        ("if a<b and c>d: x[KEY] = f'{{y}}' % z", []),
        ("rows: list[int] = [x for x in y]", []),
        ("requests.get(url, headers={'Authorization': 'Bearer YOUR_TOKEN'})", ["YOUR_TOKEN"]),
    ],
)
def test_python_has_brackets_of_its_own(text, slots):
    assert [slot.text for slot in placeholders.find(text, python=True)] == slots


def test_only_what_a_template_engine_would_fill_is_a_substitution():
    text = "curl {{HOST}} <path> ${{ env.X }} %NAME% @NAME@ YOUR_TOKEN"
    assert [slot.text for slot in placeholders.substitutions(text)] == ["{{HOST}}", "${{ env.X }}", "%NAME%", "@NAME@"]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("<pod-name>", "POD_NAME"),
        ("<your-namespace>", "NAMESPACE"),
        ("<my-pvc>", "PVC"),
        ("{{ inventory.host }}", "INVENTORY_HOST"),
        ("<path>", "PATH_VALUE"),
        ("<user>", "USER_VALUE"),
        ("<32-byte-key>", "VALUE_32_BYTE_KEY"),
        ("xxxx", "VALUE"),
        ("<имя>", "VALUE"),
        ("<value of instance label from alert>", "INSTANCE_LABEL_FROM_ALERT"),
    ],
)
def test_a_slot_suggests_the_name_of_a_variable(written, name):
    assert placeholders.variable_name(written) == name


def test_a_slot_that_is_given_to_a_variable_suggests_that_variable():
    (slot,) = placeholders.find("NODE_NAME='<value of instance label from alert>'\noc debug node/$NODE_NAME")
    assert slot.variable == "NODE_NAME"


PIECES = st.sampled_from(
    ["<", ">", "<pod>", "[", "]", "[NAME]", "{{", "}}", "{{ x }}", "$", "%", "%x%", "@", "@x@", "'", '"', "#", " ", "\n",
     "<<EOF", "EOF", "your-x", "xxx", "é", "日本", "\0", "a", "=", "\\", "|", "&"]
)  # fmt: skip


@given(st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=60).map("".join)))
def test_any_text_has_slots_in_order_at_their_places(text):
    content = text.encode()
    last = 0
    for slot in placeholders.find(text):
        assert slot.start >= last
        assert content[slot.start : slot.end].decode() == slot.text
        assert slot.variable.isidentifier()
        last = slot.end


@pytest.mark.parametrize(
    "piece",
    ["<", "<a", "<a>", "<<A>>", "[", "[A", "[AB] ", "{{", "{{a", "{{ a }} ", "%", "%AB", "%AB%", "@a@ ", "your-a", "x", "'#<a>",
     "your-" + "a" * 50, "# <a>"],
)  # fmt: skip
def test_a_megabyte_of_one_piece_is_read_in_bounded_time(piece):
    placeholders.find(piece * (1_000_000 // len(piece)))
