"""Services out of control scripts, Makefiles, Procfiles, catalogs, jobs of Nomad and what a Prometheus watches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.book.sound_operations import assert_sound

from opsbook.book.discovery import Found
from opsbook.book.discovery.reading import could_deploy, found_targets, joined, read_deployment

SCRIPT = """#!/bin/bash
# ACTION NAME
act=$1; name=$2
one() { case $name in web) echo w;; api|jobs) echo a;; *) exit 2;; esac; }
case $act in start) one;; stop) one;; restart) one && one;;
 status) one;; *) exit 2;; esac
"""
NOMAD = """
job "shop" {
  namespace = "prod" # where
  group "front" {
    count = 3
    network {
      port "http" {
        static = 8080
        to     = 80
      }
    }
    service {
      port = "http"
      check {
        type     = "http"
        path     = "/health"
        interval = "10s"
      }
    }
    task "web" {
      config { image = "nginx:1.27" }
      template {
        data = <<EOH
task "no" { }
EOH
      }
    }
  }
}
"""
CATALOG = """apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: orders
  title: Orders
  links: [{url: "https://x.example/board", title: Board}, {url: "javascript:alert(1)", title: Bad}]
spec:
  type: service
  owner: group:default/payments
  dependsOn: ["resource:default/orders-db"]
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: payments}
"""
UNIT = """[Unit]
Description=Takes orders
After=network-online.target postgresql.service
Requires=postgresql.service
Wants=network-online.target queue.service

[Service]
ExecStart=/usr/bin/orders \\
    --port 8080
StateDirectory=orders
Restart=on-failure
"""
WATCHED = """scrape_configs:
  - job_name: redis
    static_configs: [{targets: ['127.0.0.1:9121']}]
  - job_name: probe
    metrics_path: /probe
    static_configs:
      - {targets: ['http://127.0.0.1:80/health'], labels: {service: web, team: front}}
      - {targets: ['http://127.0.0.1:81/']}
"""


def found(path: str, text: str) -> tuple[Found, ...]:
    services, findings = read_deployment(path, text)
    assert findings == ()
    assert_sound(services)
    return services


def commands(service: Found) -> dict[str, str]:
    return {each.operation: each.steps[-1].command for each in service.operations}


def test_a_control_script_is_asked_by_action_and_name() -> None:
    services = found("bin/svc", SCRIPT)
    assert [each.name for each in services] == ["web", "api", "jobs"]
    assert commands(services[0])["restart"] == "bin/svc restart web"
    assert services[1].operations[1].verification[0].command == "bin/svc status api"
    assert services[0].place.line == 4


def test_a_script_of_one_service_has_its_own_name() -> None:
    text = '#!/bin/sh\ncase "$1" in\n  start) go;;\n  stop) halt;;\nesac\n'
    assert commands(found("scripts/worker.sh", text)[0]) == {
        "start": "scripts/worker.sh start", "stop": "scripts/worker.sh stop",
    }  # fmt: skip


@pytest.mark.parametrize("text", [
    "#!/bin/bash\nset -e\nmake all\n",
    "#!/bin/bash\ncase $1 in --help) usage;; -v) v=1;; esac\n",
    "#!/usr/bin/env python3\n'''case $1 in start) x;; stop) y;; esac'''\n",
])  # fmt: skip
def test_other_scripts_are_none(text: str) -> None:
    assert found("bin/tool", text) == ()


def test_targets_of_a_makefile_that_do_something_to_a_name_are_services() -> None:
    text = "restart-web:\n\tx\nstatus-web:\n\tx\nstop_all := 1\nbuild-web:\n\tx\nlogs-db:\n\tx\n"
    (web,) = found("ops/Makefile", text)
    assert commands(web) == {"status": "make -C ops status-web", "restart": "make -C ops restart-web"}


def test_a_procfile_tells_what_is_started_and_nothing_is_invented_to_restart_it() -> None:
    web, release = found("Procfile", "web: puma -p 3000\nrelease: rake db:migrate\nnot a line\n")
    assert (web.checks[0].url, web.operations, release.is_job) == ("tcp://127.0.0.1:3000", (), True)
    assert "how web is restarted" in web.notes[0]


def test_a_job_of_nomad_is_read_with_its_check_and_commands() -> None:
    (shop,) = found("shop.nomad", NOMAD)
    assert (shop.name, shop.technology, shop.replicas, shop.where) == ("shop", "nginx", 3, "prod")
    assert (shop.checks[0].url, shop.checks[0].every_s) == ("http://127.0.0.1:8080/health", 10)
    assert commands(shop)["scale-up"] == 'nomad job scale shop front "$COUNT"'
    assert commands(shop)["rollback"] == 'nomad job revert shop "$JOB_VERSION"'


def test_a_unit_is_read_with_its_needs_and_commands() -> None:
    (orders,) = found("deploy/orders.service", UNIT)
    assert (orders.description, [each.text for each in orders.needs]) == ("Takes orders", ["postgresql", "queue"])
    assert (orders.checks[0].url, orders.place.line) == ("tcp://127.0.0.1:8080", 8)
    assert [each.text for each in orders.keeps] == ["/var/lib/orders"]
    assert commands(orders)["restart"] == "systemctl restart orders"


def test_a_template_of_units_asks_for_its_instance() -> None:
    (worker,) = found("worker@.service", "[Service]\nExecStart=/usr/bin/worker %i\n")
    assert commands(worker)["restart"] == 'systemctl restart worker@"$INSTANCE"'


def test_a_unit_that_runs_once_is_a_job() -> None:
    (clean,) = found("clean.service", "[Service]\nType=oneshot\nExecStart=/usr/bin/clean\n")
    assert (clean.is_job, list(commands(clean))) == (True, ["status", "logs", "start"])


def test_a_known_database_in_a_unit_is_backed_up() -> None:
    (db,) = found("db.service", "[Service]\nExecStart=/usr/lib/postgresql/15/bin/postgres -D /data\n")
    assert {"backup", "restore"} <= set(commands(db))


def test_hcl_that_holds_no_job_gives_none() -> None:
    assert found("main.hcl", 'resource "x" "y" {\n  a = var.b\n}\n') == ()


def test_a_catalog_tells_owner_needs_and_links_of_what_is_operated() -> None:
    (orders,) = found("catalog-info.yaml", CATALOG)
    assert (orders.owner, [each.text for each in orders.needs]) == ("payments", ["orders-db"])
    assert (orders.links, orders.place.line) == ((("Board", "https://x.example/board"),), 4)


def test_what_is_probed_for_a_named_service_is_its_health_check() -> None:
    redis, web = found("conf/prometheus.yml", WATCHED)
    assert (redis.technology, redis.checks) == ("redis", ())  # its exporter answers though it is down
    assert (web.name, web.owner, web.checks[0].url) == ("web", "front", "http://127.0.0.1:80/health")


def test_its_figures_are_no_health_check_where_a_probe_is() -> None:
    text = WATCHED.replace("job_name: redis", "job_name: web")
    (web,) = found("conf/prometheus.yml", text)
    assert [check.url for check in web.checks] == ["http://127.0.0.1:80/health"]


def test_where_another_file_tells_its_health_its_figures_are_none() -> None:
    text = WATCHED.replace("job_name: redis", "job_name: orders").replace("9121", "9000")
    (orders,) = joined((*found("conf/prometheus.yml", text)[:1], *found("deploy/orders.service", UNIT)))
    assert [check.url for check in orders.checks] == ["tcp://127.0.0.1:8080"]


def test_targets_of_a_running_server_are_the_same() -> None:
    (web,) = found_targets([
        ("probe", "http://web/health", "http://bb:9115/probe?target=x", (("service", "web"),)),
        ("probe", "http://other/", "http://bb:9115/probe?target=y", ()),
        ("probe", "http://@PLACE@/", "http://bb:9115/probe", (("service", "web"),)),
    ])  # fmt: skip
    assert [check.url for check in web.checks] == ["http://web/health"]


def test_a_script_and_a_probe_of_the_same_name_are_one_service() -> None:
    web = joined((*found("conf/prometheus.yml", WATCHED), *found("bin/svc", SCRIPT)))[1]
    assert (web.name, web.origin, web.checks[0].url) == ("web", "script", "http://127.0.0.1:80/health")


@pytest.mark.parametrize(("path", "could"), [
    ("Procfile.dev", True), ("bin/svc", True), ("a/Makefile", True), ("x.nomad.hcl", True), ("k8s/a.yml", True),
    ("bin/tool.py", False), ("LICENSE", False), ("docs/a.md", False),
])  # fmt: skip
def test_what_could_deploy_is_told_by_its_name(path: str, could: bool) -> None:
    assert could_deploy(path) is could


KINDS = (
    ("bin/svc", SCRIPT), ("shop.nomad", NOMAD), ("catalog-info.yaml", CATALOG), ("conf/prometheus.yml", WATCHED),
    ("orders.service", UNIT), ("w@.service", UNIT), ("orders.service.d/a.conf", UNIT),
    ("Procfile", "web: puma -p 3000\n"), ("Makefile", "restart-web:\n\tx\n"),
)  # fmt: skip
PIECES = st.one_of(st.text(max_size=6), st.sampled_from(('"', "{", "}", "case $x in", "esac", "<<EOH\n", "\\", "${", ":", "'; rm")))


@given(st.sampled_from(KINDS), st.integers(0), PIECES, st.integers(0, 12))
def test_each_kind_is_read_with_a_slip_in_it(kind, at, put, cut):
    path, text = kind
    at %= len(text)
    services, _ = read_deployment(path, text[:at] + put + text[at + cut :])
    assert_sound(services)
    assert all(each.place.line >= 1 and each.place.column >= 1 for each in services)


@given(st.sampled_from([path for path, _ in KINDS]), st.text(max_size=300))
def test_any_text_of_any_of_their_names_is_read(path, text):
    assert_sound(read_deployment(path, "#!/bin/sh\n" + text)[0])


PROJECT = "services:\n  {0}:\n    image: postgres:16\n    volumes: ['data:/data']\nvolumes: {{data: {{}}}}\n"


def test_the_same_name_in_two_projects_is_two_services() -> None:
    both = (*found("vote/compose.yaml", PROJECT.format("db")), *found("shop/compose.yaml", PROJECT.format("db")))
    first, second = joined(both)
    assert [first.name, second.name] == ["db", "shop-db"]
    assert "docker compose -f shop/compose.yaml restart db" in commands(second)["restart"]


def test_two_names_that_differ_in_letter_case_alone_are_two_services() -> None:
    text = "services:\n  Web:\n    image: a\n  web:\n    image: b\n"
    assert [each.name for each in joined(found("compose.yaml", text))] == ["Web", "web-2"]


def test_what_keeps_data_is_not_scaled_on_one_volume() -> None:
    (db,) = found("compose.yaml", PROJECT.format("db"))
    (up,) = [each for each in db.operations if each.operation == "scale-up"]
    assert up.steps[0].command == ""
    assert "same volume" in up.note


def test_going_back_does_not_build_what_is_checked_out_now() -> None:
    text = "services:\n  api:\n    build: .\n    image: shop/api:${API_TAG:-1.2.0}\n"
    (api,) = found("compose.yaml", text)
    (back,) = [each for each in api.operations if each.operation == "rollback"]
    assert all(" build " not in step.command for step in back.steps)
    assert back.parameters[0][:3] == ("API_TAG", "string", "required")


def test_a_redis_with_an_append_only_file_is_restored_by_the_steps_that_work() -> None:
    text = "services:\n  cache:\n    image: redis:7\n    command: redis-server --appendonly yes\n"
    (cache,) = found("compose.yaml", text)
    (restore,) = [each for each in cache.operations if each.operation == "restore"]
    assert [word for word in ("appendonlydir", "appendonly yes", "dbsize") if word in str(restore)] == [
        "appendonlydir", "appendonly yes", "dbsize",
    ]  # fmt: skip


def test_that_it_is_well_is_proven_by_its_own_check_rather_than_by_an_open_port() -> None:
    text = """services:
  queue:
    image: rabbitmq:3
    ports: ["127.0.0.1:5672:5672"]
    healthcheck: {test: ["CMD", "rabbitmq-diagnostics", "-q", "ping"]}
"""
    (queue,) = found("compose.yaml", text)
    (restart,) = [each for each in queue.operations if each.operation == "restart"]
    assert "rabbitmq-diagnostics -q ping" in restart.verification[-1].command
