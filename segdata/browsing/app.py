"""The app of `segdata browse`: answers the page's requests about one pipeline's photos.

A request names a photo by its number in the set's manifest, and the set by its key: no part of a request is ever a
path. When the shards change under an open page, its key fits no more, and it is told to load again (409).
"""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path as FilePath
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles

from segdata.browsing import one_photo
from segdata.browsing.answers import about_model, about_set, page_of
from segdata.browsing.asking import FRESH, TheSet
from segdata.browsing.compute import Job, compute, why_not
from segdata.browsing.index import Query as Wanted
from segdata.browsing.opened import Opened, Watch
from segdata.errors import ConfigError, DataError, nearest
from segdata.project import Project
from segdata.web import Refused, local_app

STATIC = FilePath(__file__).with_name("static")
MOST_AT_ONCE = 500
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

router = APIRouter(prefix="/api/{key}")
Text = Annotated[str, Query(max_length=400)]
Texts = Annotated[list[str], Query(max_length=400)]


def browse_app(project: Project, name: str, host: str) -> FastAPI:
    """The app; nothing is opened before it is asked for.

    app.state.watch opens the set, app.state.job computes what a model makes of the photos.
    """
    app = local_app(f"segdata browse {name}", host, policy=POLICY)
    app.state.watch, app.state.job = Watch(project, name), Job()
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_api_route("/", _page, include_in_schema=False)
    app.add_api_route("/api/set", _set)
    app.include_router(router)
    app.include_router(one_photo.router)
    return app


def _page() -> Response:
    return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})


def _set(request: Request) -> JSONResponse:
    """All that the page needs once."""
    now: Opened = request.app.state.watch.now()
    return JSONResponse(about_set(now) | {"model": _model_of(request, now)}, headers=FRESH)


def _model_of(request: Request, shown: Opened) -> dict[str, object]:
    return about_model(shown, request.app.state.job.progress, shown.figures())


def _wanted(
    split: Texts = [],  # noqa: B006  FastAPI copies defaults
    class_: Annotated[list[str], Query(alias="class", max_length=400)] = [],  # noqa: B006
    finding: Texts = [],  # noqa: B006
    size: Texts = [],  # noqa: B006
    text: Text = "",
    sort: Text = "id",
    descending: bool = False,
) -> Wanted:
    return Wanted(tuple(split), tuple(class_), tuple(finding), tuple(size), text, sort, descending)


Asked = Annotated[Wanted, Depends(_wanted)]


@router.get("/order")
def order(shown: TheSet, asked: Asked) -> JSONResponse:
    """Numbers of all photos that pass the filters, in order."""
    return JSONResponse(shown.index.rows(asked, shown.figures()).tolist(), headers=FRESH)


@router.get("/photos")
def photos(
    shown: TheSet,
    asked: Asked,
    offset: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_AT_ONCE)] = 100,
) -> JSONResponse:
    """One page of the photos that pass the filters; beyond the last it is empty."""
    figures = shown.figures()
    numbers = shown.index.rows(asked, figures)
    page = page_of(shown, numbers[offset : offset + limit].tolist(), figures)
    return JSONResponse({"total": len(numbers), "photos": page}, headers=FRESH)


@router.get("/number")
def number_of(shown: TheSet, id: Annotated[str, Query(max_length=4000)]) -> int:
    """The number of the photo with an id."""
    known = shown.index.number_of
    if id not in known:
        error = DataError(shown.name, found=f"no photo {id!r}", expected=_near(id, shown.index.ids))
        raise Refused(HTTPStatus.NOT_FOUND, error)
    return known[id]


def _near(id: str, ids: tuple[str, ...]) -> str:
    sentence = nearest(id, ids)
    return sentence if len(ids) <= 20 else sentence.partition(" Valid:")[0][:200]


@router.get("/model")
def model(request: Request, shown: TheSet) -> JSONResponse:
    """Whether a model can look at the photos, and how far it is."""
    return JSONResponse(_model_of(request, shown), headers=FRESH)


@router.post("/model")
def start(request: Request, shown: TheSet) -> JSONResponse:
    """Let the model look at all photos; where it does so already, nothing more happens."""
    reason = why_not(shown.project, shown.name)
    if reason:
        error = ConfigError(shown.name, found="no figures of a model", fix=reason)
        raise Refused(HTTPStatus.CONFLICT, error)
    start_job(request.app.state.job, shown)
    return model(request, shown)


@router.delete("/model")
def stop(request: Request, shown: TheSet) -> JSONResponse:
    """Stop it; what is computed stays."""
    request.app.state.job.stop()
    return model(request, shown)


def start_job(job: Job, shown: Opened) -> bool:
    """Let the model look at what it has not seen of a set, in a thread; whether that was begun."""
    total = sum(entry.rows for entry in shown.kept.missing())
    return job.start(
        lambda tick, stop: compute(shown.project, shown.name, shown.shards, shown.kept, tick, stop), total
    )
