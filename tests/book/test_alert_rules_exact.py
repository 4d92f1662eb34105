"""The readers of alert rules are exact on real files, and no text makes them fall."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.book.alert_rule_text import written

from opsbook.book.alert_rules import read_alert_rules, runbook_of

PLAIN = """\
groups:
  - name: api
    rules:
      - alert: ApiDown
        expr: up{job="api"} == 0
        for: 5m
        labels: {severity: page, team: 'web'}
        annotations:
          summary: "{{ $labels.instance }} is down"
          description: >-
            It is
            down.
          runbook_url: https://example.org/r/api#down
"""

TEMPLATE = """\
{{- if .Values.create }}
data:
  alerts.yml: |
    groups:
      - name: api
        rules:
        {{- range .Values.names }}
          - alert: {{ . }}Down
            expr: up == 0
            annotations:
              description: 'It''s

                down'
              runbook: {{ .Values.url }}/{{ . }}
        {{- end }}
{{- end }}
"""

FLOW = '{"groups": [{"name": "a", "rules": [{"alert": "One", "expr": "up", "labels": {"sop": "a/b.md"}}]}]}'


def rules_by_pyyaml(text: str) -> list[dict[str, Any]]:
    """Every alert rule that PyYAML finds, in order, values as text."""
    import yaml

    found: list[dict[str, Any]] = []

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if "alert" in node and "expr" in node:
                keys = ("alert", "expr", "for", "labels", "annotations")
                found.append({key: node.get(key, "" if key in keys[:3] else {}) for key in keys})
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)
        elif isinstance(node, str) and "- alert:" in node:
            walk(list(yaml.load_all(node, Loader=yaml.CBaseLoader)))

    walk(list(yaml.load_all(text, Loader=yaml.CBaseLoader)))
    return found


def test_all_rules_of_the_corpora_are_those_that_pyyaml_finds(corpora: Path) -> None:
    count = 0
    for path in sorted(corpora.rglob("*")):
        if path.suffix in (".yml", ".yaml"):
            text = path.read_text()
            file = read_alert_rules(path.name, text)
            assert [written(rule) for rule in file.rules] == rules_by_pyyaml(text), path
            assert file.findings == ()
            count += len(file.rules)
    assert count == 1161


def test_lines_alone_show_the_same_rules_in_the_corpora(corpora: Path) -> None:
    """A template loses only what its actions hide: the same files, made unreadable as YAML, lose nothing."""
    for path in sorted(corpora.rglob("*")):
        text = path.read_text() if path.suffix in (".yml", ".yaml") else ""
        if "alert:" in text:
            file = read_alert_rules(path.name, "{{- if .Values.on }}\n" + text + "\n{{- end }}\n")
            assert file.is_template
            assert [written(rule) for rule in file.rules] == rules_by_pyyaml(text), path


def test_json_says_the_same_as_yaml(corpora: Path) -> None:
    import yaml

    text = (corpora / "prometheus-operator__kube-prometheus/manifests/grafana-prometheusRule.yaml").read_text()
    rewritten = json.dumps(yaml.load(text, Loader=yaml.CBaseLoader), indent=1)
    assert [written(rule) for rule in read_alert_rules("r.json", rewritten).rules] == rules_by_pyyaml(text)


MARKS = [
    "{{",
    "}}",
    "{%",
    "\n",
    "  ",
    "- ",
    ": ",
    '"',
    "'",
    "|",
    ">",
    "&a ",
    "*a",
    "\t",
    "\r",
    "\0",
    "é",
    "\udc80",
    "#",
]


@given(st.sampled_from([PLAIN, TEMPLATE, FLOW]), st.data())
def test_a_mutated_rule_file_never_raises_and_its_places_are_in_it(text: str, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        gone = data.draw(st.integers(0, 12))
        text = text[:at] + data.draw(st.sampled_from(MARKS)) + text[at + gone :]
    size = len(text.encode("utf-8", "surrogateescape"))
    file = read_alert_rules("r.yml", text)
    for rule in file.rules:
        assert 0 <= rule.start <= rule.end <= size
        address = runbook_of(rule)
        assert address is None or (address.url and address.end <= size)
    for finding in file.findings:
        assert 1 <= finding.span.line <= text.count("\n") + 1


@given(st.text(max_size=40))
def test_no_text_makes_the_reader_fall(text: str) -> None:
    for shape in ("{}", "alert: {}", "groups:\n- rules:\n  - alert: {}\n    expr: up\n"):
        read_alert_rules("r.yml", shape.replace("{}", text))


@pytest.mark.parametrize(
    "text",
    [
        "alert: " + "[" * 50_000,
        "groups:\n" + "".join(" " * depth + "- rules:\n" for depth in range(2_000)) + "alert: a\n",
        "{{ if " * 20_000 + "alert: ",
        "- alert: 'a\n" * 20_000,
        "a: &a [alert: x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1 or ''}, *a{n - 1 or ''}]\n" for n in range(1, 40)),
    ],
)
def test_hostile_texts_are_read_in_time(text: str) -> None:
    read_alert_rules("r.yml", text)
