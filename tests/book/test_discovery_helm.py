"""What a chart of Helm and its values tell of the service that they deploy."""

from __future__ import annotations

from collections.abc import Callable

from tests.book.sound_operations import assert_shellcheck_clean, assert_sound

from opsbook.book.discovery import Found
from opsbook.book.discovery.reading import joined, read_deployment

CHART = """\
apiVersion: v2
name: shop
description: Where customers buy
appVersion: "2.4"
maintainers: [{name: Team Front, email: front@shop.test}]
dependencies:
  - {name: postgresql, version: 1.x, repository: "https://charts.test", condition: postgresql.enabled}
  - {name: redis, alias: cache, version: 1.x, repository: "https://charts.test"}
  - {name: common, version: 1.x, repository: "https://charts.test"}
"""
VALUES = """\
replicaCount: 2
image: {repository: registry.test/shop, tag: "2.4"}
service: {port: 8080}
resources: {}
ingress:
  enabled: true
  hosts: [{host: shop.test, paths: [{path: /}]}]
  tls: [{hosts: [shop.test]}]
readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 5}
persistence: {enabled: true, size: 8Gi}
postgresql: {enabled: false}
"""


def read(**files: str) -> tuple[Found, ...]:
    names = {"chart": "Chart.yaml", "values": "values.yaml"}
    return joined([each for name, text in files.items()
                   for each in read_deployment(f"deploy/shop/{names[name]}", text)[0]])  # fmt: skip


def commands(found: Found, operation: str) -> str:
    return "\n".join(step.command for each in found.operations if each.operation == operation for step in each.steps)


def test_a_chart_and_its_values_are_one_service() -> None:
    (shop,) = read(chart=CHART, values=VALUES)
    assert (shop.name, shop.description, shop.owner, shop.replicas) == ("shop", "Where customers buy", "Team Front", 2)
    assert shop.image == "registry.test/shop:2.4" and shop.ports == (("", "8080/tcp"),)
    assert [each.text for each in shop.keeps] == ["a claim of the release (8Gi)"]
    assert [each.path for each in shop.places] == ["deploy/shop/Chart.yaml", "deploy/shop/values.yaml"]
    assert all("switched off" not in fact for fact in shop.facts)


def test_a_part_that_is_switched_off_or_runs_nothing_is_no_need() -> None:
    assert [each.text for each in read(chart=CHART, values=VALUES)[0].needs] == ["cache"]
    assert [each.text for each in read(chart=CHART)[0].needs] == ["postgresql", "cache"]


def test_it_is_asked_where_the_ingress_leads_and_the_probe_asks() -> None:
    (check,) = read(chart=CHART, values=VALUES)[0].checks
    assert (check.url, check.every_s) == ("https://shop.test/ready", 5)
    assert read(chart=CHART, values=VALUES.replace("enabled: true", "enabled: false"))[0].checks == ()


def test_values_alone_a_library_and_a_chart_within_a_chart_are_no_services() -> None:
    assert read(values=VALUES) == ()
    assert read(chart="apiVersion: v2\nname: parts\ntype: library\n") == ()
    inner = read_deployment("deploy/shop/charts/redis/Chart.yaml", "apiVersion: v2\nname: redis\n")[0]
    assert [each.name for each in joined([*read_deployment("deploy/shop/Chart.yaml", CHART)[0], *inner])] == ["shop"]


def test_release_and_namespace_are_asked_for_and_commands_work_as_they_are(needs: Callable[[str], str]) -> None:
    (shop,) = read(chart=CHART, values=VALUES)
    for each in shop.operations:
        assert {"RELEASE", "NAMESPACE"} <= {row[0] for row in each.parameters}
    assert 'helm -n "$NAMESPACE" upgrade "$RELEASE" ./deploy/shop --atomic --wait' in commands(shop, "deploy")
    assert "helm dependency build ./deploy/shop" in commands(shop, "deploy")
    assert '--set replicaCount="$REPLICAS"' in commands(shop, "scale-up")
    assert_sound([shop])
    assert_shellcheck_clean(needs("shellcheck"), [shop])


def test_an_autoscaler_is_given_bounds_instead_of_a_number() -> None:
    (shop,) = read(chart=CHART, values=VALUES + "autoscaling: {enabled: true, minReplicas: 2}\n")
    assert "autoscaling.minReplicas=$MIN_REPLICAS" in commands(shop, "scale-up") and shop.replicas is None


def test_a_database_is_backed_up_from_its_own_pod(needs: Callable[[str], str]) -> None:
    chart, values = CHART.replace("name: shop", "name: db"), VALUES.replace("registry.test/shop", "postgres")
    (shop,) = read(chart=chart, values=values)
    assert "app.kubernetes.io/name=db" in commands(shop, "backup") and "pg_dump" in commands(shop, "backup")
    assert_sound([shop])
    assert_shellcheck_clean(needs("shellcheck"), [shop])
