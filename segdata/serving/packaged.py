"""What the `app.py` of a packaged folder runs: the model in it, in ONNX Runtime, as `segdata serve` serves it.

HOST=0.0.0.0 PORT=7860 python app.py        default: 127.0.0.1, 7860
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec

from segdata.errors import ConfigError, DataError, SegdataError
from segdata.serving.api import build_app
from segdata.serving.model import About
from segdata.serving.onnx_engine import OnnxEngine
from segdata.serving.page import mount_page, own_folder
from segdata.serving.service import Service
from segdata.web import is_loopback, listen, run

MODEL, ABOUT, EXAMPLES = "model.onnx", "about.json", "examples"


def main(folder: Path) -> None:
    """Serve the folder's model until it is stopped; exit codes as those of segdata."""
    try:
        _serve(folder, os.environ.get("HOST", "127.0.0.1"), _port(os.environ.get("PORT", "7860")))
    except SegdataError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise ConfigError("PORT", found=repr(text), expected="a number from 0 to 65535")
    return int(text)


def _about(folder: Path) -> About:
    """What `segdata package` wrote of the model. Raises DataError for a file that is gone or no longer what was written."""
    try:
        return msgspec.json.decode((folder / "model" / ABOUT).read_bytes(), type=About)
    except (OSError, msgspec.MsgspecError) as error:
        raise DataError(
            f"model/{ABOUT}",
            found=getattr(error, "strerror", None) or str(error),
            expected="what segdata package wrote",
            fix="Package the model again.",
        ) from error


def _serve(folder: Path, host: str, port: int) -> None:
    about = _about(folder)
    with listen(host, port) as listening, own_folder() as own:
        service = Service(OnnxEngine(folder / "model" / MODEL), about)
        # A Space shows its page in a frame; what only this machine reaches nobody else need frame.
        app = build_app(service, host, framed_by="'self'" if is_loopback(host) else "*")
        examples = sorted((folder / EXAMPLES).glob("*")) if (folder / EXAMPLES).is_dir() else []
        mount_page(app, own, examples)
        run(app, listening, lambda url: print(f"{about.name}: {about.line()}\n  page: {url}", flush=True))
