"""What a step cannot do without a person, or would never finish, is found; what ends by itself is let be."""

from __future__ import annotations

import pytest

from opsbook.book.shell.terminal import needs_terminal, never_ends
from opsbook.book.shell.terminal_table import TABLE

WAITS = [
    ("vi /etc/hosts", "terminal"),
    ("sudo vim /etc/hosts", "terminal"),
    ("nano x", "terminal"),
    ("less /var/log/syslog", "terminal"),
    ("journalctl -u x | less", "terminal"),
    ("man tar", "terminal"),
    ("top", "terminal"),
    ("htop", "terminal"),
    ("ssh host", "terminal"),
    ("ssh -i key -p 22 -L 1:h:2 root@host", "terminal"),
    ("ssh <node-address>", "terminal"),
    ("mysql -h db -u root -p app", "terminal"),
    ("psql -h localhost -U app -d app", "terminal"),
    ("redis-cli -h x", "terminal"),
    ("python3", "terminal"),
    ("mongosh mongodb://x", "terminal"),
    ("sqlite3 app.db", "terminal"),
    ("kubectl exec -it web -n x -- bash", "terminal"),
    ("kubectl exec -it web -- psql -U app", "terminal"),
    ("kubectl exec web -- sh -c 'vi x'", "terminal"),
    ("oc debug node/x", "terminal"),
    ("oc rsh web", "terminal"),
    ("kubectl debug node/x -it --image=busybox", "terminal"),
    ("kubectl edit deploy x", "terminal"),
    ("kubectl -n x edit pvc y", "terminal"),
    ("docker exec -it web psql -c 'select 1'", "terminal"),
    ("docker run -it --rm alpine", "terminal"),
    ("docker compose exec -it web ls", "terminal"),
    ("sudo -i", "terminal"),
    ("su - postgres", "terminal"),
    ("sudo su -", "terminal"),
    ("bash", "terminal"),
    ("crontab -e", "terminal"),
    ("visudo", "terminal"),
    ("git rebase -i HEAD~3", "terminal"),
    ("git commit", "terminal"),
    ("git add -p", "terminal"),
    ("systemctl edit x", "terminal"),
    ("virsh console vm", "terminal"),
    ("aws ssm start-session --target i-1", "terminal"),
    ("passwd bob", "asks"),
    ("read -p 'Sure? ' answer", "asks"),
    ("terraform apply", "asks"),
    ("apt-get install nginx", "asks"),
    ("sudo yum remove x", "asks"),
    ("docker login ghcr.io", "asks"),
    ("ssh-keygen -t ed25519", "asks"),
    ("aws sso login --profile x", "asks"),
    ("tail -f /var/log/x.log", "never-ends"),
    ("tail -n 100 -F x", "never-ends"),
    ("tail -fn100 x", "never-ends"),
    ("sudo journalctl -fu x", "never-ends"),
    ("journalctl -u x -f", "never-ends"),
    ("kubectl logs -f deploy/x", "never-ends"),
    ("kubectl -n x logs deploy/x --follow --tail=5", "never-ends"),
    ("kubectl get pods -n x -w", "never-ends"),
    ("kubectl port-forward svc/x 80:80", "never-ends"),
    ("docker logs -f web", "never-ends"),
    ("docker compose logs --follow", "never-ends"),
    ("docker compose up", "never-ends"),
    ("docker stats", "never-ends"),
    ("watch -n 5 kubectl get pods", "never-ends"),
    ("ping host", "never-ends"),
    ("tcpdump -i eth0", "never-ends"),
    ("vmstat 1", "never-ends"),
    ("top -b", "never-ends"),
    ("redis-cli monitor", "never-ends"),
    ("redis-cli --stat", "never-ends"),
    ("while true; do date; sleep 1; done", "never-ends"),
    ("while :; do date; done", "never-ends"),
    ("ssh -N -L 1:h:2 host", "never-ends"),
    ("ssh host 'tail -f /x'", "never-ends"),
    ("ssh host tail -f /x", "never-ends"),
    ("tail -f x | grep error", "never-ends"),
    ("python3 -m http.server", "never-ends"),
    ("sleep infinity", "never-ends"),
]

GOES_ON = [
    "cat x | less > y",
    "less x | cat",
    "less x 2>/dev/null | cat",
    "man tar | cat",
    "top -b -n 1",
    "ssh host uptime",
    "ssh host 'uptime; df'",
    "ssh host < script.sh",
    "ssh host <<EOF\nuptime\nEOF",
    "cat script | ssh host",
    "ssh -f -N -L 1:h:2 host",
    "kubectl exec -i db-0 -- sh -c 'exec mysql -uroot' < dump.sql",
    "psql -c 'select 1'",
    "psql -h x -U y -Atc 'select 1'",
    "psql --command='select 1'",
    "psql app < x.sql",
    "psql app <<EOF\nselect 1\nEOF",
    "echo 'select 1' | psql app",
    "psql -l",
    "mysql -e 'select 1'",
    "mysql app < x.sql",
    "redis-cli -h x -p 1 get y",
    "redis-cli ping",
    "python3 script.py",
    "python3 -c 'print(1)'",
    "python3 - <<EOF\nprint(1)\nEOF",
    "mongosh x --eval 'rs.status()'",
    "sqlite3 app.db 'select 1'",
    "kubectl exec web -- ls",
    "kubectl exec -it web -- ls",
    "kubectl exec -i web -- bash < x.sh",
    "kubectl exec web -- bash -c 'ls'",
    "oc debug node/x -- chroot /host ls",
    "docker exec web ls",
    "docker exec -i web psql < x",
    "docker run --rm alpine ls",
    "docker compose exec -T web ls",
    "docker compose up -d",
    "docker stats --no-stream",
    "docker run -d -p 80:80 --name tail nginx",
    "bash script.sh",
    "bash -s < x",
    "bash -lc 'ls'",
    "sudo -n ls",
    "sudo -u postgres psql -c 'select 1'",
    "su - postgres -c 'psql -l'",
    "crontab -l",
    "git commit -m x; git commit --amend --no-edit; git commit -am x",
    "git rebase main; git add x",
    "echo x | passwd --stdin bob",
    "read -r a b <<< '1 2'",
    "while read -r x; do echo $x; done < f",
    "ls | while read x; do echo $x; done",
    "terraform apply -auto-approve",
    "terraform apply plan.out",
    "apt-get update && sudo apt-get install -y nginx",
    "yes | apt-get install nginx",
    "docker login -u x --password-stdin < token",
    "ssh-keygen -t ed25519 -N '' -f key",
    "timeout 60 tail -f x",
    "timeout 60 journalctl -fu payments || true",
    "sudo timeout 5 tcpdump -i eth0",
    "timeout 5 ssh host 'tail -f x'",
    "tail -f x &",
    "kubectl port-forward svc/x 80:80 &",
    "kubectl port-forward svc/x 80:80 >/dev/null 2>&1 &",
    "tail -f x | head -5",
    "tail -f x | grep -m1 ready",
    "tail -f x | grep -q ready",
    "tail -f x | sed '/ready/q'",
    "tail -n 100 x",
    "kubectl logs deploy/x --tail=5",
    "kubectl apply -f x.yaml",
    "kubectl get pods -o wide",
    "docker logs web",
    "journalctl -u x --no-pager -n 100",
    "ping -c 3 host",
    "tcpdump -c 10 -i eth0",
    "vmstat 1 5",
    "iostat -x 1 3",
    "while true; do curl -f x && break; sleep 1; done",
    "until curl -f x; do sleep 1; done",
    "grep vi x; echo top; ls less",
    "watch -g ls",
]


@pytest.mark.parametrize(("script", "kind"), WAITS)
def test_what_cannot_run_unattended_is_found_with_its_kind(script, kind):
    found = needs_terminal(script)
    assert [item.kind for item in found] == [kind]
    assert found[0].instead[0].isupper() and found[0].instead.endswith(".")
    assert 0 <= found[0].start < found[0].end <= len(script.encode())


@pytest.mark.parametrize("script", GOES_ON)
def test_what_ends_by_itself_is_let_be(script):
    assert needs_terminal(script) == ()


def test_only_what_never_ends_can_be_asked_for():
    assert [item.what for item in never_ends("vi x\ntail -f y\nvi z")] == ["tail -f y"]


def test_every_row_of_the_table_is_found_by_what_it_says_of_itself():
    """The cheap look before the parse must not hide any row."""
    for name, rows in TABLE.items():
        for row in rows:
            words = [name, *(verb.split("|")[0] for verb in row.verbs), *row.needs[:1]]
            assert needs_terminal(" ".join(words)), words
