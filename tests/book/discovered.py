"""A service that was found, and what is known beside it, for tests of its runbook."""

from __future__ import annotations

from opsbook.adapters.seed import PackagedSeed
from opsbook.book.discovery.found import Found, FoundCheck, FoundOperation, FoundStep, Told
from opsbook.book.discovery.written import Beside, FoundAlert
from opsbook.book.page import read_page
from opsbook.book.templates import Template, template_of
from opsbook.ground.errors import Span

PLACE = Span("compose.yaml", 12, 3)
PATH = "docs/operations/runbooks/db.md"
CHECK = FoundCheck(url="tcp://127.0.0.1:5432", expected="connects", every_s=30, place=PLACE)
READY = (FoundStep("It is ready", "docker compose exec -T db pg_isready"),)
DATABASE = Found(
    name="db", origin="compose", place=PLACE, technology="postgresql", image="postgres:16",
    ports=(("127.0.0.1:5432", "5432"),), checks=(CHECK,), needs=(Told("cache", Span("compose.yaml", 20, 3)),),
    keeps=(Told("data", PLACE),),
    operations=(
        FoundOperation(operation="status", steps=(FoundStep("Show the container", "docker compose ps db"),)),
        FoundOperation(operation="logs", steps=(FoundStep("Show the log", "docker compose logs --tail 100 db"),)),
        FoundOperation(
            operation="restart", steps=(FoundStep("Restart the container", "docker compose restart db"),),
            verification=READY,
        ),
        FoundOperation(
            operation="deploy", steps=(FoundStep("Fetch the image", "docker compose pull db"),
                                       FoundStep("Start it", "docker compose up -d db")),
            verification=READY, rollback=(FoundStep("Start it as it was", "docker compose up -d db"),),
        ),
        FoundOperation(
            operation="restore", danger="overwrites the database",
            parameters=(("BACKUP", "string", "required", "The file"), ("MODE", "`all` | `some`", "all", "a|b")),
            steps=(FoundStep("Restore it", 'docker compose exec -T db pg_restore -d app < "$BACKUP"',
                             "docker compose exec -T db psql -c 'select 1'"),),
        ),
    ),
)  # fmt: skip
ALERT = FoundAlert(name="DatabaseDown", summary="PostgreSQL is down", place=Span("rules/db.yml", 3, 5))
BESIDE = Beside(
    alerts=(ALERT,), pages={"cache": "cache.md"}, owner="@data", up="../../../",
    escalation="../incidents/incident-response.md",
)  # fmt: skip


def seed_template() -> Template:
    """The template of a runbook that comes with Opsbook."""
    readme = read_page("README.md", PackagedSeed().pages["README.md"])
    found = template_of("runbook", iter([readme]))
    assert found is not None
    return found
