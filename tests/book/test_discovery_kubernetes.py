"""What manifests of Kubernetes tell of their services."""

from __future__ import annotations

import pytest
from tests.book.sound_operations import assert_shellcheck_clean, assert_sound

from opsbook.book.discovery import Found
from opsbook.book.discovery.reading import read_deployment

SHOP = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  labels: {team: front}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, tier: front}}
    spec:
      containers:
        - name: server
          image: registry.test/web:1.4
          ports: [{name: http, containerPort: 8080}]
          env:
            - {name: CATALOG_ADDR, value: "catalog:3550"}
            - {name: MODE, value: production}
          readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 7}
---
apiVersion: v1
kind: Service
metadata: {name: web-front, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec:
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers:
        - {name: postgres, image: "postgres:16", livenessProbe: {exec: {command: [pg_isready, -U, "a b"]}}}
  volumeClaimTemplates: [{metadata: {name: rows}}]
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "0 3 * * *"
  jobTemplate: {spec: {template: {spec: {containers: [{name: x, image: x}]}}}}
---
{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: agent}, spec: {template: {spec: {containers: [{name: a}]}}}}
"""
INGRESS = """\
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec:
  tls: [{hosts: [shop.test]}]
  rules:
    - host: shop.test
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web-front, port: {number: 80}}}}]}
"""
SCALER = """\
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web-scaler}
spec: {scaleTargetRef: {kind: Deployment, name: web}, minReplicas: 2, maxReplicas: 9}
"""


def read(text: str) -> dict[str, Found]:
    found, findings = read_deployment("k8s/shop.yaml", text)
    assert findings == ()
    return {each.name: each for each in found}


def command(found: Found, operation: str) -> str:
    (how,) = [each for each in found.operations if each.operation == operation]
    return "\n".join(step.command for step in how.steps)


def test_every_workload_is_found_at_its_name():
    assert {name: str(each.place) for name, each in read(SHOP).items()} == {
        "web": "k8s/shop.yaml:4:9", "db": "k8s/shop.yaml:29:18", "nightly": "k8s/shop.yaml:41:18",
        "agent": "k8s/shop.yaml:46:57",
    }  # fmt: skip


def test_what_a_workload_tells_is_kept():
    web, db, nightly, agent = read(SHOP).values()
    assert (web.where, web.replicas, web.owner, web.ports) == ("shop", 2, "front", (("web-front:80", "http/tcp"),))
    assert [told.text for told in web.needs] == ["catalog"]
    assert (db.technology, [told.text for told in db.keeps]) == ("postgresql", ["claim rows of each copy"])
    assert (nightly.is_job, nightly.facts, agent.is_job) == (True, (("Schedule", "0 3 * * *"),), False)


def test_all_commands_are_sound(needs):
    found = read(SHOP + INGRESS + SCALER).values()
    assert_sound(found)
    assert_shellcheck_clean(needs("shellcheck"), found)


def test_a_probe_is_asked_through_the_ingress_that_leads_to_it():
    check = read(SHOP + INGRESS)["web"].checks[0]
    assert (check.url, check.every_s) == ("https://shop.test/ready", 7)


def test_a_probe_without_ingress_is_asked_through_the_api_server():
    assert read(SHOP)["web"].checks[0].command == (
        "kubectl -n shop get --raw /api/v1/namespaces/shop/services/web-front:80/proxy/ready"
    )


def test_a_probe_that_runs_a_command_is_run_there():
    assert read(SHOP)["db"].checks[0].command == (
        "kubectl -n shop exec statefulset/db -c postgres -- pg_isready -U 'a b'"
    )


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("restart", "kubectl -n shop rollout restart deployment/web"),
        ("rollback", "kubectl -n shop rollout undo deployment/web"),
        ("scale-up", 'kubectl -n shop scale deployment/web --replicas="$REPLICAS"'),
        ("deploy", 'kubectl -n shop set image deployment/web server="$IMAGE"'),
        ("logs", "kubectl -n shop logs -l app=web --tail=-1 --prefix --max-log-requests=50 --since=15m"
                 " --all-containers"),
    ],
)  # fmt: skip
def test_a_deployment_is_operated_by_kubectl(operation, expected):
    assert command(read(SHOP)["web"], operation) == expected


def test_what_an_autoscaler_scales_is_scaled_by_its_bounds():
    assert "patch hpa web-scaler" in command(read(SHOP + SCALER)["web"], "scale-up")


def test_what_runs_on_each_node_is_not_scaled():
    assert command(read(SHOP)["agent"], "scale-up") == ""


def test_a_list_is_read_as_what_it_holds():
    text = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: apps/v1, kind: Deployment, metadata: {name: a}}\n"
    assert list(read(text)) == ["a"]


def test_what_a_template_fills_in_is_left_out():
    text = SHOP.replace("registry.test/web:1.4", '"{{ .Values.image }}"').replace("spec:\n", "spec:\n  {{- if .a }}\n")
    web = read(text)["web"]
    assert (web.image, web.replicas) == ("", 2)
    assert web.notes == ("Some of what it says is filled in by a template; that is left out.",)
    assert_sound([web])


@pytest.mark.parametrize("name", ["a b; rm -rf", "$(reboot)", "-f", "A", "{{ .Release.Name }}"])
def test_a_name_that_no_workload_can_have_is_refused(name):
    text = f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: '{name}'}}\n"
    found, (finding,) = read_deployment("a.yaml", text)
    assert (found, finding.rule) == ((), "odd-deployment")
