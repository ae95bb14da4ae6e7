"""Takes annotated photos that somebody dropped into data/inbox/<name>/ through check, add and convert.

    data/inbox/mine/IMG_0107.jpg  roll7.json      VIA, COCO: photos, and a file that names them
    data/inbox/mine/107.png  masks/107.png        masks, voc, cityscapes: masks in the folder masks/
    data/inbox/mine/107.jpg  107.json             LabelMe: each beside its photo
    data/inbox/mine/quarantine/IMG_9.jpg  IMG_9.jpg.txt    what could not be taken, and why

python -m flows.inbox mine --once               one look
python -m flows.inbox mine --every 60           one look a minute until Ctrl-C; each is a flow run

A photo that has no annotation yet waits, and so does everything while a file is younger than a few seconds.
Annotation files that no waiting photo needs go to data/inbox/<name>/taken/.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import click
from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.convert import artifact_key, run
from flows.local_server import server
from segdata.adding import Added, Choice, add
from segdata.atomic import only_one, replace_file
from segdata.errors import SegdataError
from segdata.formats._parts.photo_files import is_photo, list_files, without_extension
from segdata.pipeline import Split
from segdata.project import Project

SETTLED_SECONDS = 5.0
"""A file that changed less than this ago may still be on its way."""

_FORMATS_OF_FILES = {"via": (".json", ".csv"), "labelme": (".json",), "coco": (".json",)}


@dataclass
class Looked:
    """What one look came to: names relative to the inbox or the raw folder."""

    taken: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    quarantined: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    converted: str = ""

    def line(self, name: str) -> str:
        counts = f"{len(self.taken)} taken, {len(self.waiting)} waiting, {len(self.quarantined)} quarantined"
        return f"{name}: {counts}" + (f"; {self.converted}" if self.converted else "")


def look(
    project: Project, name: str, split: Split | None = None, settled_seconds: float = SETTLED_SECONDS
) -> Looked:
    """Add what lies ready in the inbox, quarantine what cannot be taken; converts nothing."""
    inbox = project.root / "data" / "inbox" / name
    source = project.pipeline(name).source
    format = source.format
    suffix = "_leftImg8bit" if format == "cityscapes" else str(source.options.get("photo_suffix", ""))
    inbox.mkdir(parents=True, exist_ok=True)
    looked = Looked()
    with only_one(project.scratch_dir("locks") / f"inbox-{name}", f"inbox of {name}"):
        files = {
            one: path
            for one, path in list_files(inbox, inbox, []).items()
            if one.partition("/")[0] not in ("quarantine", "taken")
        }
        young = [one for one, path in files.items() if not _is_settled(path, settled_seconds)]
        if young:  # a photo may come before its annotation: look again when all is at rest
            looked.waiting = sorted(files)
            return looked
        ends = _FORMATS_OF_FILES.get(format, ())
        notes = {one: path for one, path in files.items() if one.lower().endswith(ends)} if ends else {}
        photos = {
            one: path for one, path in files.items() if is_photo(one) and one.partition("/")[0] != "masks"
        }
        if ends:
            batches = _by_annotation(format, notes, photos, inbox, looked)
        else:
            batches = {"masks": [one for one in photos if _has_mask(one, files, suffix)]}
        for annotation, batch in batches.items():
            if batch:
                _take(project, name, inbox, annotation, batch, split, looked)
        looked.waiting = sorted(one for one, path in photos.items() if path.exists())
        if not looked.waiting:
            used = notes if ends else {one: path for one, path in files.items() if one.startswith("masks/")}
            for one, path in used.items():
                if path.exists():
                    _move(path, inbox / "taken" / one)
    return looked


def _is_settled(path: Path, seconds: float) -> bool:
    try:
        status = path.stat()
    except OSError:
        return False
    return time.time() - max(status.st_mtime, status.st_ctime) >= seconds


def _has_mask(photo: str, files: dict[str, Path], photo_suffix: str) -> bool:
    """Whether masks/ holds a file called like the photo, perhaps with an ending: masks/1_mask.png for 1.jpg, not 10.png."""
    stem = "masks/" + without_extension(photo).removesuffix(photo_suffix)
    rests = [one[len(stem) :] for one in files if one.startswith(stem)]
    return any(not rest[:1].isalnum() for rest in rests)


def _by_annotation(
    format: str, notes: dict[str, Path], photos: dict[str, Path], inbox: Path, looked: Looked
) -> dict[str, list[str]]:
    """Photos by the annotation file that is about them; a file that is none is quarantined."""
    names_in = import_module(f"segdata.adding.{format}").names_in
    batches: dict[str, list[str]] = {}
    left = dict(photos)
    for note, path in notes.items():
        try:
            named = set(names_in(path))
        except SegdataError as error:
            _quarantine(inbox, note, str(error), looked)
            continue
        batches[note] = [one for one in left if one.rpartition("/")[2] in named]
        for one in batches[note]:
            left.pop(one)
    return batches


def _take(
    project: Project,
    name: str,
    inbox: Path,
    annotation: str,
    batch: list[str],
    split: Split | None,
    looked: Looked,
) -> None:
    """Add photos with one annotation file or folder; each folder of the inbox is one below the photos."""
    folders: dict[str, list[str]] = {}
    for one in batch:
        folders.setdefault(one.rpartition("/")[0], []).append(one)
    for into, photos in folders.items():
        paths = [inbox / one for one in photos]
        try:
            added = add(
                project, name, paths, inbox / annotation, Choice(split=split, into=into), skip_bad=True
            )
        except SegdataError as error:
            for one in photos:
                _quarantine(inbox, one, str(error), looked)
            continue
        _settle(inbox, photos, added, into, looked)


def _settle(inbox: Path, photos: list[str], added: Added, into: str, looked: Looked) -> None:
    """Photos that are in the source leave the inbox; the others go to quarantine with the reason."""
    reasons = {bad.photo or bad.name: bad.reason for bad in added.bad}
    reasons |= {bad.name: bad.reason for bad in added.bad}
    placed = {name.rpartition("/")[2]: name for name in (*added.photos, *added.there)}
    looked.said += added.said
    for one in photos:
        last = one.rpartition("/")[2]
        place = _place_of(last, placed)
        if place is not None:
            (inbox / one).unlink()
            looked.taken.append(place)  # also one that an interrupted look put there: it is not converted yet
            continue
        reason = next((why for name, why in reasons.items() if Path(name).name == last), None)
        stem = without_extension(last)
        reason = reason or next(
            (why for name, why in reasons.items() if Path(name).name.startswith(stem)), "not taken"
        )
        _quarantine(inbox, one, reason, looked)


def _place_of(last: str, placed: dict[str, str]) -> str | None:
    stem = without_extension(last)
    cityscapes = f"{stem}_leftImg8bit{last[len(stem) :]}"
    return placed.get(last) or placed.get(cityscapes)


def _quarantine(inbox: Path, name: str, reason: str, looked: Looked) -> None:
    goal = _move(inbox / name, inbox / "quarantine" / name)
    with replace_file(goal.with_name(f"{goal.name}.txt")) as note:
        note.write_text(
            f"{name}: {reason}\nMend it, and put it into {inbox.name}/ again.\n", encoding="utf-8"
        )
    looked.quarantined[name] = reason


def _move(path: Path, goal: Path) -> Path:
    """Nothing is written over: another file of the name gets a number."""
    goal.parent.mkdir(parents=True, exist_ok=True)
    number, free = 1, goal
    while free.exists():
        number += 1
        free = goal.with_name(f"{goal.stem}-{number}{goal.suffix}")
    path.replace(free)
    return free


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def markdown(name: str, looked: Looked) -> str:
    """What one look came to."""
    lines = [f"# Inbox of {name}", "", looked.line(name), ""]
    lines += [f"- taken: {_cell(one)}" for one in looked.taken]
    lines += [f"- quarantined: {_cell(one)}: {_cell(why)}" for one, why in looked.quarantined.items()]
    lines += [f"- waiting: {_cell(one)}" for one in looked.waiting]
    return "\n".join(lines) + "\n"


@flow(name="inbox", flow_run_name="inbox of {name}", validate_parameters=False)
def inbox(root: str, name: str, split: str | None = None, settled_seconds: float = SETTLED_SECONDS) -> str:
    """One look: check and add what is ready, convert when something was taken, leave an artifact."""
    project = Project(Path(root))
    looked = look(project, name, cast("Split | None", split), settled_seconds)
    if looked.taken:
        looked.converted = run(project, name).counts_line()
    if looked.taken or looked.quarantined:
        create_markdown_artifact(
            markdown(name, looked),
            key=artifact_key(name).replace("convert-", "inbox-", 1),
            description=looked.line(name),
        )
    return looked.line(name)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("name")
@click.option("--every", type=click.IntRange(min=1), help="Look every so many seconds.")
@click.option("--once", is_flag=True, help="Look once.")
@click.option(
    "--split", type=click.Choice(["train", "val", "test"]), help="Where the source has official splits."
)
@click.option(
    "--settled", type=click.FloatRange(min=0), default=SETTLED_SECONDS, help="Seconds a file must be at rest."
)
def main(name: str, every: int | None, once: bool, split: str | None, settled: float) -> None:
    """Take annotated photos from data/inbox/NAME into the source of pipeline NAME, and convert."""
    if once == (every is not None):
        raise click.UsageError("give --once or --every SECONDS")
    try:
        project = Project.find()
        project.pipeline(name)
        with server(project) as url, temporary_settings({PREFECT_API_URL: url}):
            parameters: dict[str, Any] = {
                "root": str(project.root),
                "name": name,
                "split": split,
                "settled_seconds": settled,
            }
            if every is None:
                click.echo(inbox(**parameters))
            else:
                stop = _stop_between_looks()
                while not stop.is_set():  # no deployment: the project's own server runs no scheduler
                    click.echo(inbox(**parameters))
                    stop.wait(every)
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        click.echo("stopped", err=True)
        sys.exit(130)
    except (SegdataError, OSError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)


def _stop_between_looks() -> threading.Event:
    """Set by Ctrl-C, so that a look in progress ends whole (Prefect may swallow an interrupt); a second one stops at once."""
    stop = threading.Event()

    def on_interrupt(number: int, frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    signal.signal(signal.SIGINT, on_interrupt)
    return stop


if __name__ == "__main__":
    main()
