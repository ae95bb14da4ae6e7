"""What /openapi.json says of bodies and answers that FastAPI cannot see in a signature."""

from __future__ import annotations

from typing import Any

from segdata.serving.answers import MEDIA_TYPES
from segdata.serving.uploads import FIELD

EXAMPLE_URL = "http://127.0.0.1:7860/"

_ERROR = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                name: {"type": "string"} for name in ("message", "where", "place", "found", "expected", "fix")
            },
            "required": ["message"],
        }
    },
}
_ERRORS = {
    400: "A wrong form, field or file name",
    406: "No form of answer that Accept names",
    408: "The upload was too slow",
    413: "Too many bytes, pixels or files",
    415: "No photo",
    422: "A damaged photo",
    503: "All places are taken; try again after Retry-After seconds",
}


def _errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    content = {"application/json": {"schema": _ERROR}}
    return {status: {"description": _ERRORS[status], "content": content} for status in statuses}


def _form(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {FIELD: schema}, "required": [FIELD]}


_BINARY = {"type": "string", "format": "binary"}
_NAME = {
    "name": "name",
    "in": "query",
    "required": False,
    "schema": {"type": "string"},
    "description": "The photo's file name, where the body is the photo itself.",
}

PREDICT: dict[str, Any] = {
    "description": (
        "The answer is a palettised PNG, a VIA 2 project with a draft of few points, or a COCO dataset with the very mask "
        "as run lengths; Accept or format says which. X-Segdata-Notes tells what was doubtful about the file."
    ),
    "responses": {
        200: {
            "description": "The mask, as large as the upright photo",
            "content": {kind: {} for kind in MEDIA_TYPES.values()},
        },
        **_errors(400, 406, 408, 413, 415, 422, 503),
    },
    "openapi_extra": {
        "parameters": [_NAME],
        "requestBody": {
            "required": True,
            "content": {"multipart/form-data": {"schema": _form(_BINARY)}, "image/*": {"schema": _BINARY}},
        },
        "x-example": f'curl -F {FIELD}=@IMG_0001.jpg "{EXAMPLE_URL}predict?format=png" -o IMG_0001.png',
    },
}

BATCH: dict[str, Any] = {
    "description": (
        "PNGs by the photos' names, or one VIA project or COCO dataset of all. Photos that cannot be taken are listed in "
        "refused.json in the ZIP and counted in X-Segdata-Refused; the others go on."
    ),
    "responses": {
        200: {"description": "A ZIP", "content": {"application/zip": {}}},
        **_errors(400, 408, 413, 415, 422, 503),
    },
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {"multipart/form-data": {"schema": _form({"type": "array", "items": _BINARY})}},
        },
        "x-example": (
            f'curl -F {FIELD}=@IMG_0001.jpg -F {FIELD}=@IMG_0002.jpg "{EXAMPLE_URL}predict/batch?format=via" '
            "-o predictions.zip"
        ),
    },
}
