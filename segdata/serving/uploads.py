"""Uploads of strangers: bounded in bytes and time, under names that are no paths, on disk only in nameless files.

    curl -F file=@IMG_0001.jpg http://127.0.0.1:7860/predict
    curl -H "Content-Type: image/jpeg" --data-binary @IMG_0001.jpg "http://127.0.0.1:7860/predict?name=IMG_0001.jpg"

Up to 1 MiB of a file lies in memory, more in a temporary file without a name, which is gone with its handle.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from segdata.errors import DataError
from segdata.serving.limits import Limits
from segdata.serving.service import TOO_LARGE
from segdata.web import Refused

FIELD = "file"
MIB = 1 << 20
AROUND = MIB // 4
"""What a form may weigh besides its files, bytes."""

_FORM_FIX = f"Send the photo as the field {FIELD!r} of a form: curl -F {FIELD}=@photo.jpg …"
_MOST_DROPPED = 512 * MIB


@dataclass(frozen=True)
class Upload:
    """A file as it was sent; `name` has no folders, `size` is in bytes."""

    name: str
    size: int
    _file: IO[bytes]

    def read(self) -> bytes:
        self._file.seek(0)
        return self._file.read()


@asynccontextmanager
async def received(request: Request, limits: Limits, *, batch: bool = False) -> AsyncIterator[list[Upload]]:
    """The files of a request, gone when the block ends: exactly one, or up to `limits.batch_photos`.

    Raises Refused: 400 for a wrong form, field or name, 408 for a slow client, 413 for too many bytes or files, 415
    for a body that is neither a form nor a photo.
    """
    most = (limits.batch_mib if batch else limits.upload_mib) * MIB
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        form = await _form(request, limits, most + AROUND)
        try:
            yield _checked(request, form, limits, batch)
        finally:
            await form.close()
    elif not batch and (kind.startswith("image/") or kind == "application/octet-stream"):
        name = checked_name(request.query_params.get("name", "photo"))
        with SpooledTemporaryFile(max_size=MIB) as file:
            async for part in parts_of(request, limits, most):
                file.write(part)
            yield [Upload(name, file.tell(), file)]
    else:
        error = DataError(request.url.path, place="Content-Type", found=repr(kind), fix=_FORM_FIX)
        raise Refused(415, error)


def checked_name(name: str) -> str:
    """A file's name as it is. Raises Refused (400) for one that is a path, or no name anywhere."""
    wrong = (
        not name
        or name in (".", "..")
        or any(character in "/\\" or ord(character) < 32 or ord(character) == 127 for character in name)
        or len(name.encode(errors="surrogatepass")) > 255
    )
    if wrong:
        error = DataError(
            "the file's name", found=repr(name[:300]), expected="a name without folders, such as IMG_0001.jpg"
        )
        raise Refused(400, error)
    return name


def check_size(upload: Upload, limits: Limits) -> None:
    """Raises Refused (413) for a file of a batch that is too large by itself."""
    if upload.size > limits.upload_mib * MIB:
        raise _too_large(upload.name, upload.size, limits.upload_mib * MIB)


def _too_large(where: str, size: int, most: int) -> Refused:
    expected = f"at most {most // MIB} MiB" if most >= MIB else f"at most {most >> 10} KiB"
    fix = "Send a smaller photo, or use segdata predict, which takes any."
    return Refused(TOO_LARGE, DataError(where, found=f"{size / MIB:.1f} MiB", expected=expected, fix=fix))


async def _form(request: Request, limits: Limits, most: int) -> FormData:
    stream = parts_of(request, limits, most)
    parser = MultiPartParser(
        request.headers, stream, max_files=limits.batch_photos + 1, max_fields=16, max_part_size=1 << 16
    )
    try:
        return await parser.parse()
    except (MultiPartException, ValueError) as error:
        said = getattr(error, "message", str(error))
        await _drop_rest(stream)
        if said.startswith("Too many files"):
            found, expected = f"more than {limits.batch_photos} files", f"at most {limits.batch_photos}"
            raise Refused(TOO_LARGE, DataError(request.url.path, found=found, expected=expected)) from error
        wrong = DataError(request.url.path, found=f"a form that cannot be read ({said})", fix=_FORM_FIX)
        raise Refused(400, wrong) from error
    finally:
        await stream.aclose()


def _checked(request: Request, form: FormData, limits: Limits, batch: bool) -> list[Upload]:
    where = request.url.path
    files = [(field, value) for field, value in form.multi_items() if isinstance(value, UploadFile)]
    wrong = [field for field, _ in form.multi_items() if field != FIELD]
    texts = [field for field, value in form.multi_items() if field == FIELD and isinstance(value, str)]
    if texts or not files:
        shown = (
            f"text in the field {FIELD!r}"
            if texts
            else f"the fields {sorted(set(wrong))}"
            if wrong
            else "no file"
        )
        raise Refused(400, DataError(where, found=shown, expected=f"a file as {FIELD!r}", fix=_FORM_FIX))
    if wrong:
        found = f"the field {wrong[0]!r}"
        raise Refused(400, DataError(where, found=found, expected=f"{FIELD!r} alone", fix=_FORM_FIX))
    if not batch and len(files) > 1:
        fix = "POST /predict/batch takes several."
        raise Refused(400, DataError(where, found=f"{len(files)} files", expected="one", fix=fix))
    if len(files) > limits.batch_photos:
        found, expected = f"{len(files)} files", f"at most {limits.batch_photos}"
        raise Refused(TOO_LARGE, DataError(where, found=found, expected=expected))
    uploads = [Upload(checked_name(one.filename or ""), one.size or 0, one.file) for _, one in files]
    if not batch:
        check_size(uploads[0], limits)
    return uploads


async def parts_of(request: Request, limits: Limits, most: int) -> AsyncGenerator[bytes, None]:
    """The body part by part. Raises Refused when it is too long, too slow, or breaks off."""
    declared = request.headers.get("content-length", "")
    seen = 0
    end = time.monotonic() + limits.upload_seconds
    # A length that is declared is believed: the answer need not wait for what nobody will read. What comes is then
    # dropped, since a client that is still sending when the connection closes would not see the answer.
    too_long = declared.isdecimal() and int(declared) > most
    while True:
        left = min(limits.quiet_seconds, end - time.monotonic())
        try:
            message = await asyncio.wait_for(request.receive(), max(0.01, left))
        except TimeoutError as error:
            raise _too_slow(request, limits, seen) from error
        if message["type"] == "http.disconnect":
            raise Refused(400, DataError(request.url.path, found="an upload that broke off"))
        body: bytes = message.get("body", b"")
        seen += len(body)
        too_long = too_long or seen > most
        if too_long and (seen > _MOST_DROPPED or not message.get("more_body", False)):
            raise _too_large(request.url.path, int(declared) if declared.isdecimal() else seen, most)
        if time.monotonic() > end:
            raise _too_slow(request, limits, seen)
        if body and not too_long:
            yield body
        if not message.get("more_body", False):
            return


def _too_slow(request: Request, limits: Limits, seen: int) -> Refused:
    error = DataError(
        request.url.path,
        found=f"{seen:,} bytes, then nothing for too long",
        expected=f"no pause of {limits.quiet_seconds:g} s, all in {limits.upload_seconds:g} s",
    )
    return Refused(408, error, {"Connection": "close"})


async def _drop_rest(stream: AsyncGenerator[bytes, None]) -> None:
    """Read a refused upload to its end, so that the client sees the answer."""
    async for _ in stream:
        pass
