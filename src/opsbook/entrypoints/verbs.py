"""The table of all verbs of the command line: a name, its module, one line of help. Imports none of them."""

from __future__ import annotations


class Entry:
    """A verb as the help lists it: where it lives, and what it does in one line. (A NamedTuple costs 0.1 ms more.)"""

    __slots__ = ("about", "module")

    def __init__(self, module: str, about: str) -> None:
        self.module = module
        self.about = about


# Every verb is entered here and nowhere else, in the order of the help. Its module must define `command`.
VERBS: dict[str, dict[str, Entry]] = {
    "Write": {
        "init": Entry("opsbook.entrypoints.commands.init", "Write the folder of operations pages, with templates."),
        "new": Entry("opsbook.entrypoints.commands.new", "Write one page from the book's own template."),
        "rules": Entry("opsbook.entrypoints.commands.rules", "Alert rules in and out of the pages, and compared."),
        "discover": Entry("opsbook.entrypoints.commands.discover", "Services that are deployed: which lack a runbook."),
    },
    "Read": {
        "lint": Entry("opsbook.entrypoints.commands.lint", "Say what is missing, stale, broken or unreachable."),
        "coverage": Entry("opsbook.entrypoints.commands.coverage", "Services × sections, alerts × pages."),
        "search": Entry("opsbook.entrypoints.commands.search", "Find the sections for words or a pasted error."),
        "path": Entry("opsbook.entrypoints.commands.path", "What to read first, for a service or a role."),
        "show": Entry("opsbook.entrypoints.commands.show", "Show one page or section as Opsbook reads it."),
    },
    "Run": {
        "run": Entry("opsbook.entrypoints.commands.run", "Carry out a procedure, step by step."),
        "runs": Entry("opsbook.entrypoints.commands.runs", "What was run and what waits: show, answer, resume."),
    },
    "Watch": {
        "probe": Entry("opsbook.entrypoints.commands.probe", "Ask the health checks once, side by side."),
        "oncall": Entry("opsbook.entrypoints.commands.oncall", "Who is on call, now or at any other time."),
        "calendar": Entry("opsbook.entrypoints.commands.calendar", "Duty as iCalendar, to print or to subscribe to."),
        "page": Entry("opsbook.entrypoints.commands.page", "Who would be paged, when, by what, and why."),
    },
    "Alert": {
        "alerts": Entry("opsbook.entrypoints.commands.alerts", "What fires: list, show, acknowledge, end, silence."),
        "inlet": Entry("opsbook.entrypoints.commands.inlet", "Who sends alerts: tokens, mappings, what was received."),
        "dashboards": Entry("opsbook.entrypoints.commands.dashboards", "Grafana's dashboards: import, export, list."),
        "heartbeat": Entry("opsbook.entrypoints.commands.heartbeat", "What is to call regularly, and is it late."),
    },
    "Respond": {
        "incident": Entry("opsbook.entrypoints.commands.incident", "Declare, lead, tell, resolve, learn; offline too."),
        "drill": Entry("opsbook.entrypoints.commands.drill", "Practise an alert or a past incident, by the real path."),
        "status": Entry("opsbook.entrypoints.commands.status", "What everybody may see: show, export, planned work."),
        "proposals": Entry("opsbook.entrypoints.commands.proposals", "What was learned: review, accept, decline."),
    },
    "Serve": {
        "serve": Entry("opsbook.entrypoints.commands.serve", "Serve the book on the web, in one process."),
    },
    "Share": {
        "export": Entry("opsbook.entrypoints.commands.export", "The book as files that need no server."),
    },
    "People": {
        "person": Entry("opsbook.entrypoints.commands.person", "How people are reached: contacts, order, quiet hours."),
        "user": Entry("opsbook.entrypoints.commands.user", "The people who may sign in: add, role, password, link."),
        "token": Entry("opsbook.entrypoints.commands.token", "What programs sign in with: issue, list, revoke."),
        "db": Entry("opsbook.entrypoints.commands.db", "The ledger's database: backup, restore, check, migrate."),
        "ledger": Entry("opsbook.entrypoints.commands.ledger", "Verify that what was recorded was not changed."),
    },
}

EXAMPLES = (
    "opsbook lint                  what is missing, stale or broken, and where",
    "opsbook search restart db     the right paragraph",
    "opsbook serve --open          show the book in the browser",
    "opsbook --book ops serve      the same for the folder ops",
)


def find(name: str) -> Entry | None:
    """The entry of the verb of that name."""
    return next((verbs[name] for verbs in VERBS.values() if name in verbs), None)
