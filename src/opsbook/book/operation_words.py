"""The words by which pages name what is done to a service, as data. Reads no page.

The titles are those that people gave such sections in hundreds of public runbooks, and a few of other languages.
"""

from __future__ import annotations

import re

from opsbook.ground.pattern import Pattern

_ANY_CASE = re.I

# What a service's runbook is asked for, in the order in which it is shown.
OPERATIONS = ("deploy", "rollback", "scale-up", "scale-down", "restart", "backup", "restore")
# Those that are asked for only where something is kept.
OF_KEEPERS = frozenset({"backup", "restore"})

# How each is said in a sentence, and the heading under which it is looked for.
SAID = {
    "deploy": "deploy it", "rollback": "roll it back", "scale-up": "scale it up", "scale-down": "scale it down",
    "restart": "restart it", "backup": "back it up", "restore": "restore it",
}  # fmt: skip
TITLES = {
    "deploy": "Deploy", "rollback": "Roll back", "scale-up": "Scale up", "scale-down": "Scale down",
    "restart": "Restart", "backup": "Back up", "restore": "Restore",
}  # fmt: skip
HEADED = {
    "deploy": "Production", "rollback": "Rollback", "scale-up": "Scale Up", "scale-down": "Scale Down",
    "restart": "Restart Service", "backup": "Backup", "restore": "Restore",
}  # fmt: skip

NAMED = {
    "deploy": Pattern(
        r"\b(?:(?:re)?deploy(?:s|ed|ing|ment|ments)?|roll(?:ing|ed)?[- ]?out|(?:new |the )?releas(?:e|es|ing)|"
        r"upgrad(?:e|es|ing)|promot(?:e|ion)|ship(?:ping)? (?:a|the|it)|d[ée]ploiement|bereitstellung|ausrollen|"
        r"despliegue|implanta[çc][ãa]o|деплой|выкатк\w+)\b",
        _ANY_CASE,
    ),
    "rollback": Pattern(
        r"\b(?:roll(?:ing|ed|s)?[- ]?(?:it |them |the \w+ )?back|rollbacks?|revert(?:s|ed|ing)?|go(?:ing)? back to|"
        r"back[- ]?out(?: plan)?|downgrad(?:e|es|ing)|previous (?:version|release)|zur[üu]ckrollen|retour arri[èe]re|"
        r"revers[ãa]o|откат\w*)\b",
        _ANY_CASE,
    ),
    "scale": Pattern(
        r"\b(?:(?:auto)?scal(?:e|es|ed|ing|able)|resiz(?:e|es|ing)|(?:add|remov|increas|reduc|decreas)\w* (?:\w+ ){0,2}"
        r"(?:nodes?|machines?|replicas?|instances?|workers?|servers?|pods?|capacity|brokers?|shards?)|"
        r"(?:more|fewer|less|larger|smaller|bigger) (?:nodes?|machines?|replicas?|instances?|workers?|servers?|pods?|"
        r"capacity)|(?:a|the) (?:larger|smaller|bigger) (?:machine|instance|size|node)|capacity (?:change|up|down)|"
        r"skalier\w+|escal(?:ar|amento|ado)|mise [àa] l'[ée]chelle|масштабир\w+)\b",
        _ANY_CASE,
    ),
    "restart": Pattern(
        r"\b(?:(?:re)?(?:re|rolling )start(?:s|ed|ing)?|reboot(?:s|ed|ing)?|bounc(?:e|ing)|power[- ]?cycl(?:e|ing)|"
        r"recycl(?:e|ing)|stop(?:ping)? and start(?:ing)?|start(?:ing)?(?: and |/| ?& ?|-)stop(?:ping)?|neustart\w*|"
        r"red[ée]marr\w+|reinici\w+|перезапус\w+)\b",
        _ANY_CASE,
    ),
    "backup": Pattern(
        r"\b(?:back(?:ing|ed|s)?[- ]?(?:it |them |the \w+ )?ups?|backups?|snapshots?|dump(?:s|ing)? (?:the|a|of)|"
        r"(?:pg_?|mysql|mongo)dump|sicher(?:n|ung)|sauvegard\w+|copias? de seguridad|respaldo|резервн\w+)\b",
        _ANY_CASE,
    ),
    "restore": Pattern(
        r"\b(?:restor(?:e|es|ed|ing|ation)|point[- ]in[- ]time|pitr|recover(?:y|ing)? (?:from|of|the) (?:\w+ )?"
        r"(?:backups?|snapshots?|data\w*|dumps?)|(?:database|db|data|backup|disaster) recovery|wiederherstell\w+|"
        r"restaur\w+|восстановлен\w+)\b",
        _ANY_CASE,
    ),
}  # fmt: skip

# Which way a scaling goes.
UP = Pattern(
    r"\b(?:up|out|add(?:s|ed|ing)?|more|larger|bigger|increas\w+|grow\w*|extra|another|expand\w*|second|raise|higher)\b",
    _ANY_CASE,
)
DOWN = Pattern(
    r"\b(?:down|in(?= again)|remov\w+|fewer|less|smaller|decreas\w+|reduc\w+|shrink\w*|tak(?:e|ing) (?:\w+ ){0,4}"
    r"(?:away|out)|lower|drop|scale in|scaling in)\b",
    _ANY_CASE,
)

# A sentence that says that something is not done here, and need not be.
NOT_DONE = Pattern(
    r"\b(?:not?|never|nothing|none|nowhere|cannot|can't|isn't|aren't|n/a|not applicable|without|needs no|by itself|"
    r"by themselves|on its own|automatic(?:ally)?|autoscal\w+|hpa|no-one|nobody)\b",
    _ANY_CASE,
)
KEEPS_NOTHING = Pattern(
    r"\b(?:stateless|(?:keeps?|stores?|holds?|owns?|has|have) (?:no (?:data|state|files|volumes?)|nothing)|"
    r"no (?:persistent )?(?:state|data|volumes?) (?:is |are |to )?(?:kept|stored|held|lost|lose|back)|"
    r"nothing (?:is |to )(?:kept|stored|back|be (?:kept|lost)|lose|restore)|zustandslos|sans [ée]tat|sin estado)\b",
    _ANY_CASE,
)

# What keeps something: by the name of the service, or by what its page says of itself.
KEEPER_NAMES = Pattern(
    r"(?:^|[^a-z])(?:databases?|db|[a-z]*sql|postgres(?:ql)?|pg|maria(?:db)?|mysql|mongo(?:db)?|redis|valkey|kafka|rabbit(?:mq)?|"
    r"nats|etcd|elastic(?:search)?|opensearch|clickhouse|cassandra|influx(?:db)?|victoria-?metrics|minio|ceph|nfs|"
    r"queues?|storage|object-?store|blob-?store|zookeeper|consul|vault|couchdb|neo4j|timescale(?:db)?|sqlite|ldap|"
    r"registry|gitea|gitlab)(?:[^a-z]|$)",
    _ANY_CASE,
)
KEEPER_WORDS = Pattern(
    r"\b(?:stateful ?sets?|persistent ?volume(?: ?claim)?s?|volume ?claim ?templates?|named volumes?|pvcs?)\b",
    _ANY_CASE,
)
KEEPER_LABELS = frozenset({"volumes", "volume", "keeps", "stored data", "data directory", "storage", "persistence"})
