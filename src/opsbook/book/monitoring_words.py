"""How people head the columns and label the lines of what they monitor: words to parts, as data. Reads no page.

The first words are those of the folder's own pages; the others stand in public projects' tables of metrics and alerts.
"""

from __future__ import annotations

_SERVICE = ("service", "services", "operator name", "component", "system", "application", "app", "job", "area", "team")
_MEANING = ("meaning", "description", "what it means", "meaning / action", "summary", "purpose", "measures", "what",
            "why it matters", "notes", "impact", "help", "details")  # fmt: skip
_LOCATION = ("location", "url", "link", "where", "address", "path", "file", "host and path")
_ACCESS = ("access", "how to access", "how to read", "who", "permissions", "login", "command", "how")

# For each kind of thing its parts, and for each part the words for it. `name` is the column that tells the kind.
WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "alert": {
        "name": ("alert", "alert name", "alertname", "alerts", "rule"),
        "service": _SERVICE,
        "expression": ("expression", "expr", "query", "promql", "metric"),
        "threshold": ("threshold", "condition", "trigger", "triggers", "fires when", "when", "limit",
                      "threshold (effective)"),
        "hold": ("for", "duration", "held for", "pending", "hold", "window"),
        "severity": ("severity", "priority", "level", "sev"),
        "meaning": _MEANING,
        "response": ("response", "action", "actions", "what to do", "what to do first", "first step", "remediation",
                     "respond", "steps"),
        "runbook": ("runbook", "runbook url", "runbooks", "playbook", "sop", "documentation", "docs", "link", "page"),
    },
    "metric": {
        "name": ("metric", "metrics", "metric name", "series", "signal", "indicator", "sli"),
        "service": _SERVICE,
        "expression": ("expression", "expr", "query", "promql", "formula"),
        "unit": ("unit", "units"),
        "meaning": _MEANING,
        "normal": ("normal", "normal range", "healthy", "expected", "target", "baseline", "typical", "slo",
                   "objective", "threshold"),
        "type": ("type", "kind"),
    },
    "dashboard": {
        "name": ("dashboard", "dashboards", "dashboard name", "board"),
        "service": _SERVICE,
        "location": _LOCATION,
        "access": _ACCESS,
        "shows": ("shows", "what it shows", "use", "use for", "contents", "panels", *_MEANING),
    },
    "log": {
        "name": ("logs", "log", "log name", "log file", "log source", "log group"),
        "service": _SERVICE,
        "location": _LOCATION,
        "access": (*_ACCESS, "query"),
        "kept": ("kept for", "retention", "kept", "retained", "retention period"),
    },
}  # fmt: skip
# What a heading or the kind of a page says of the tables and items below it.
HINTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("alert", ("alert", "alarm")),
    ("dashboard", ("dashboard",)),
    ("log", ("log", "logs", "logging")),
    ("metric", ("metric", "indicator", "sli", "what to monitor", "measure")),
)
# The labels of a runbook's own section on monitoring.
RUNBOOK_LABELS: dict[str, tuple[str, ...]] = {
    "dashboard": ("metrics dashboard", "dashboard", "dashboards", "grafana", "metrics", "grafana dashboard"),
    "log": ("logs", "log", "logging", "log location", "log locations"),
    "alert": ("alerts", "alert", "alerting", "alert rules"),
}
