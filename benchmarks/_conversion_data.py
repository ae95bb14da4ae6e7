"""The drawn sets that benchmarks/conversion.py converts: each a project with raw data and two pipeline files."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent


@dataclass(frozen=True)
class Case:
    """One source and size; `drawn` scenes of drawn_hw are linked under `copies` names each.

    goals  (contender, how many times its processor time segdata aims to save)
    """

    name: str
    format: str
    drawn: int
    copies: int
    drawn_hw: tuple[int, int]
    size_hw: tuple[int, int]
    goals: tuple[tuple[str, float], ...] = ()


CASES = (
    Case("phone photos, 224x224", "via", 8, 6, (3000, 4000), (224, 224), (("notebook", 3.5),)),
    Case("phone photos, 704x1056", "via", 8, 6, (3000, 4000), (704, 1056), (("notebook", 2.2),)),
    Case("Cityscapes, 512x1024", "cityscapes", 8, 5, (1024, 2048), (512, 1024), (("Datumaro", 10.0),)),
    Case("VOC, 256x256", "voc", 48, 6, (375, 500), (256, 256), (("Datumaro", 10.0),)),
)
TINY = tuple(
    replace(
        case,
        name=f"{case.name}, tiny",
        drawn=8,
        copies=2,
        drawn_hw=(case.drawn_hw[0] // 8, case.drawn_hw[1] // 8),
        size_hw=(case.size_hw[0] // 8, case.size_hw[1] // 8),
    )
    for case in CASES
)
"""The same with an eighth of the height and width, to see that the script works; their figures say nothing."""


def raw_folder(case: Case, folder: Path) -> Path:
    """Where the raw data of a case lie: in a VOCdevkit folder for VOC, as torchvision wants it."""
    return folder / "raw/VOCdevkit/VOC2012" if case.format == "voc" else folder / "raw/set"


def draw(case: Case, folder: Path) -> None:
    """The project of one case: raw data, and a pipeline file for each way to decode."""
    from segdata.sample_data import write_sample_set

    place = raw_folder(case, folder)
    write_sample_set(case.format, place, num_scenes=case.drawn, size_hw=case.drawn_hw, seed=2012)
    _link_copies(case, place)
    text = (REPOSITORY / f"pipelines/sample-{case.format}.yaml").read_text(encoding="utf-8")
    text = text.replace(f"data/raw/sample-{case.format}", str(place.relative_to(folder)))
    text = text.replace(
        "\nsource:\n", "\nsource:\n  accept_leaks: all  # the same few photos under many names\n"
    )
    (folder / "pipelines").mkdir()
    lines = ["shards:" if line.startswith("shards:") else line for line in text.splitlines()]
    for exact in (False, True):
        size = f"{{size_hw: [{case.size_hw[0]}, {case.size_hw[1]}], exact: {str(exact).lower()}}}"
        changed = [f"shards: {size}" if line == "shards:" else line for line in lines]
        kept = [line for line in changed if not line.startswith(("  size_hw", "  target_mib", "  photo"))]
        name = "exact" if exact else "street"
        (folder / f"pipelines/{name}.yaml").write_text("\n".join(kept) + "\n", encoding="utf-8")
    (folder / "params.yaml").write_text("pipelines: {}\n", encoding="utf-8")


def _link_copies(case: Case, place: Path) -> None:
    """More names for the drawn photos and masks; the VIA file and the VOC lists name them too."""
    if case.format == "via":
        path = place / "via_region_data.json"
        entries = list(json.loads(path.read_text(encoding="utf-8")).values())
        more = {}
        for copy in range(case.copies):
            for entry in entries:
                name = f"copy{copy}_{entry['filename']}"
                os.link(place / "photos" / entry["filename"], place / "photos" / name)
                more[f"{name}{entry['size']}"] = entry | {"filename": name}
        for entry in entries:
            (place / "photos" / entry["filename"]).unlink()
        path.write_text(json.dumps(more), encoding="utf-8")
        return
    for file in [path for path in sorted(place.rglob("*")) if path.suffix in (".png", ".jpg", ".json")]:
        if case.format == "cityscapes" and file.name.count("_") < 3:
            continue
        for copy in range(1, case.copies):
            os.link(file, file.with_name(_copied(case.format, file.name, copy)))
    for listed in place.glob("ImageSets/Segmentation/*.txt"):
        ids = listed.read_text(encoding="utf-8").split()
        named = [*ids, *(_copied("voc", id, copy) for copy in range(1, case.copies) for id in ids)]
        listed.write_text("\n".join(sorted(named)) + "\n", encoding="utf-8")


def _copied(form: str, name: str, copy: int) -> str:
    if form == "voc":
        stem, dot, suffix = name.partition(".")
        return f"{stem}{copy}{dot}{suffix}"
    city, sequence, rest = name.split("_", 2)
    return f"{city}_{int(sequence) + 1000 * copy:06d}_{rest}"
