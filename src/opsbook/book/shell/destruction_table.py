"""Which commands destroy what cannot simply be had back, and why, as rows; refuses to look at a script.

Restarting, stopping and scaling are not here: they are what
runbooks are for, and are undone by starting.
"""

from __future__ import annotations

from opsbook.book.shell.rows import Row
from opsbook.book.shell.words import word_set

_DRY = ("--dry-run", "--help", "--dryrun", "--noop")


def _row(verbs: str, why: str, *, needs: str = "", unless: tuple[str, ...] = _DRY, anywhere: bool = False) -> Row:
    return Row(tuple(verbs.split()), why, tuple(needs.split()), unless, anywhere)


_KUBERNETES = (
    _row("delete", "deletes objects from the cluster"),
    _row("drain", "evicts every pod from a node"),
    _row("adm drain", "evicts every pod from a node"),
    _row("replace", "deletes objects and makes them anew", needs="--force"),
)
_CONTAINERS = (
    _row("rm", "removes running containers", needs="-f --force -v --volumes"),
    _row("container rm", "removes running containers", needs="-f --force -v --volumes"),
    _row("volume rm|remove|prune", "removes volumes with their contents"),
    _row("system prune", "removes containers, networks, images and build caches that are not in use"),
    _row("image|container|network|builder prune", "removes everything that is not in use"),
    _row("compose down", "removes volumes with their contents", needs="-v --volumes"),
    _row("stack|swarm|service|secret|config rm", "removes a part of the swarm"),
    _row("rmi", "removes images by force", needs="-f --force --prune"),
)
_HELM = (_row("uninstall|delete|del", "removes a release and what it installed"),)
_TERRAFORM = (
    _row("destroy", "destroys the managed infrastructure"),
    _row("apply", "destroys the managed infrastructure", needs="-destroy --destroy"),
    _row("state rm", "makes Terraform forget resources that exist"),
    _row("workspace delete", "deletes a workspace with its state"),
)
_LVM = "removes a volume with its contents"
_BOOT = "stops the machine"

TABLE: dict[str, tuple[Row, ...]] = {
    **dict.fromkeys(("kubectl", "oc"), _KUBERNETES),
    **dict.fromkeys(("docker", "podman", "nerdctl", "crictl"), _CONTAINERS),
    "docker-compose": (
        _row("down", "removes volumes with their contents", needs="-v --volumes"),
        _row("rm", "removes running containers", needs="-f --force -v"),
    ),
    "helm": _HELM,
    "helmfile": (_row("destroy|delete", "removes releases and what they installed"),),
    **dict.fromkeys(("terraform", "terragrunt", "tofu"), _TERRAFORM),
    "pulumi": (_row("destroy", "destroys the managed infrastructure"), _row("stack rm", "deletes a stack")),
    "eksctl": (_row("delete", "deletes a part of the cluster"),),
    "kops": (_row("delete", "deletes a part of the cluster"),),
    "argocd": (_row("app delete", "deletes an application and its resources"),),
    "velero": (_row("backup|restore|schedule delete", "deletes backups"),),
    "istioctl": (_row("uninstall", "removes the mesh"),),
    "kubeadm": (_row("reset", "takes the node out of its cluster and wipes its state"),),
    "virsh": (_row("destroy|undefine|vol-delete|pool-delete|snapshot-delete", "removes a machine or its disks"),),
    "virtctl": (_row("removevolume", "takes a volume away from a machine"),),
    "vagrant": (_row("destroy", "deletes the machine"),),
    "lxc": (_row("delete", "deletes the container"),),
    "multipass": (_row("delete|purge", "deletes the machine"),),
    "git": (
        _row(
            "push",
            "overwrites or deletes what others have pushed",
            needs="-f --force --force-with-lease --mirror",
        ),
        _row("push", "deletes a branch that others have pushed", needs="-d --delete --prune"),
        _row("reset", "throws away changes that are not committed", needs="--hard"),
        _row("clean", "deletes files that are not tracked", needs="-f --force", unless=("-n", "--dry-run")),
        _row("branch", "deletes a branch even if it is not merged", needs="-D"),
        _row("filter-branch|filter-repo", "rewrites history"),
        _row("stash drop|clear", "throws away stashed changes"),
        _row("reflog expire", "makes lost commits unrecoverable"),
    ),
    "aws": (
        _row("s3 rm", "deletes every object below a prefix", needs="--recursive"),
        _row("s3 rb", "deletes a bucket"),
        _row("s3 sync", "deletes objects that the source does not have", needs="--delete"),
    ),
    "gsutil": (_row("rm|rb", "deletes objects or buckets", anywhere=True),),
    "gcloud": (_row("delete", "deletes cloud resources", anywhere=True),),
    "az": (_row("delete|purge|delete-batch", "deletes cloud resources", anywhere=True),),
    "doctl": (_row("delete", "deletes cloud resources", anywhere=True),),
    "hcloud": (_row("delete", "deletes cloud resources", anywhere=True),),
    "openstack": (_row("delete|purge", "deletes cloud resources", anywhere=True),),
    "bq": (_row("rm", "deletes tables or data sets"),),
    "heroku": (_row("apps:destroy|pg:reset|addons:destroy", "destroys an application or its database"),),
    "flyctl": (_row("destroy", "destroys an application", anywhere=True),),
    "fly": (_row("destroy", "destroys an application", anywhere=True),),
    "rclone": (_row("delete|purge|sync|deletefile|rmdirs", "deletes files at the destination"),),
    "mc": (
        _row("rm", "deletes every object below a prefix", needs="-r --recursive --force"),
        _row("rb", "deletes a bucket"),
    ),
    "rsync": (
        _row(
            "",
            "deletes files that the source does not have",
            needs="--delete --delete-after --delete-before",
            unless=("-n", "--dry-run"),
        ),
    ),
    "wipefs": (_row("", "erases the signatures of a device", needs="-a --all -o --offset", unless=("-n", "--no-act")),),
    "shred": (_row("", "overwrites files so that they cannot be recovered"),),
    "blkdiscard": (_row("", "discards every block of a device"),),
    "truncate": (_row("", "cuts files to a size", needs="-s --size"),),
    "mkswap": (_row("", "overwrites a device with swap space"),),
    "parted": (_row("mklabel|rm|mkpart", "rewrites the partition table", anywhere=True),),
    "sgdisk": (_row("", "rewrites the partition table", needs="-Z --zap-all -z --zap -d --delete -o --clear"),),
    "sfdisk": (_row("", "rewrites the partition table", unless=("-l", "--list", "-d", "--dump", "-n")),),
    "lvremove": (_row("", _LVM),),
    "vgremove": (_row("", _LVM),),
    "pvremove": (_row("", _LVM),),
    "lvreduce": (_row("", "makes a volume smaller than what it may hold"),),
    "zfs": (_row("destroy|rollback", "destroys a data set or what came after a snapshot"),),
    "zpool": (_row("destroy|labelclear", "destroys a pool"),),
    "btrfs": (_row("subvolume delete", "deletes a subvolume"),),
    "cryptsetup": (_row("luksFormat|erase|luksErase", "destroys an encrypted volume"),),
    "mdadm": (_row("", "erases the record of an array", needs="--zero-superblock"),),
    "ceph": (
        _row("osd purge|destroy|rm|lost", "removes a disk and its data from the cluster"),
        _row("osd pool delete|rm", "deletes a pool with its data"),
        _row("fs rm", "deletes a file system"),
    ),
    "rados": (_row("rmpool|purge", "deletes a pool's objects"),),
    "ceph-volume": (_row("lvm zap", "wipes a disk"),),
    "nodetool": (_row("removenode|decommission|assassinate|clearsnapshot", "takes a node and its data away"),),
    "iptables": (_row("", "drops every rule of the firewall", needs="-F --flush -X --delete-chain"),),
    "ip6tables": (_row("", "drops every rule of the firewall", needs="-F --flush -X --delete-chain"),),
    "nft": (_row("flush|delete", "drops rules of the firewall"),),
    "ipvsadm": (_row("", "drops every virtual server", needs="-C --clear"),),
    "ufw": (_row("reset|disable", "drops every rule of the firewall", anywhere=True),),
    "userdel": (_row("", "deletes a user"),),
    "deluser": (_row("", "deletes a user"),),
    "groupdel": (_row("", "deletes a group"),),
    "crontab": (_row("", "deletes a whole table of jobs", needs="-r"),),
    "reboot": (_row("", _BOOT),),
    "poweroff": (_row("", _BOOT),),
    "halt": (_row("", _BOOT),),
    "shutdown": (_row("", _BOOT, unless=("-c", "--help", "-k")),),
    "init": (_row("0|6", _BOOT),),
    "telinit": (_row("0|6", _BOOT),),
    "systemctl": (_row("poweroff|reboot|halt|kexec|emergency|rescue", _BOOT),),
    "dropdb": (_row("", "drops a database"),),
    "dropuser": (_row("", "drops a user of the database"),),
    "pg_restore": (_row("", "drops what it is about to restore", needs="-c --clean"),),
    "pg_resetwal": (_row("", "throws away the write-ahead log", unless=("-n", "--dry-run")),),
    "pg_archivecleanup": (_row("", "deletes archived write-ahead logs", unless=("-n",)),),
    "mysqladmin": (_row("drop", "drops a database", anywhere=True),),
    "pgbackrest": (_row("stanza-delete|expire", "deletes backups", anywhere=True),),
    "restic": (_row("forget|prune", "deletes backups", anywhere=True),),
    "borg": (_row("delete|prune", "deletes backups"),),
    "barman": (_row("delete", "deletes backups"),),
    "mongorestore": (_row("", "drops what it is about to restore", needs="--drop"),),
    "etcdctl": (
        _row("del", "deletes every key below a prefix", needs="--prefix --from-key"),
        _row("member remove", "removes a member from the cluster"),
    ),
    "consul": (_row("kv delete", "deletes every key below a prefix", needs="-recurse --recurse"),),
    "vault": (
        _row("delete", "deletes a secret"),
        _row("kv delete|destroy|metadata", "deletes versions of a secret", unless=("get",)),
        _row("secrets|auth disable", "deletes an engine with all that it holds"),
        _row("lease revoke", "revokes every lease below a prefix", needs="-prefix -force"),
    ),
    "rabbitmqctl": (
        _row(
            "reset|force_reset|purge_queue|delete_queue|delete_vhost|forget_cluster_node",
            "deletes queues or state",
        ),
    ),
    "rabbitmqadmin": (_row("delete|purge", "deletes queues or their messages"),),
    "nomad": (
        _row("job stop", "removes a job for good", needs="-purge"),
        _row("system gc", "removes dead jobs"),
    ),
    "hdfs": (_row("dfs", "deletes files", needs="-rm -rmr -expunge"),),
    "hadoop": (_row("fs", "deletes files", needs="-rm -rmr -expunge"),),
    **dict.fromkeys(
        ("kafka-topics", "kafka-topics.sh", "kafka-consumer-groups", "kafka-consumer-groups.sh"),
        (
            _row(
                "",
                "deletes topics or the offsets of consumers",
                needs="--delete --delete-offsets --reset-offsets",
            ),
        ),
    ),
    **dict.fromkeys(("kafka-delete-records", "kafka-delete-records.sh"), (_row("", "deletes records of topics"),)),
}

# Options with a value that may stand before the verbs, so that the value is not taken for one.
VALUED: dict[str, frozenset[str]] = {
    name: word_set(options)
    for name, options in {
        "helm": "-n --namespace --kube-context --kubeconfig",
        "git": "-C -c --git-dir --work-tree",
        "aws": "--profile --region --output --query --endpoint-url --color",
        "etcdctl": "--endpoints --cacert --cert --key --user --dial-timeout --command-timeout",
        "vault": "-address --address -namespace --namespace",
        "rabbitmqctl": "-n --node -p --vhost -t --timeout",
        "ceph": "-c -n --name --cluster --id --conf -k",
        "nodetool": "-h -p -u -pw -pwf --host --port --username",
        "virsh": "-c --connect",
        "eksctl": "--region --profile",
        "rclone": "--config",
        "systemctl": "-H -M --host --machine",
        "pg_restore": "-F -d -h -p -U -j -n -N -t -L -f -T -S -P -I --dbname --format --jobs",
        "argocd": "--server --auth-token",
        "velero": "-n --namespace",
        "openstack": "--os-cloud",
    }.items()
}
