"""The page for people: drop a photo, see its classes over it, take the mask away. A Gradio app, mounted at /.

What is shown of a photo lies in memory (`results.py`). Gradio itself keeps an upload in a file until it has been
looked at for a while: in a folder of this server's own, which goes when the server ends.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI

from segdata.errors import DataError
from segdata.serving import pages
from segdata.serving.page_uploads import PageUploads
from segdata.serving.results import Results, result_of
from segdata.serving.service import Service
from segdata.serving.uploads import MIB, checked_name
from segdata.web import Refused

if TYPE_CHECKING:
    import gradio as gr

KEPT_SECONDS = 600
"""How long Gradio keeps an upload's file."""

EMPTY = '<div class="sd-empty">The classes appear here, over the photo.</div>'
_SET_OPACITY = "value => { document.documentElement.style.setProperty('--sd-opacity', value / 100); }"


@contextmanager
def own_folder() -> Iterator[Path]:
    """Where Gradio keeps files while the block runs; to be entered before the page is built."""
    before = os.environ.get("GRADIO_TEMP_DIR")
    folder = Path(tempfile.mkdtemp(prefix="segdata-serve-"))
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if before is None:
            os.environ.pop("GRADIO_TEMP_DIR", None)
        else:
            os.environ["GRADIO_TEMP_DIR"] = before


def mount_page(app: FastAPI, folder: Path, examples: Sequence[Path] = ()) -> None:
    """Put the page at / of the app that `build_app` made. `folder` is that of `own_folder`."""
    service: Service = app.state.service
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(
        10**9
    )  # nor tables of its own events, after each of them
    import gradio as gr

    app.add_middleware(PageUploads, service=service, folder=folder)
    page = _build(service, app.state.results, folder, examples)
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        footer_links=[],
        run_history=False,
        max_file_size=service.limits.upload_mib * MIB,
        ssr_mode=False,
        show_error=False,
        enable_monitoring=False,
        mcp_server=False,
        theme=_theme(),
        css=_css(),
        head='<link rel="icon" href="data:,">',
    )


def _theme() -> gr.themes.Base:
    """Calm, and with fonts of the system alone: Gradio's own come from elsewhere."""
    import gradio as gr

    return gr.themes.Base(
        primary_hue="blue",
        neutral_hue="slate",
        font=["system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Arial", "sans-serif"],
        font_mono=["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"],
    )


def _css() -> str:
    folder = Path(__file__).parent / "templates"
    return "".join((folder / name).read_text(encoding="utf-8") for name in ("gradio.css", "result.css"))


def _build(service: Service, results: Results, folder: Path, examples: Sequence[Path]) -> gr.Blocks:
    import gradio as gr

    about = service.about
    blank = pages.legend_html(service.ontology)

    async def look(photo: dict[str, Any] | None) -> tuple[str, str]:
        if photo is None:
            return EMPTY, blank
        try:
            path = _check_upload(photo, folder)
            name = checked_name(str(photo.get("orig_name") or path.name))
            with service.place():
                predicted = await service.predict(await service.in_worker(path.read_bytes), name)
                result = await service.in_worker(result_of, predicted, service.ontology)
        except Refused as refused:
            return pages.problem_html(str(refused.error)), blank
        key = results.add(result)
        return pages.result_html(predicted, key), pages.legend_html(service.ontology, predicted, key)

    class Page(gr.Blocks):
        """Takes uploads alone. Gradio looks at paths only when it was launched, not when it is mounted: anybody could
        have it read any file of this machine, or fetch an address."""

        async def preprocess_data(self, block_fn: Any, inputs: list[Any], *rest: Any, **options: Any) -> Any:
            for value in inputs:
                if value is not None and not isinstance(value, int):
                    _check_upload(value, folder)
            return await super().preprocess_data(block_fn, inputs, *rest, **options)

    with Page(title=about.title, analytics_enabled=False, delete_cache=(60, KEPT_SECONDS)) as page:
        gr.HTML(pages.header_html(about), elem_id="sd-header")
        with gr.Row(elem_id="sd-panes"):
            photo = gr.Image(
                type="filepath",
                image_mode=None,
                sources=["upload"],
                show_label=False,
                buttons=[],
                placeholder="Drop a photo here\nor click to choose one",
                elem_id="sd-photo",
                min_width=300,
            )
            with gr.Column(min_width=300, elem_id="sd-result"):
                result = gr.HTML(EMPTY)
        opacity = gr.Slider(0, 100, 55, step=1, label="Strength of the colours, %", elem_id="sd-opacity")
        legend = gr.HTML(blank, elem_id="sd-below")
        if examples:
            gr.Examples(
                [[str(path)] for path in examples],
                photo,
                elem_id="sd-examples",
                label="Try one that the model has not seen in training",
                examples_per_page=len(examples),
            )
        opacity.input(None, opacity, js=_SET_OPACITY)
        photo.change(
            look,
            photo,
            [result, legend],
            preprocess=False,
            concurrency_limit=None,
            show_progress="minimal",
            show_progress_on=[result],
            api_name="look",
        )
    built: gr.Blocks = page
    return built


def _check_upload(value: Any, folder: Path) -> Path:
    """The file that Gradio holds of an upload. Raises Refused (400) for any other path, or an address."""
    path = Path(str(value.get("path") or "") if isinstance(value, dict) else "")
    if not path.is_absolute() or not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        raise Refused(400, DataError("the photo", found="no upload", fix="Give it again."))
    return path
