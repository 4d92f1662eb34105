"""What a heading or a bold label stands for: titles to slots, as data that a user can extend. Reads no page.

The synonyms and their order come from counting the headings of 3,764 public operations pages; a slot is a name of
the contract. Other languages are here for the headings seen in them; `[headings]` in opsbook.toml adds more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from unicodedata import normalize

SLOTS: tuple[str, ...] = (
    "overview", "architecture", "health-checks", "deployment", "common-operations", "troubleshooting", "monitoring",
    "emergency-contacts", "meaning", "impact", "diagnosis", "mitigation", "symptoms", "cause", "solution", "timeline",
    "root-cause", "resolution", "prevention", "lessons-learned", "prerequisites", "steps", "verification", "rollback",
    "related", "changelog",
)  # fmt: skip

# One line per slot: the titles that mean it, lower case, separated by "|". First come, first served when two slots
# claim a title. German, French, Spanish, Portuguese, Russian and Korean stand at the end of a line.
_TITLES: dict[str, str] = {
    "overview": "overview|service overview|summary|at a glance|purpose|scope|objective|introduction|description|about"
    "|background|why this exists|context|executive summary|tl;dr|tldr|what is it|what this is|goal|goals|issue summary"
    "|incident summary|abstract|service overview and purpose|what happened|überblick|übersicht|zusammenfassung|zweck"
    "|vue d'ensemble|aperçu|résumé|resumen|descripción general|visão geral|resumo|обзор|описание|개요",
    "architecture": "architecture|components|how it works|dependencies|system architecture|design"
    "|high-level architecture"
    "|architecture overview|topology|architektur|arquitectura|arquitetura|архитектура|아키텍처",
    "health-checks": "health checks|health check|checks|smoke test|smoke tests|possible checks|quick checks"
    "|status check"
    "|status checks|health|healthcheck|healthchecks|health checks and monitoring|health endpoints"
    "|liveness and readiness"
    "|zustandsprüfungen|gesundheitsprüfungen|vérifications de santé|comprobaciones de estado|verificações de saúde"
    "|проверки состояния|проверка работоспособности|상태 확인",
    "deployment": "deployment|deploy|deployments|rollout|deployment procedures|deployment procedure|deployment process"
    "|release|releasing|how to deploy|deploying|bereitstellung|déploiement|despliegue|implantação|развертывание"
    "|развёртывание|деплой|배포",
    "rollback": "rollback|roll back|rollback procedure|rollback procedures|immediate rollback|rollback plan"
    "|rollback process"
    "|rolling back|how to roll back|backout|back out|revert|rücknahme|rückfall|retour arrière|reversión|reversão"
    "|откат|롤백",
    "verification": "verification|verify|success criteria|validation|completion criteria|verification checklist"
    "|verify recovery|post-deployment|post deployment|post-checks|verification steps|post-deployment verification"
    "|validate"
    "|how to verify|überprüfung|verifizierung|vérification|verificación|verificação|проверка|검증",
    "common-operations": "common operations|common tasks|operations|operational tasks|day-to-day operations|usage"
    "|maintenance|common procedures|procedures|routine operations|routine tasks|häufige aufgaben|opérations courantes"
    "|operaciones comunes|operações comuns|типовые операции|일반 작업",
    "steps": "steps|procedure|process|checklist|instructions|workflow|how to|step-by-step|step by step|runbook steps"
    "|schritte|ablauf|étapes|pasos|passos|шаги|порядок действий|단계",
    "troubleshooting": "troubleshooting|troubleshooting guide|troubleshooting pointers|common issues|common problems"
    "|known issues|failure modes|triage|decision tree|faq|debugging|issues|problems|fehlerbehebung|problembehandlung"
    "|dépannage|solución de problemas|solução de problemas|устранение неполадок|문제 해결",
    "monitoring": "monitoring|key metrics|metrics|observability|alerts|alerting|dashboards|dashboard|grafana dashboard"
    "|grafana dashboards|logging|logs|monitoring and alerts|monitoring & alerts|monitoring and alerting|überwachung"
    "|surveillance|supervision|monitorización|monitoreo|monitoramento|мониторинг|모니터링",
    "emergency-contacts": "emergency contacts|escalation|escalation path|escalation paths|escalation matrix|escalations"
    "|support|communication|getting help|contact information|contacts|contact|on-call|on call|who to contact"
    "|escalation contacts|emergency contacts and escalation|escalation procedure|notfallkontakte|ansprechpartner"
    "|contacts d'urgence|contactos de emergencia|contatos de emergência|контакты|эскалация|비상 연락처",
    "meaning": "meaning|what this means|what this alert means|alert meaning|alert description|bedeutung|signification"
    "|significado|значение|의미",
    "impact": "impact|consequences|impact assessment|customer impact|business impact|user impact|affected users"
    "|affected services|auswirkung|auswirkungen|conséquences|impacto|влияние|영향",
    "diagnosis": "diagnosis|quick diagnosis|diagnose|investigation|how to investigate|diagnostics|diagnostic steps"
    "|possible causes|likely causes|common causes|typical root causes|diagnostik|diagnostic"
    "|diagnóstico|диагностика|진단",
    "mitigation": "mitigation|remediation|immediate actions|immediate action|response|recovery|recovery actions"
    "|recommended actions|fix|how to fix|remediation steps|mitigation steps|remediation recommendations|containment"
    "|response steps|gegenmaßnahmen|behebung|atténuation|mitigación|mitigação|устранение|смягчение|완화",
    "symptoms": "symptoms|symptom|detection|when to use|when to use this|trigger|triggers|alert|problem|symptome"
    "|symptômes|síntomas|sintomas|симптомы|증상",
    "cause": "cause|causes|ursache|ursachen|causa|causas|причина|원인",
    "solution": "solution|solutions|workaround|lösung|solución|solução|решение|해결",
    "timeline": "timeline|incident timeline|timeline of events|key events|chronology|event timeline|zeitlicher ablauf"
    "|zeitleiste|chronologie|cronología|cronologia|linha do tempo|хронология|타임라인",
    "root-cause": "root cause|root cause analysis|root causes|contributing factors|rca|why it happened|grundursache"
    "|cause racine|causa raíz|causa raiz|корневая причина|근본 원인",
    "resolution": "resolution|resolution and recovery|resolution / recovery|how it was resolved|resolution steps"
    "|auflösung|résolution|resolución|resolução|восстановление|복구",
    "prevention": "prevention|action items|actions|process improvements|corrective and preventative measures"
    "|corrective and preventive measures|corrective and preventative measure|follow-up|follow up|follow-ups|next steps"
    "|corrective actions|preventive actions|maßnahmen|vorbeugung|prévention|prevención|prevenção|предотвращение"
    "|재발 방지",
    "lessons-learned": "lessons learned|lessons learnt|lessons|what went well|what went wrong|what went poorly"
    "|where we got lucky|what did we learn|learnings|retrospective|erkenntnisse|leçons apprises|lecciones aprendidas"
    "|lições aprendidas|уроки|выводы|교훈",
    "prerequisites": "prerequisites|pre-requisites|prerequisite|preconditions|pre-flight|preflight|before you start"
    "|before you begin|access|inputs|requirements|required access|preparation|pre-checks|voraussetzungen|prérequis"
    "|requisitos previos|requisitos|pré-requisitos|предварительные условия|전제 조건",
    "related": "related|references|related documentation|related runbooks|related links|see also|resources|links"
    "|further reading|related documents|additional resources|external resources|runbook links|siehe auch|références"
    "|voir aussi|referencias|referências|см. также|ссылки|참고",
    "changelog": "changelog|change log|revision history|history|document history|version history|änderungsverlauf"
    "|historique|historial|histórico|история изменений|변경 이력",
}

# A slot of the left is also filled by a heading that means one of the right: an alert page's meaning is what one
# sees, its diagnosis leads to the cause, and a section of alerts or logs is monitoring.
SATISFIED_BY: dict[str, tuple[str, ...]] = {
    "overview": ("meaning",),
    "meaning": ("overview", "symptoms"),
    "diagnosis": ("troubleshooting", "cause", "root-cause", "steps"),
    "mitigation": ("solution", "resolution", "steps", "rollback"),
    "root-cause": ("cause",),
    "resolution": ("mitigation", "solution"),
    "steps": ("common-operations", "deployment", "mitigation"),
    "common-operations": ("steps",),
}

_NUMBERING = re.compile(
    r"^(?:(?:step|phase|stage|part|section|task)\s+)?(?:\d+(?:\.\d+)*|[a-z])[.):]\s+|^\d+(?:\.\d+)*\s+"
)
_ASIDE = re.compile(r"\s*[(\[].*$")
_EDGES = " \t:;,.!?*_#-–—→>/"


def plain_title(title: str) -> str:
    """A heading's words as they are compared: lower case, without numbering, emoji, aside and edge punctuation."""
    words = title.lower()
    if not words.isascii():
        words = normalize("NFC", words)
        words = "".join(c for c in words if c.isalnum() or c in " &'/.,;:()[]-–—" or c.isspace())
    words = _NUMBERING.sub("", words.strip(_EDGES), count=1)
    if "(" in words or "[" in words:
        words = _ASIDE.sub("", words)
    return " ".join(words.strip(_EDGES).split())


class Headings:
    """The synonyms in force: those shipped and a user's `own`, which win."""

    __slots__ = ("_asked", "_first_words", "_slots", "own")

    def __init__(self, extra: Mapping[str, Sequence[str]] | None = None) -> None:
        self._slots: dict[str, str] = {}
        self._asked: dict[str, str | None] = {}
        self.own = tuple((slot, tuple(titles)) for slot, titles in (extra or {}).items())
        for slot, titles in (extra or {}).items():
            for title in titles:
                self._slots.setdefault(plain_title(title), slot)
        for slot, shipped in _TITLES.items():
            for title in shipped.split("|"):
                self._slots.setdefault(title, slot)
        self._first_words = frozenset(title.partition(" ")[0].strip(_EDGES) for title in self._slots)

    def slot(self, title: str) -> str | None:
        """The slot that a title means, or None. `Troubleshooting: X` and `X — Overview` are not stretched to fit."""
        try:
            return self._asked[title]
        except KeyError:
            if len(self._asked) > _REMEMBERED:
                self._asked.clear()
            found = self._asked[title] = self._find(title)
            return found

    def _find(self, title: str) -> str | None:
        first = title.lower().partition(" ")[0].strip(_EDGES)
        if first not in self._first_words and first.isalpha() and len(first) > 1 and first not in _COUNTED:
            return None  # no synonym begins so: most headings are told apart here
        plain = plain_title(title)
        found = self._slots.get(plain)
        if found is None and (" " in plain or "-" in plain):
            found = self._slots.get(plain.replace("&", "and")) or self._slots.get(plain.replace("-", " "))
        return found


# What may stand before a number before a title: `Step 2: Verify`.
_COUNTED = frozenset({"step", "phase", "stage", "part", "section", "task"})
# Titles repeat from page to page; the answers for this many take about 3 MB.
_REMEMBERED = 20_000


@lru_cache(maxsize=1)
def shipped_headings() -> Headings:
    """The synonyms that come with Opsbook, without any of a user's."""
    return Headings()
