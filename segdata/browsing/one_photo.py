"""Routes that answer about single photos, by their numbers, and about a selection of them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import BaseModel, Field, ValidationError

from segdata.browsing.answers import about_photo
from segdata.browsing.asking import FRESH, LASTING, TheSet
from segdata.browsing.opened import Opened
from segdata.browsing.originals import original_jpeg
from segdata.browsing.pictures import Kind, packed, photo_jpeg
from segdata.errors import DataError
from segdata.web import Refused

MOST = 2**31
MOST_BYTES = 16 << 20

router = APIRouter(prefix="/api/{key}")


def _there(shown: Opened, number: int) -> int:
    if number < len(shown.index):
        return number
    last = len(shown.index) - 1
    error = DataError(shown.name, found=f"no photo number {number}", expected=f"0 to {last}")
    raise Refused(HTTPStatus.NOT_FOUND, error)


def _number(shown: TheSet, number: Annotated[int, Path(ge=0, le=MOST)]) -> int:
    return _there(shown, number)


Number = Annotated[int, Depends(_number)]


@router.get("/photos/{number}")
def photo(shown: TheSet, number: Number) -> JSONResponse:
    """What is known of a photo, and what can be shown."""
    return JSONResponse(about_photo(shown, number, shown.figures()), headers=FRESH)


@router.get("/photos/{number}/thumbnail/{kind}")
def thumbnail(shown: TheSet, number: Number, kind: Kind) -> Response:
    """A small JPEG. The page adds the model's digest to the address where a prediction is in it."""
    return Response(_had(shown.thumbnail(number, kind)), media_type="image/jpeg", headers=LASTING)


@router.get("/photos/{number}/photo")
def sample(shown: TheSet, number: Number) -> Response:
    """The photo as it stands in the shard."""
    image, _ = shown.sample(number)
    return Response(photo_jpeg(image), media_type="image/jpeg", headers=LASTING)


@router.get("/photos/{number}/truth")
def truth(shown: TheSet, number: Number) -> Response:
    """Class ids, one byte per pixel, row by row; 255 is not labelled."""
    _, mask = shown.sample(number)
    return _mask(packed(mask), LASTING)


@router.get("/photos/{number}/prediction")
def prediction(shown: TheSet, number: Number) -> Response:
    """Predicted class ids, one byte per pixel, row by row."""
    mask = shown.prediction(number)
    return _mask(_had(None if mask is None else packed(mask)), FRESH)


@router.get("/photos/{number}/original")
def original(shown: TheSet, number: Number) -> Response:
    """The raw photo, upright, in full size."""
    content = original_jpeg(shown, number)
    return Response(content, media_type="image/jpeg", headers={"Cache-Control": "private, no-cache"})


class Chosen(BaseModel):
    """A selection, to be written as a list."""

    numbers: Annotated[list[Annotated[int, Field(ge=0, le=MOST)]], Field(max_length=1_000_000)]
    what: Literal["ids", "photos"] = "ids"


async def _chosen(request: Request) -> Chosen:
    """The body, bounded before it lies in memory. Raises Refused: 413 for too much, 422 for something else."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            error = DataError(request.url.path, found="too much", expected=f"at most {MOST_BYTES >> 20} MiB")
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, error, {"Connection": "close"})
    try:
        return Chosen.model_validate_json(bytes(body))
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error


@router.post("/list")
def list_(shown: TheSet, chosen: Annotated[Chosen, Depends(_chosen)]) -> PlainTextResponse:
    """A selection as text, one line each: ids for segdata remove, or the photos' files for an annotation tool."""
    numbers = [_there(shown, number) for number in dict.fromkeys(chosen.numbers)]
    if chosen.what == "ids":
        lines = [shown.index.ids[number] for number in numbers]
    else:
        lines = [str(path) for number in numbers if (path := shown.original(number)) is not None]
    return PlainTextResponse("".join(f"{line}\n" for line in lines), headers=FRESH)


def _had(content: bytes | None) -> bytes:
    if content is None:
        error = DataError("prediction", found="none of this photo", expected="one")
        raise Refused(HTTPStatus.NOT_FOUND, error)
    return content


def _mask(content: bytes, headers: dict[str, str]) -> Response:
    return Response(
        content, media_type="application/octet-stream", headers={**headers, "Content-Encoding": "gzip"}
    )
