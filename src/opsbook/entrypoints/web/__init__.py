"""The web door: what is answered at which address. Translates and answers; decides nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from litestar import Litestar, MediaType, Request, Response, get
from litestar.exceptions import HTTPException
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Template
from litestar.static_files import create_static_files_router
from litestar.template.config import TemplateConfig

from opsbook import __version__
from opsbook.config import Config
from opsbook.entrypoints.problems import PROBLEM, problem
from opsbook.entrypoints.verbs import VERBS

HERE = Path(__file__).parent.parent
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self';"
        " frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def build_app(config: Config) -> Litestar:
    """The web application for one book."""

    @get("/", media_type=MediaType.HTML, sync_to_thread=False)
    def now() -> Template:
        verbs = [verb for section in VERBS.values() for verb in section.items()]
        return Template("now.html", context={"book": config.book, "verbs": verbs, "version": __version__})

    @get("/healthz", sync_to_thread=False)
    def healthz() -> dict[str, str]:
        return {"status": "ok", "version": __version__}

    @get("/readyz", sync_to_thread=False)
    def readyz() -> Response[dict[str, Any]]:
        is_there = Path(config.book).is_dir()
        answer = {"status": "ready" if is_there else "not ready", "book": "ready" if is_there else "missing"}
        return Response(answer, status_code=200 if is_there else 503)

    return Litestar(
        route_handlers=[now, healthz, readyz, create_static_files_router("/assets", [HERE / "assets"])],
        template_config=TemplateConfig(directory=HERE / "templates", engine=JinjaTemplateEngine),
        exception_handlers={HTTPException: _problem, Exception: _bug},
        response_headers=HEADERS,
        openapi_config=None,
        logging_config=None,
    )


def _problem(request: Request[Any, Any, Any], wrong: HTTPException) -> Response[dict[str, Any]]:
    return _answer(wrong.status_code, wrong.detail)


def _bug(request: Request[Any, Any, Any], wrong: Exception) -> Response[dict[str, Any]]:
    import traceback  # inside: only a bug needs it

    traceback.print_exception(wrong)
    return _answer(500, "This is a bug in Opsbook; the server's own output tells more.")


def _answer(status: int, detail: str) -> Response[dict[str, Any]]:
    return Response(problem(status, detail), status_code=status, media_type=PROBLEM, headers=HEADERS)
