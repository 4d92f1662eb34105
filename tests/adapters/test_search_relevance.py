"""What people look for on real pages, and the page that they must get."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.book.markdown_sections import corpora, read_sections

from opsbook.adapters.search_index import SearchIndex
from opsbook.book.search import SearchAnswer

FOLDERS = (
    "prometheus-operator__runbooks",
    "jerdaw__healtharchive",
    "fall-out-bug__spark_k8s",
    "allisson__secrets",
)
CORPORA = corpora()
pytestmark = pytest.mark.skipif(CORPORA is None, reason="no corpora: set OPSBOOK_CORPORA to their folder")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    assert CORPORA is not None
    pages = {
        f"{folder}/{path}": ("1", sections)
        for folder in FOLDERS
        for path, sections in read_sections(CORPORA / folder).items()
    }
    index = SearchIndex(tmp_path_factory.mktemp("index") / "search.db")
    index.update(pages)
    yield index
    index.close()


def pages_of(answer: SearchAnswer) -> list[str]:
    """The file names found, best first, each once."""
    return list(dict.fromkeys(Path(hit.path).stem for hit in answer.hits))


# (what is typed, the page that must be found, among the first so many pages)
TYPED = [
    # alert names: whole, in parts, begun, in other writings
    ("KubePodCrashLooping", "KubePodCrashLooping", 1),
    ("kubepodcrashlooping", "KubePodCrashLooping", 1),
    ("kubepodcrash", "KubePodCrashLooping", 1),
    ("crash looping", "KubePodCrashLooping", 1),
    ("kube-pod-crash-looping", "KubePodCrashLooping", 1),
    ("kube_pod_crash_looping", "KubePodCrashLooping", 1),
    ("crashlooping pod", "KubePodCrashLooping", 2),
    ("etcd no leader", "etcdNoLeader", 1),
    ("etcdNoLeader", "etcdNoLeader", 1),
    ("etcd members down", "etcdMembersDown", 1),
    ("KubeAPIDown", "KubeAPIDown", 1),
    ("kube api down", "KubeAPIDown", 1),
    ("TargetDown", "TargetDown", 1),
    ("watchdog alert", "Watchdog", 3),
    ("NodeFilesystemAlmostOutOfSpace", "NodeFilesystemAlmostOutOfSpace", 1),
    ("alertmanager failed reload", "AlertmanagerFailedReload", 1),
    ("hpa maxed out", "KubeHpaMaxedOut", 1),
    # while typing
    ("prometheus remote wri", "PrometheusRemoteWriteBehind", 3),
    ("kube persistent vol", "KubePersistentVolumeFillingUp", 2),
    ("raid degr", "NodeRAIDDegraded", 1),
    ("cpu thrott", "CPUThrottlingHigh", 1),
    # as a person would say it
    ("filesystem filling up", "NodeFilesystemSpaceFillingUp", 3),
    ("kubelet client certificate expired", "KubeletClientCertificateExpiration", 1),
    ("kubelet server certificate renewal", "KubeletServerCertificateRenewalErrors", 1),
    ("node clock not in sync", "NodeClockNotSynchronising", 2),
    ("how do I fix a node that is not ready", "KubeNodeNotReady", 1),
    ("prometheus remote storage failing", "PrometheusRemoteStorageFailures", 1),
    ("daemonset rollout stuck", "KubeDaemonSetRolloutStuck", 1),
    ("statefulset replicas mismatch", "KubeStatefulSetReplicasMismatch", 1),
    ("config inconsistent", "AlertmanagerConfigInconsistent", 1),
    ("conntrack", "NodeHighNumberConntrackEntriesUsed", 1),
    ("api error budget burn", "KubeAPIErrorBudgetBurn", 1),
    ("info inhibitor", "InfoInhibitor", 1),
    ("duplicate timestamps", "PrometheusDuplicateTimestamps", 1),
    ("storage box stale mount recovery", "storagebox-sshfs-stale-mount-recovery", 2),
    ("sshfs tuning options", "storagebox-sshfs-stale-mount-recovery", 1),
    ("post reboot tiering", "post-reboot-tiering-verify", 2),
    ("crawl stalled", "crawl-stalls", 3),
    ("restore test", "restore-test-procedure", 3),
    ("database migrations", "database-migrations", 1),
    ("warc integrity", "warc-integrity-verification", 1),
    ("indexing not started", "indexing-not-started", 1),
    ("crawl temp dirs high", "crawl-temp-dirs-high", 1),
    ("escalation", "escalation-procedures", 3),
    ("driver crash loop", "driver-crash-loop", 1),
    ("spark executor scaling", "spark-executor-scaling", 1),
    ("hive metastore restore", "hive-metastore-restore", 1),
    ("gc pressure", "gc-pressure", 1),
    ("history server empty", "history-server-empty", 1),
    ("rotate master key", "key-management", 3),
    ("argon2id", "0010-argon2id-for-client-secret-hashing", 1),
    ("too many requests", "error-reference", 3),
    ('"stale mount" drill', "storagebox-sshfs-stale-mount-drills", 2),
    # spelling
    ("kubpodcrashlooping", "KubePodCrashLooping", 1),
    ("KubePodCrashLoping", "KubePodCrashLooping", 1),
    ("etdc no leader", "etcdNoLeader", 1),
    ("promethues remote write behind", "PrometheusRemoteWriteBehind", 1),
    ("kubelet certificat renewel", "KubeletClientCertificateRenewalErrors", 3),
    ("alertmanger failed reload", "AlertmanagerFailedReload", 1),
    ("filesytem allmost out of space", "NodeFilesystemAlmostOutOfSpace", 1),
    ("databse migratons", "database-migrations", 1),
    ("metastor restoer", "hive-metastore-restore", 2),
    ("stroagebox stale mount", "storagebox-sshfs-stale-mount-recovery", 3),
    # one word too many or too few
    ("kube pod crash looping every monday", "KubePodCrashLooping", 1),
    ("raid disk failure replace the broken disk please", "NodeRAIDDiskFailure", 1),
]

PASTED = [
    (
        (
            "OSError: [Errno 107] Transport endpoint is not connected: "
            "'/srv/healtharchive/jobs/hc/20260101T000000Z__annual-2026'"
        ),
        # an account of what was seen, in an incident or its follow-up, or the recovery itself
        (
            "2026-01-08-storage-hotpath-sshfs-stale-mount",
            "2026-01-08-storagebox-sshfs-stale-mount-recovery-and-integrity",
            "storagebox-sshfs-stale-mount-recovery",
        ),
        1,
    ),
    (
        (
            "2026-02-06T10:22:31.123Z api[1234]: Traceback (most recent call last):\n"
            '  File "/opt/app/.venv/lib/python3.12/site-packages/sqlalchemy/base.py", line 1967, in _exec\n'
            "    self.dialect.do_execute(\n"
            "psycopg.errors.UndefinedColumn: column snapshots.deduplicated does not exist\n"
            "LINE 1: SELECT snapshots.id AS snapshots_id, snapshots.job_id AS sn\n"
            "INFO: 10.0.0.7:51234 - GET /api/search?q=covid HTTP/1.1 500 Internal Server Error\n"
        ),
        ("2026-02-06-api-search-changes-500-missing-migration",),
        1,
    ),
    (
        (
            "26/01/05 12:33:44 ERROR SparkContext: Error initializing SparkContext.\n"
            "com.amazonaws.AmazonClientException: Unable to execute HTTP request: "
            "minio-7f9c6d5b8-x2x4z:9000\n"
            "\tat com.amazonaws.http.AmazonHttpClient.executeHelper(AmazonHttpClient.java:454)\n"
            "\tat org.apache.hadoop.fs.s3a.S3AFileSystem.initialize(S3AFileSystem.java:297)\n"
            "Caused by: java.net.UnknownHostException: minio\n\t... 38 more\n"
        ),
        ("s3-connection-failed",),
        1,
    ),
    (
        (
            'Exception in thread "main" java.lang.NoClassDefFoundError: '
            "com/github/luben/zstd/ZstdInputStream\n"
            "    at org.apache.spark.io.ZStdCompressionCodec.compressed(CompressionCodec.scala:233)\n"
            "java.lang.UnsatisfiedLinkError: /tmp/libzstd-jni-1.5.5-48813374212.so: cannot open"
        ),
        ("compression-library-missing",),
        1,
    ),
    (
        (
            "Traceback (most recent call last):\n"
            '  File "/opt/conda/lib/python3.11/site-packages/pyspark/sql/connect/utils.py", line 61\n'
            "    import grpc\n"
            "ModuleNotFoundError: No module named 'grpc'\n\n"
            "pyspark.errors.exceptions.base.PySparkImportError: [PACKAGE_NOT_INSTALLED] grpcio >= 1.48.1 "
            "must be installed; however, it was not found."
        ),
        ("jupyter-python-dependencies-missing",),
        1,
    ),
    (
        (
            "Events:\n  Type     Reason   Age               From     Message\n"
            '  Warning  Failed   12s (x7 over 93s) kubelet  Error: secret "s3-credentials" not found\n'
        ),
        ("s3-credentials-secret-missing",),
        1,
    ),
    (
        (
            "Error: INSTALLATION FAILED: 1 error occurred:\n"
            '\t* PersistentVolumeClaim "minio-pvc-2" is invalid: metadata.labels: Invalid value: "N/A": '
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.'\n"
        ),
        ("helm-installation-label-validation",),
        1,
    ),
    (
        (
            "java.net.UnknownHostException: spark-connect-6c9f8b7d5-abcde\n"
            "Failed to resolve driver host\nConnection refused to spark://spark-connect:7078"
        ),
        ("driver-host-resolution", "driver-not-starting"),
        1,
    ),
    (
        (
            "ts=2026-03-01T03:10:22.101Z caller=dedupe.go:112 component=remote level=error name=a1b2c3 "
            'url=http://10.2.3.4:9201/write msg="Remote storage resharding" from=1 to=50 '
            "desired shards exceeded"
        ),
        ("PrometheusRemoteWriteDesiredShards", "PrometheusRemoteWriteBehind"),
        2,
    ),
    (
        (
            '{"level":"warn","ts":"2026-01-05T12:33:44.123Z","caller":"etcdserver/server.go:1155",'
            '"msg":"request took too long","took":"5.1s","error":"etcdserver: no leader","id":"8e9e05c5216"}'
        ),
        ("etcdNoLeader",),
        1,
    ),
    (
        (
            'level=error ts=2026-02-01T10:00:00Z msg="Loading configuration file failed" '
            'file=/etc/alertmanager/config_out/alertmanager.env.yaml err="yaml: unmarshal errors: line 12"'
        ),
        ("AlertmanagerFailedReload",),
        3,
    ),
    (
        (
            "  Last State:     Terminated\n    Reason:       OOMKilled\n    Exit Code:    137\n"
            "    Started:      Mon, 05 Jan 2026 12:00:00 +0000\n  spark-executor-17  0/1  OOMKilled  4  10m\n"
        ),
        ("oom-kill-mitigation", "troubleshooting", "oom-and-spill", "executor-failures"),
        2,
    ),
]


@pytest.mark.parametrize(("typed", "page", "among"), TYPED, ids=[typed for typed, _, _ in TYPED])
def test_what_is_typed_finds_its_page(index: SearchIndex, typed: str, page: str, among: int) -> None:
    assert page in pages_of(index.search(typed))[:among]


@pytest.mark.parametrize(("text", "pages", "among"), PASTED, ids=[pages[0] for _, pages, _ in PASTED])
def test_a_pasted_error_finds_its_page(index: SearchIndex, text: str, pages: tuple[str, ...], among: int) -> None:
    answer = index.search(text)
    assert answer.matched == "any"
    assert set(pages) & set(pages_of(answer)[:among])
