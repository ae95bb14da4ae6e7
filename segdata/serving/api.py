"""The API: requests in, answers out; what they mean stands in the modules beside this one.

curl -F file=@IMG_0001.jpg http://127.0.0.1:7860/predict -o IMG_0001.png
curl -F file=@IMG_0001.jpg "http://127.0.0.1:7860/predict?format=via" -o IMG_0001.via.json
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.types import ASGIApp

from segdata.errors import DataError, SegdataError
from segdata.serving import pages
from segdata.serving.answers import ENDINGS, MEDIA_TYPES, Archive, Form, asked_form, encoded
from segdata.serving.measured import Measured
from segdata.serving.openapi import BATCH, PREDICT
from segdata.serving.results import DRAFT, Results, result_of
from segdata.serving.results import MEDIA_TYPES as RESULT_TYPES
from segdata.serving.service import Predicted, Service, stem_of
from segdata.serving.uploads import Upload, check_size, received
from segdata.web import Refused, local_app, page_policy

AT_ONCE = 4
"""Photos of one batch request that are under way together: their masks lie in memory."""

FormAsked = Annotated[Form | None, Query(description="png, via or coco; wins over the Accept header.")]


def build_app(service: Service, host: str, *, framed_by: str = "'self'") -> FastAPI:
    """All but the Gradio page. `host` is where it will listen, `framed_by` which sites may show it in a frame."""
    about = service.about
    policy = page_policy(inline_scripts=True, framed_by=framed_by)
    app = local_app(
        f"segdata: {about.name}", host, policy=policy, description=about.title, version=about.segdata
    )
    results = Results(service.limits.results, service.limits.results_mib << 20)
    app.state.service, app.state.results = service, results
    _close_at_the_end(app, service)
    app.add_middleware(Measured, metrics=service.metrics)
    _add_predict(app, service)
    _add_batch(app, service)
    _add_plain_form(app, service, results)
    _add_facts(app, service)
    return app


def _close_at_the_end(app: FastAPI, service: Service) -> None:
    before = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: ASGIApp) -> AsyncIterator[Any]:
        async with before(app) as state:
            yield state
        service.close()

    app.router.lifespan_context = lifespan


def _add_predict(app: FastAPI, service: Service) -> None:
    @app.post("/predict", summary="A photo to its mask", response_class=Response, **PREDICT)
    async def predict(request: Request, format: FormAsked = None) -> Response:
        form = asked_form(request.headers.get("accept"), format)
        with service.place():
            async with received(request, service.limits) as (upload,):
                predicted = await _predicted(service, upload)
            body = await service.in_worker(encoded, predicted, form, service.ontology, service.dialect)
        name = f"{predicted.stem}{ENDINGS[form]}"
        headers = {"Content-Disposition": _disposition("inline", name), "Vary": "Accept"}
        if predicted.notes:
            headers["X-Segdata-Notes"] = "; ".join(predicted.notes).encode("ascii", "replace").decode()
        return Response(body, media_type=MEDIA_TYPES[form], headers=headers)

    _only_post(app, "/predict")


def _add_batch(app: FastAPI, service: Service) -> None:
    @app.post("/predict/batch", summary="Several photos to a ZIP", response_class=Response, **BATCH)
    async def predict_batch(request: Request, format: FormAsked = None) -> Response:
        archive = Archive(format or "png", service.ontology, service.dialect)
        refused: list[SegdataError] = []
        with service.place():
            async with received(request, service.limits, batch=True) as uploads:
                fresh = _without_namesakes(uploads, refused)
                for start in range(0, len(fresh), AT_ONCE):
                    several = (_predicted(service, upload) for upload in fresh[start : start + AT_ONCE])
                    for outcome in await asyncio.gather(*several, return_exceptions=True):
                        if isinstance(outcome, Refused):
                            refused.append(outcome.error)
                        elif isinstance(outcome, BaseException):
                            raise outcome
                        else:
                            await service.in_worker(archive.add, outcome)
            if len(refused) == len(uploads):
                raise Refused(422, _not_one(request, refused))
            body = await service.in_worker(archive.encoded, refused)
        headers = {"Content-Disposition": _disposition("attachment", "predictions.zip")}
        headers["X-Segdata-Refused"] = str(len(refused))
        return Response(body, media_type="application/zip", headers=headers)

    _only_post(app, "/predict/batch")


def _not_one(request: Request, refused: list[SegdataError]) -> DataError:
    reasons = "; ".join(str(error) for error in refused)
    return DataError(request.url.path, found=f"not one photo to predict ({reasons})", expected="photos")


def _without_namesakes(uploads: list[Upload], refused: list[SegdataError]) -> list[Upload]:
    """The first of each stem: their masks would have one name."""
    first: dict[str, Upload] = {}
    for upload in uploads:
        stem = stem_of(upload.name).casefold()
        if stem in first:
            found = f"a name whose mask would be called as that of {first[stem].name}"
            refused.append(DataError(upload.name, found=found, expected="names that differ"))
        else:
            first[stem] = upload
    return list(first.values())


def _add_plain_form(app: FastAPI, service: Service, results: Results) -> None:
    about, limits = service.about, service.limits

    @app.get("/prediction", summary="A plain form to choose a photo", response_class=HTMLResponse)
    async def form() -> str:
        return pages.plain_page(about, limits=limits)

    @app.post("/prediction", include_in_schema=False, response_class=HTMLResponse)
    async def submitted(request: Request) -> Response:
        try:
            with service.place():
                async with received(request, limits) as (upload,):
                    predicted = await _predicted(service, upload)
                result = await service.in_worker(result_of, predicted, service.ontology)
        except Refused as refused:
            problem = pages.problem_html(str(refused.error))
            text = pages.plain_page(about, problem=problem, limits=limits)
            return HTMLResponse(text, refused.status, refused.headers)
        key = results.add(result)
        shown = pages.result_html(predicted, key)
        legend = pages.legend_html(service.ontology, predicted, key)
        return HTMLResponse(pages.plain_page(about, result=shown, legend=legend, limits=limits))

    @app.get("/results/{key}/{file}", include_in_schema=False)
    async def result_file(key: str, file: str) -> Response:
        result = results.get(key)
        data: bytes | None = None
        if result is not None:
            with (
                service.place() if file == DRAFT else nullcontext()
            ):  # a draft takes a while, the rest is there
                data = await service.in_worker(result.file, file, service.ontology, service.dialect)
        if result is None or data is None:
            fix = "Give the photo again: newer ones took its place."
            raise Refused(404, DataError("the result", found="none any more", fix=fix))
        headers = {"Cache-Control": "private, max-age=3600"}
        name = result.download_as(file)
        if name is not None:
            headers["Content-Disposition"] = _disposition("attachment", name)
        return Response(data, media_type=RESULT_TYPES[file[file.index(".") :]], headers=headers)


def _add_facts(app: FastAPI, service: Service) -> None:
    about = service.about

    @app.get("/metadata", summary="Classes, training data and scores of the model")
    async def metadata() -> JSONResponse:
        facts = msgspec.to_builtins(about)
        classes = [{"id": id, "name": name, "color": color} for id, (name, color) in enumerate(about.classes)]
        limits = msgspec.to_builtins(service.limits)
        return JSONResponse(facts | {"classes": classes, "engine": service.engine.name, "limits": limits})

    @app.get("/healthz", summary="Whether it answers, and how much is under way")
    async def healthz() -> JSONResponse:
        return JSONResponse({"status": "ok", "requests_under_way": service.inside})

    @app.get("/metrics", summary="For Prometheus", response_class=PlainTextResponse)
    async def metrics() -> Response:
        return Response(generate_latest(service.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    @app.get("/docs", include_in_schema=False, response_class=HTMLResponse)
    async def docs(request: Request) -> str:
        return pages.docs_page(about, app.openapi(), service.limits, str(request.base_url))


async def _predicted(service: Service, upload: Upload) -> Predicted:
    check_size(upload, service.limits)
    data = await service.in_worker(upload.read)
    return await service.predict(data, upload.name)


def _only_post(app: FastAPI, path: str) -> None:
    """Say so: the page that is mounted at / would else take other methods for a page that is not there."""

    async def refuse(request: Request) -> Response:
        error = DataError(path, found=request.method, expected="POST with a photo", fix="See /docs.")
        raise Refused(405, error, {"Allow": "POST"})

    app.add_api_route(path, refuse, methods=["GET", "PUT", "DELETE", "PATCH"], include_in_schema=False)


def _disposition(kind: str, name: str) -> str:
    """RFC 6266, with the name in both forms.

    >>> _disposition("inline", "Straße.png")
    'inline; filename="Stra?e.png"; filename*=UTF-8\\'\\'Stra%C3%9Fe.png'
    """
    plain = name.encode("ascii", "replace").decode().replace('"', "'").replace("\\", "_")
    encoded_name = quote(name.encode(errors="replace"), safe="")
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{encoded_name}"
