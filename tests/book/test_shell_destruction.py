"""What cannot simply be had back is found through whatever wraps it, and what is harmless is let be."""

from __future__ import annotations

import pytest

from opsbook.book.shell.destruction import destructive
from opsbook.book.shell.destruction_table import TABLE

DESTROYS = [
    ("rm -rf /srv/app", "rm -rf /srv/app"),
    ("rm -f /etc/app/enabled", "rm -f /etc/app/enabled"),
    ("rm --recursive --force x", "rm --recursive --force x"),
    ('rm -rf "$HOT"', "rm -rf $HOT"),
    ("rm -rf /tmp/../etc", "rm -rf /tmp/../etc"),
    ("find /tmp/x -exec rm -rf {} +", "rm -rf {}"),
    ("find /var/log -name '*.gz' -mtime +7 -delete", "find /var/log -name *.gz -mtime +7 -delete"),
    ("ls | xargs rm -rf", "rm -rf"),
    ("dd if=/dev/zero of=/dev/sda bs=1M", "dd if=/dev/zero of=/dev/sda bs=1M"),
    ("mkfs.ext4 /dev/sdb1", "mkfs.ext4 /dev/sdb1"),
    ("wipefs -a /dev/sdb", "wipefs -a /dev/sdb"),
    ("shred -u key.pem", "shred -u key.pem"),
    ("truncate -s 0 /var/log/x.log", "truncate -s 0 /var/log/x.log"),
    ("echo x > /dev/sda", "> /dev/sda"),
    ("psql -c 'DROP TABLE users'", "psql -c DROP TABLE users"),
    ("psql app <<EOF\ntruncate table a;\nEOF", "psql app"),
    ("psql app <<< 'delete from users;'", "psql app"),
    ('echo "DROP DATABASE x;" | mysql', "mysql"),
    ("mysql -e \"DELETE FROM sessions; select 1 where 1\"", "mysql -e DELETE FROM sessions; select 1 where 1"),
    ("psql -c 'update users set admin = true'", "psql -c update users set admin = true"),
    ("sudo -n -u postgres psql -c 'drop schema public cascade'", "psql -c drop schema public cascade"),
    ("mongosh app --eval 'db.dropDatabase()'", "mongosh app --eval db.dropDatabase()"),
    ("redis-cli -h x FLUSHALL", "redis-cli -h x FLUSHALL"),
    ("redis-cli flushdb", "redis-cli flushdb"),
    ("kubectl -n x delete deployment web", "kubectl -n x delete deployment web"),
    ("kubectl delete ns x --dry-run=none", "kubectl delete ns x --dry-run=none"),
    ("kubectl drain node-1 --ignore-daemonsets", "kubectl drain node-1 --ignore-daemonsets"),
    ("oc adm drain node-1", "oc adm drain node-1"),
    ("kubectl delete pvc <name> -n <ns>", "kubectl delete pvc <name> -n <ns>"),
    ("helm -n x uninstall web", "helm -n x uninstall web"),
    ("terraform destroy -auto-approve", "terraform destroy -auto-approve"),
    ("terraform apply -destroy", "terraform apply -destroy"),
    ("docker system prune -af", "docker system prune -af"),
    ("docker rm -f web", "docker rm -f web"),
    ("docker volume rm x", "docker volume rm x"),
    ("docker compose down -v", "docker compose down -v"),
    ("git push --force", "git push --force"),
    ("git push -f origin main", "git push -f origin main"),
    ("git -C /x reset --hard HEAD~1", "git -C /x reset --hard HEAD~1"),
    ("git clean -fdx", "git clean -fdx"),
    ("aws s3 rm --recursive s3://x/y", "aws s3 rm --recursive s3://x/y"),
    ("aws --region eu-west-1 ec2 terminate-instances --instance-ids i-1", "aws --region eu-west-1 ec2 terminate-instances --instance-ids i-1"),
    ("aws rds delete-db-instance --db-instance-identifier x", "aws rds delete-db-instance --db-instance-identifier x"),
    ("gcloud compute instances delete web-1 --quiet", "gcloud compute instances delete web-1 --quiet"),
    ("zfs destroy tank/x", "zfs destroy tank/x"),
    ("lvremove -y vg/x", "lvremove -y vg/x"),
    ("iptables -F", "iptables -F"),
    ("userdel -r bob", "userdel -r bob"),
    ("sudo reboot", "reboot"),
    ("systemctl reboot", "systemctl reboot"),
    ("pg_restore --clean -d app x.dump", "pg_restore --clean -d app x.dump"),
    ("pg_restore -c -h db x.dump", "pg_restore -c -h db x.dump"),
    ("dropdb -h db app", "dropdb -h db app"),
    ("etcdctl --endpoints x del --prefix /app", "etcdctl --endpoints x del --prefix /app"),
    ("curl -X DELETE http://es:9200/logs-2026", "curl -X DELETE http://es:9200/logs-2026"),
    ("curl -sXDELETE http://es:9200/x -X DELETE", "curl -sXDELETE http://es:9200/x -X DELETE"),
    ('sudo bash -c "rm -rf /srv/x"', "rm -rf /srv/x"),
    ("bash -euo pipefail -c 'rm -rf /srv/x'", "rm -rf /srv/x"),
    ("ssh -p 22 root@host 'rm -rf /srv/x'", "rm -rf /srv/x"),
    ("ssh host rm -rf /srv/x", "rm -rf /srv/x"),
    ("ssh host sudo -n rm -rf /srv/x", "rm -rf /srv/x"),
    ("kubectl exec -it web -n x -- sh -c 'rm -rf /cache/*'", "rm -rf /cache/*"),
    ("docker exec -it -u root db dropdb app", "dropdb app"),
    ("docker compose exec -T db dropdb app", "dropdb app"),
    ("env A=1 nohup timeout 60 nice -n 5 rm -rf /srv/x", "rm -rf /srv/x"),
    ("time rm -rf /srv/x", "rm -rf /srv/x"),
    ("for x in a b; do if true; then (rm -rf \"/srv/$x\"); fi; done", "rm -rf /srv/$x"),
    ("echo $(rm -rf /srv/x)", "rm -rf /srv/x"),
    ("clean() { rm -rf /srv/x; }", "rm -rf /srv/x"),
    ("ansible all -m shell -a 'rm -rf /srv/x'", "rm -rf /srv/x"),
    ("salt '*' cmd.run 'rm -rf /srv/x'", "rm -rf /srv/x"),
    ("trap 'rm -rf /srv/x' EXIT", "rm -rf /srv/x"),
    ("/usr/bin/rm -rf /srv/x", "/usr/bin/rm -rf /srv/x"),
    ("rm \\\n  -rf \\\n  /srv/x", "rm -rf /srv/x"),
]

HARMLESS = [
    "rm /srv/x",
    "rm -f /tmp/x /var/tmp/y",
    "rm -rf /tmp/build-$$",
    'rm -rf "$TMPDIR/x"',
    'tmp=$(mktemp -d)\nrm -rf "$tmp"',
    'WORK="$(mktemp -d)"\nrm -rf "${WORK}"',
    "docker run --rm -it alpine ls",
    "echo rm -rf /srv/x",
    "# rm -rf /srv/x",
    "grep 'rm -rf' x",
    "kubectl delete pod x --dry-run=client",
    "kubectl get pods | grep delete",
    "kubectl auth can-i delete pods",
    "kubectl rollout restart deploy/x",
    "kubectl get deploy --selector=delete",
    "systemctl stop x; systemctl disable x; systemctl restart x; kill -9 1",
    "docker stop x; docker rm x; docker image ls",
    "psql -c 'delete from users where id = 1'",
    "psql -c 'select * from drops'",
    "psql -c \"select 1 -- DROP TABLE x\"",
    "psql -c 'update users set a = 1 where id = 2'",
    "redis-cli get flush",
    "git push origin main; git reset HEAD x; git clean -n; git branch -d x",
    "aws s3 rm s3://x/y; aws s3 ls; aws ec2 describe-instances",
    "aws ec2 terminate-instances --instance-ids i-1 --dry-run",
    "terraform plan -destroy; terraform apply",
    "pg_restore -Fc -d app x.dump",
    "wipefs /dev/sda",
    "dd if=/dev/sda of=/dev/null",
    "dd if=/dev/zero of=/tmp/x",
    "echo x > /dev/null 2>&1",
    "find . -name x -print",
    "find /tmp/x -type f -delete",
    "iptables -L -n; crontab -l; shutdown -c",
    "curl -X POST http://x/delete",
    "helm list; helm upgrade x .",
    "rsync -a /x /y",
    "zfs list; lvs; mdadm --detail /dev/md0",
]  # fmt: skip


@pytest.mark.parametrize(("script", "what"), DESTROYS)
def test_what_destroys_is_found_with_its_words_and_why(script, what):
    found = destructive(script)
    assert [item.what for item in found] == [what]
    assert found[0].why
    content = script.encode()
    assert 0 <= found[0].start < found[0].end <= len(content)


@pytest.mark.parametrize("script", HARMLESS)
def test_what_is_harmless_is_let_be(script):
    assert destructive(script) == ()


def test_each_is_found_at_its_own_place_also_in_a_quoted_script():
    script = "date\nssh host 'cd /x && rm -rf /srv/é'\nrm -rf /srv/z"
    content = script.encode()
    assert [content[item.start : item.end].decode() for item in destructive(script)] == ["rm -rf /srv/é", "rm -rf /srv/z"]


def test_deleting_a_pod_is_a_restart_and_says_so():
    assert [item.comes_back for item in destructive("kubectl delete pod x\nkubectl delete pvc x")] == [True, False]
    assert [item.comes_back for item in destructive("kubectl delete pod/x")] == [True]


def test_every_row_of_the_table_says_why_in_words():
    for name, rows in TABLE.items():
        for row in rows:
            assert row.says and row.says[0].islower() and not row.says.endswith("."), name


def test_every_row_of_the_table_is_found_by_what_it_says_of_itself():
    """The cheap look before the parse must not hide any row."""
    for name, rows in TABLE.items():
        for row in rows:
            words = [name, *(verb.split("|")[0] for verb in row.verbs), *row.needs[:1]]
            assert destructive(" ".join(words)), words
