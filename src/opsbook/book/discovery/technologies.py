"""What runs there, by the name of its image or program; and where each known one says that it is well.

Each row is a product's own documentation; none is a guess by the name of a service.
"""

from __future__ import annotations

import re

from msgspec import Struct


class Known(Struct, frozen=True, gc=False):
    """A known product. `port` it listens on, `path` that answers 2xx when it is well (empty: not asked over HTTP),
    `ping` a command within its container that succeeds when it is well."""

    port: str = ""
    path: str = ""
    ping: str = ""


KNOWN: dict[str, Known] = {
    "postgresql": Known("5432", "", 'pg_isready -q -U "${POSTGRES_USER:-${POSTGRESQL_USERNAME:-postgres}}"'),
    "mysql": Known("3306", "", "mysqladmin ping --silent"),
    "mariadb": Known("3306", "", '"$(command -v mariadb-admin || command -v mysqladmin)" ping --silent'),
    "mongodb": Known(
        "27017", "", '"$(command -v mongosh || command -v mongo)" --quiet --eval "db.runCommand({ping:1}).ok"'
    ),
    "redis": Known("6379", "", 'redis-cli ping | grep -cE "PONG|NOAUTH"'),
    "valkey": Known("6379", "", 'valkey-cli ping | grep -cE "PONG|NOAUTH"'),
    "rabbitmq": Known("5672", "", "rabbitmq-diagnostics -q ping"),
    "elasticsearch": Known("9200", "/_cluster/health"),
    "opensearch": Known("9200", "/_cluster/health"),
    "kafka": Known("9092"),
    "zookeeper": Known("2181"),
    "memcached": Known("11211"),
    "minio": Known("9000", "/minio/health/live"),
    "etcd": Known("2379", "/health", "etcdctl endpoint health"),
    "consul": Known("8500", "/v1/status/leader"),
    "vault": Known("8200", "/v1/sys/health"),
    "nats": Known("8222", "/healthz"),
    "influxdb": Known("8086", "/health"),
    "clickhouse": Known("8123", "/ping"),
    "cassandra": Known("9042", "", "nodetool status"),
    "couchdb": Known("5984", "/_up"),
    "neo4j": Known("7474"),
    "prometheus": Known("9090", "/-/healthy"),
    "alertmanager": Known("9093", "/-/healthy"),
    "grafana": Known("3000", "/api/health"),
    "loki": Known("3100", "/ready"),
    "keycloak": Known("8080"),
    "traefik": Known(),
    "nginx": Known("80"),
    "apache": Known("80"),
    "caddy": Known("80"),
    "haproxy": Known(),
    "envoy": Known(),
    "varnish": Known(),
}

# Repositories of images by the last part of their names, longest first where one holds another.
_IMAGES = (
    (r"postgres(?:ql)?(?:-ha|-repmgr)?|postgis|timescaledb(?:-ha)?|pgvector|pgautoupgrade", "postgresql"),
    (r"mysql(?:-server)?|percona(?:-server)?", "mysql"),
    (r"mariadb(?:-galera)?", "mariadb"),
    (r"mongo(?:db)?(?:-community-server)?", "mongodb"),
    (r"redis(?:-stack(?:-server)?|-cluster)?", "redis"),
    (r"valkey", "valkey"),
    (r"rabbitmq", "rabbitmq"),
    (r"elasticsearch(?:-oss)?", "elasticsearch"),
    (r"opensearch", "opensearch"),
    (r"(?:cp-)?(?:enterprise-)?kafka(?:-native)?", "kafka"),
    (r"(?:cp-)?zookeeper", "zookeeper"),
    (r"memcached", "memcached"),
    (r"minio", "minio"),
    (r"etcd", "etcd"),
    (r"consul", "consul"),
    (r"vault", "vault"),
    (r"nats(?:-server)?", "nats"),
    (r"influxdb", "influxdb"),
    (r"clickhouse(?:-server)?", "clickhouse"),
    (r"cassandra", "cassandra"),
    (r"couchdb", "couchdb"),
    (r"neo4j", "neo4j"),
    (r"prometheus", "prometheus"),
    (r"alertmanager", "alertmanager"),
    (r"grafana(?:-oss|-enterprise)?", "grafana"),
    (r"loki", "loki"),
    (r"keycloak", "keycloak"),
    (r"traefik", "traefik"),
    (r"(?:nginx|openresty)(?:-unprivileged)?", "nginx"),
    (r"httpd|apache", "apache"),
    (r"caddy", "caddy"),
    (r"haproxy", "haproxy"),
    (r"envoy", "envoy"),
    (r"varnish", "varnish"),
)
_PROGRAMS = {
    "postgres": "postgresql", "postmaster": "postgresql", "pg_ctl": "postgresql", "pg_ctlcluster": "postgresql",
    "mysqld": "mysql", "mysqld_safe": "mysql", "mariadbd": "mariadb", "mongod": "mongodb",
    "redis-server": "redis", "valkey-server": "valkey", "rabbitmq-server": "rabbitmq", "memcached": "memcached",
    "nginx": "nginx", "apache2": "apache", "httpd": "apache", "apachectl": "apache", "caddy": "caddy",
    "haproxy": "haproxy", "traefik": "traefik", "etcd": "etcd", "consul": "consul", "vault": "vault",
    "minio": "minio", "prometheus": "prometheus", "alertmanager": "alertmanager", "grafana-server": "grafana",
    "grafana": "grafana", "influxd": "influxdb", "nats-server": "nats", "gunicorn": "gunicorn", "uvicorn": "uvicorn",
    "uwsgi": "uwsgi", "puma": "puma", "celery": "celery", "sidekiq": "sidekiq", "node": "node.js", "java": "java",
    "loki": "loki", "varnishd": "varnish", "kafka-server-start.sh": "kafka", "envoy": "envoy",
}  # fmt: skip
# Exporters of Prometheus by the names that they give to their jobs.
_EXPORTERS = {
    "postgres": "postgresql", "postgresql": "postgresql", "pg": "postgresql", "mysql": "mysql", "mysqld": "mysql",
    "mariadb": "mariadb", "mongodb": "mongodb", "mongo": "mongodb", "redis": "redis", "rabbitmq": "rabbitmq",
    "elasticsearch": "elasticsearch", "nginx": "nginx", "haproxy": "haproxy", "kafka": "kafka",
    "memcached": "memcached", "apache": "apache", "traefik": "traefik", "etcd": "etcd", "consul": "consul",
    "minio": "minio", "prometheus": "prometheus", "alertmanager": "alertmanager", "grafana": "grafana", "loki": "loki",
    "clickhouse": "clickhouse", "valkey": "valkey", "caddy": "caddy", "vault": "vault", "nats": "nats",
}  # fmt: skip


def technology_of_image(image: str) -> str:
    """What the image is of, or "": by the last part of its repository, without tag and digest."""
    repository = image.partition("@")[0].rstrip("/")
    last = repository.rpartition("/")[2].partition(":")[0].lower()
    for pattern, technology in _IMAGES:
        if re.fullmatch(pattern, last):
            return technology
    return ""


def technology_of_command(words: list[str]) -> str:
    """What the program is, or "": the first word that is a known one, past what only starts others."""
    for word in words[:6]:
        name = word.rpartition("/")[2]
        known = _PROGRAMS.get(name) or _PROGRAMS.get(name.rstrip("0123456789."))
        if known:
            return known
        if re.fullmatch(r"python[\d.]*", name):
            return "gunicorn" if "gunicorn" in words else "python"
        if re.fullmatch(r"ruby[\d.]*|bundle|rails", name):
            return "ruby"
    return ""


def technology_of_job(job: str) -> str:
    """What a job of Prometheus watches, or "": `postgres-exporter` is PostgreSQL."""
    name = re.sub(r"[-_]?(?:exporter|metrics)$", "", job.lower())
    return _EXPORTERS.get(name, "")
