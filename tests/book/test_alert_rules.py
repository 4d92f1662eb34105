"""Alert rules are read from whatever holds them, with their places, and nothing makes the reader fall."""

from __future__ import annotations

import pytest
from tests.book.alert_rule_text import written

from opsbook.book.alert_rules import AlertRule, AlertRuleFile, read_alert_rules, runbook_of

PLAIN = """\
groups:
  - name: api
    rules:
      - record: job:up:sum
        expr: sum(up)
      - alert: ApiDown
        expr: up{job="api"} == 0
        for: 5m
        labels: {severity: page, team: 'web'}
        annotations:
          summary: "{{ $labels.instance }} is down"
          runbook_url: https://example.org/r/api#down
"""

PROMETHEUS_RULE = """\
apiVersion: v1
kind: ConfigMap
data: {}
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
spec:
  groups:
  - name: api
    rules:
    - alert: ApiDown
      expr: |
        up == 0
"""

LIST = """\
kind: List
items:
- kind: PrometheusRule
  spec: {groups: [{name: a, rules: [{alert: One, expr: up}]}]}
- kind: PrometheusRule
  spec: {groups: [{name: b, rules: [{alert: Two, expr: up}]}]}
"""

CONFIG_MAP = """\
kind: ConfigMap
data:
  alerts.yml: |
    groups:
      - name: api
        rules:
          - alert: ApiDown
            expr: up == 0
            annotations:
              runbook: docs/api.md
"""

HELM = """\
{{- /*
Made by a script; {{ do not }} change.
*/ -}}
{{- if and .Values.create
      (not .Values.off) }}
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: {{ printf "%s-%s" (include "x.name" .) "api" | trunc 63 }}
  labels:
{{ include "x.labels" . | indent 4 }}
spec:
  groups:
  - name: api.rules
    rules:
{{- if not (.Values.disabled.ApiDown | default false) }}
    - alert: ApiDown
      annotations:
{{- if .Values.more }}
{{ toYaml .Values.more | indent 8 }}
{{- end }}
        description: 'Of {{`{{`}} $labels.job {{`}}`}}: it''s down.

          Twice.

          '
        runbook_url: {{ .Values.runbookUrl }}/api/apidown
        summary: One: or more # targets
      expr: |-
        up{job="{{ $job }}"} == 0
          {{ if .Values.strict }}or vector(1){{ end }}
      for: {{ dig "ApiDown" "for" "10m" .Values.custom }}
      labels:
        severity: {{ dig "ApiDown" "severity" "critical" .Values.custom }}
{{- with .Values.extra }}
        {{- toYaml . | nindent 8 }}
{{- end }}
{{- end }}
    - record: job:up:sum
      expr: sum(up)
{{- range $name, $limit := .Values.queues }}
    - alert: Queue{{ $name }}Full
      expr: size > {{ $limit }}
{{- end }}
{{- end }}
"""


def names(file: AlertRuleFile) -> list[str]:
    return [rule.name for rule in file.rules]


def only(text: str) -> AlertRule:
    (rule,) = read_alert_rules("r.yml", text).rules
    return rule


def test_a_rule_is_read_whole() -> None:
    assert written(only(PLAIN)) == {
        "alert": "ApiDown",
        "expr": 'up{job="api"} == 0',
        "for": "5m",
        "labels": {"severity": "page", "team": "web"},
        "annotations": {
            "summary": "{{ $labels.instance }} is down",
            "runbook_url": "https://example.org/r/api#down",
        },
    }


def test_a_rule_knows_its_group_its_severity_and_its_place() -> None:
    rule = only(PLAIN)
    assert (rule.group, rule.severity, rule.line, rule.column) == ("api", "page", 6, 16)
    assert PLAIN.encode()[rule.start : rule.end] == b"ApiDown"
    assert rule.annotations["runbook_url"].line == 12


def test_recording_rules_are_counted_and_passed_over() -> None:
    assert read_alert_rules("r.yml", PLAIN).recording_rules == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (PROMETHEUS_RULE, ["ApiDown"]),
        (LIST, ["One", "Two"]),
        (CONFIG_MAP, ["ApiDown"]),
        (HELM, ["ApiDown", "Queue{{ $name }}Full"]),
        ('{"groups": [{"name": "a", "rules": [{"alert": "One", "expr": "up"}]}]}', ["One"]),
        (PLAIN.replace("\n", "\r\n"), ["ApiDown"]),
        ("\ufeff" + PLAIN, ["ApiDown"]),
        (HELM.replace("\n", "\r\n"), ["ApiDown", "Queue{{ $name }}Full"]),
        ('groups:\n- rules:\n  - "alert": "A"\n    \'expr\': up\n', ["A"]),
        ("groups:\n- rules:\n  -\n    expr: up\n    alert: A\n", ["A"]),
        ("additional:\n  x:\n    rules:\n    - alert: A\n      expr: up\n", ["A"]),
        ("x: &r {alert: A, expr: up}\ngroups: [{name: g, rules: [*r]}, {name: h, rules: [*r]}]", ["A", "A"]),
        ("x: &r\n- {alert: A, expr: up}\ngroups: [{name: g, rules: *r}, {name: h, rules: *r}]\n", ["A"]),
        ("groups:\n- rules:\n{% for x in xs %}\n  - alert: {{ x }}\n    expr: up\n{% endfor %}", ["{{ x }}"]),
        ("data:\n  a: \"groups:\\n- rules:\\n  - alert: A\\n    expr: up\\n\"\n", ["A"]),
    ],
)  # fmt: skip
def test_rules_are_found_in_every_shape_of_file(text: str, found: list[str]) -> None:
    file = read_alert_rules("r.yml", text)
    assert (names(file), file.findings) == (found, ())


def test_rules_within_a_config_map_keep_the_place_in_the_file() -> None:
    rule = only(CONFIG_MAP)
    address = runbook_of(rule)
    assert (rule.line, rule.column) == (7, 20)
    assert address is not None
    assert CONFIG_MAP.encode()[address.start : address.end] == b"docs/api.md"
    assert CONFIG_MAP.splitlines()[address.line - 1][address.column - 1 :] == "docs/api.md"


def test_a_helm_template_is_read_as_far_as_its_lines_show() -> None:
    file = read_alert_rules("r.yml", HELM)
    assert file.is_template
    assert file.recording_rules == 1
    rule = file.rules[0]
    assert written(rule) == {
        "alert": "ApiDown",
        "expr": 'up{job="{{ $job }}"} == 0\n  {{ if .Values.strict }}or vector(1){{ end }}',
        "for": '{{ dig "ApiDown" "for" "10m" .Values.custom }}',
        "labels": {"severity": '{{ dig "ApiDown" "severity" "critical" .Values.custom }}'},
        "annotations": {
            "description": "Of {{`{{`}} $labels.job {{`}}`}}: it's down.\nTwice.\n",
            "runbook_url": "{{ .Values.runbookUrl }}/api/apidown",
            "summary": "One: or more",
        },
    }
    assert (rule.group, rule.line, rule.column) == ("api.rules", 17, 14)
    assert HELM.encode()[rule.start : rule.end] == b"ApiDown"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "services:\n  web:\n    image: nginx\n",
        "services:\n  web: [\n",
        "rules:\n- apiGroups: ['']\n  verbs: [get]\n",
        "alert: true\n",
        "groups:\n- name: staff\n  rules:\n  - be kind\n",
        "route:\n  receiver: x\nalert: [\n",
        "# Page\n\nAn alert: this one.\n",
        "\0\1\2",
    ],
)
def test_a_file_that_holds_no_rules_gives_none_and_no_finding(text: str) -> None:
    assert read_alert_rules("r.yml", text) == AlertRuleFile("r.yml")


def test_a_broken_file_gives_its_readable_rules_and_the_place_of_the_mistake() -> None:
    text = PLAIN + "      - alert: Next\n        expr: up\n        annotations:\n          a: b: c\n          d: e\n"
    file = read_alert_rules("r.yml", text)
    assert names(file) == ["ApiDown", "Next"]
    (finding,) = file.findings
    assert (finding.rule, finding.severity) == ("invalid-rule-file", "error")
    assert (finding.span.path, finding.span.line, finding.span.column) == ("r.yml", 16, 15)


def test_a_broken_json_file_gives_the_rules_before_the_mistake() -> None:
    file = read_alert_rules("r.json", '{"groups": [{"rules": [{"alert": "A", "expr": "up"}, {"alert" "B"}]}]}')
    assert names(file) == ["A"]
    assert [finding.rule for finding in file.findings] == ["invalid-rule-file"]


@pytest.mark.parametrize("value", ["{{ $labels.pod }} is down", "{{ $labels.pod }}", "[a]"])
def test_a_value_whose_quotes_were_forgotten_is_a_finding(value: str) -> None:
    text = f"groups:\n- rules:\n  - alert: A\n    expr: up\n    annotations:\n      summary: {value}\n      x: y\n"
    file = read_alert_rules("r.yml", text)
    assert names(file) == ["A"]
    assert [(finding.rule, finding.span.line) for finding in file.findings] == [("invalid-rule-file", 6)]


def test_an_entry_of_a_group_that_is_no_rule_is_a_finding() -> None:
    file = read_alert_rules("r.yml", "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up\n  - expr: up\n")
    assert [(finding.rule, finding.span.line) for finding in file.findings] == [("invalid-rule-file", 6)]


def rule_with(annotations: str, labels: str = "{}") -> AlertRule:
    head = f"groups:\n- rules:\n  - alert: A\n    expr: up\n    labels: {labels}\n"
    return only(f"{head}    annotations:\n{annotations}\n")


@pytest.mark.parametrize(
    ("annotation", "key", "url", "column"),
    [
        ("runbook_url: https://a/b", "runbook_url", "https://a/b", 20),
        ("runbook: 'docs/b.md'", "runbook", "docs/b.md", 17),
        ("Documentation: https://a/b", "Documentation", "https://a/b", 22),
        ("SOP: https://a/b", "SOP", "https://a/b", 12),
        ("RunbookURL: https://a/b", "RunbookURL", "https://a/b", 19),
        ("runbook: See https://a/b, please.", "runbook", "https://a/b", 20),
        ("runbook: https://a/{{ $labels.alertname }}", "runbook", "https://a/{{ $labels.alertname }}", 16),
        ("runbook_url: >-\n          https://a/b", "runbook_url", "https://a/b", 11),
        ("runbook: docs/two words.md", "runbook", "docs/two words.md", 16),
    ],
)
def test_the_runbook_is_found_where_it_is_written(annotation: str, key: str, url: str, column: int) -> None:
    address = runbook_of(rule_with("      " + annotation))
    assert address is not None
    assert (address.key, address.url, address.column) == (key, url, column)


@pytest.mark.parametrize(
    "annotation",
    ["runbook_url: ''", "runbook: n/a", "documentation: Restart the pod.", "runbook: ~", "summary: a"],
)
def test_what_is_no_address_is_no_runbook(annotation: str) -> None:
    assert runbook_of(rule_with("      " + annotation)) is None


def test_annotations_come_before_labels_and_keys_in_their_order() -> None:
    rule = rule_with("      runbook: b\n      runbook_url: a", "{runbook_url: c, wiki: d}")
    assert getattr(runbook_of(rule), "url", None) == "a"
    assert getattr(runbook_of(rule, ("runbook",)), "url", None) == "b"
    assert getattr(runbook_of(rule, ("wiki",)), "url", None) == "d"
