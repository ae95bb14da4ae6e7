"""What `segdata inspect` sees in photos and masks whose pixels are colours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segdata.formats import open_reader, survey_folder
from segdata.formats._surveys.mask_colors import colors_of, palettes_with
from segdata.inspection import describe, inspect_folder, propose
from segdata.ontology import load_ontology
from segdata.survey import Survey
from tests.formats.test_surveys_masks import photo
from tests.formats.via_cases import source

Color = tuple[int, int, int]
RED, GREEN, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 0)


def mask(path: Path, colors: Sequence[Color], mode: str = "RGB") -> None:
    """Stripes of these colours, 16x16."""
    path.parent.mkdir(parents=True, exist_ok=True)
    row = np.array([colors[at * len(colors) // 16] for at in range(16)], np.uint8)
    Image.fromarray(np.repeat(row[None], 16, axis=0)).convert(mode).save(path)


def seen(root: Path, photos: str = "photos", masks: str = "masks") -> Survey:
    survey = survey_folder("masks", root)
    assert survey is not None
    assert {key: survey.options.get(key) for key in ("photos", "masks")} == {"photos": photos, "masks": masks}
    return survey


def test_colours_are_listed_with_counts_and_classes_to_name(tmp_path: Path) -> None:
    for id in "abc":
        photo(tmp_path / f"photos/{id}.jpg")
        mask(tmp_path / f"masks/{id}.png", [BLACK, RED, GREEN] if id == "a" else [BLACK, RED])
    survey = seen(tmp_path)
    assert (survey.certainty, survey.annotated, survey.looked_at) == ("likely", 3, 3)
    assert survey.evidence == (
        "photos + masks (photos and masks of the same names): 3 masks in 3 colours (RGB)"
    )
    assert survey.labels == {"0,0,0": 3, "0,255,0": 1, "255,0,0": 3}
    assert survey.ontology == {"class 0": BLACK, "class 1": GREEN, "class 2": RED}
    assert survey.label_map == {"0,0,0": "class 0", "0,255,0": "class 1", "255,0,0": "class 2"}
    assert survey.checks[0] == (
        "Nobody names the colours: call class 0 to class 2 in ontology and label_map what they are "
        "(several colours may become one class)."
    )
    assert 'map "0,0,0" to ignore' in survey.checks[1]
    found = inspect_folder(tmp_path)
    assert found.survey == survey == inspect_folder(tmp_path, "masks").survey
    lines = describe(found, "x")
    assert lines[lines.index("  classes     3 (masks that hold it, of 3 looked at)") + 1 :][:3] == [
        "    0,0,0    3  class 0",
        "    255,0,0  3  class 2",
        "    0,255,0  1  class 1",
    ]
    proposal = propose(found, "mine", "data/raw/mine")
    assert proposal.problem == "" and proposal.checks[:2] == survey.checks


@pytest.mark.parametrize(
    ("photos", "masks", "options"),
    [
        ("images/{}.png", "colours/{}.png", {"photos": "images", "masks": "colours"}),
        ("{}.jpg", "{}_mask.png", {"photos": ".", "masks": ".", "mask_suffix": "_mask"}),
        ("train/image/{}.jpg", "train/mask/{}.png", {"photos": {"train": "train/image"}}),
    ],
)
def test_under_whatever_names(tmp_path: Path, photos: str, masks: str, options: dict[str, object]) -> None:
    for id in ("a1", "b1"):
        photo(tmp_path / photos.format(id))
        mask(tmp_path / masks.format(id), [RED, GREEN])
    survey = survey_folder("masks", tmp_path)
    assert survey is not None and survey.labels == {"0,255,0": 2, "255,0,0": 2}
    if "train" not in photos:
        assert survey.options == options
    reader = open_reader(
        "masks", source(tmp_path, dict(survey.options), label_map={"255,0,0": "road", "0,255,0": "ignore"})
    )
    assert len(reader.ids()) == 2


CITY = load_ontology("cityscapes-19")
VOC = load_ontology("voc-21")
CAMVID = [(192, 192, 128), (64, 0, 192), (128, 128, 64)]


@pytest.mark.parametrize(
    ("colors", "whose", "held", "more", "mapped"),
    [
        ([*CITY.palette[:4], BLACK, (111, 74, 0)], "Cityscapes", ["road", "sidewalk", "building", "wall"],
         "15 more classes, which no mask here holds: not proposed (fence, pole, traffic light, …)", {"0,0,0": "ignore", "102,102,156": "wall"}),
        ([*VOC.palette[:8], (224, 224, 192)], "PASCAL VOC", [*VOC.names[:8]],
         "13 more classes, which no mask here holds: not proposed (cat, chair, cow, …)", {"0,0,0": "background", "224,224,192": "ignore"}),
        ([*CAMVID, BLACK], "CamVid", ["CartLuggagePram", "Column_Pole", "Misc_Text"],
         "28 more classes, which no mask here holds: not proposed (Animal, Archway, Bicyclist, …)", {"0,0,0": "ignore", "192,192,128": "Column_Pole"}),
        ([*CITY.palette[:18]], "Cityscapes", [*CITY.names[:18]],
         "1 more class, which no mask here holds: not proposed (bicycle)", {"0,0,0": "ignore", "128,64,128": "road"}),
    ],
)  # fmt: skip
def test_colours_of_a_well_known_palette_bring_the_names_of_the_classes_they_are(
    tmp_path: Path, colors: list[Color], whose: str, held: list[str], more: str, mapped: dict[str, str]
) -> None:
    photo(tmp_path / "photos/a.jpg")
    pixels = np.repeat(np.array([colors], np.uint8), 8, axis=0)
    (tmp_path / "masks").mkdir()
    Image.fromarray(pixels).save(tmp_path / "masks/a.png")
    photo_again = np.random.default_rng(1).integers(0, 256, pixels.shape, np.uint8)
    Image.fromarray(photo_again).save(tmp_path / "photos/a.jpg")
    survey = seen(tmp_path)
    assert survey.evidence.endswith(f"1 mask in {len(colors)} colours (RGB) of {whose}")
    assert survey.checks == (
        f"The colours are those of {whose}, and so are the names: is that what they mean here?",
        f"{whose} has {more}.",
    )
    assert isinstance(survey.ontology, dict) and list(survey.ontology) == held
    assert survey.label_map is not None and mapped.items() <= survey.label_map.items()
    assert set(survey.label_map.values()) == {*held, "ignore"}
    assert {survey.label_map[label] for label in survey.labels if isinstance(label, str)} >= set(held)
    assert propose(inspect_folder(tmp_path), "mine", "data/raw/mine").problem == ""


def test_all_classes_of_a_palette_are_its_ontology(tmp_path: Path) -> None:
    photo(tmp_path / "photos/a.jpg")
    (tmp_path / "masks").mkdir()
    Image.fromarray(np.array([CITY.palette], np.uint8)).save(tmp_path / "masks/a.png")
    survey = seen(tmp_path)
    assert survey.ontology == "cityscapes-19"
    assert survey.checks == (
        "The colours are those of Cityscapes, and so are the names: is that what they mean here?",
    )


def test_all_classes_of_a_palette_are_proposed_where_some_masks_were_not_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for id in "abc":
        photo(tmp_path / f"photos/{id}.jpg")
        mask(tmp_path / f"masks/{id}.png", list(CITY.palette[:4]))
    monkeypatch.setattr("segdata.formats._surveys.mask_files.evenly_spaced", lambda names: names[:2])
    survey = seen(tmp_path)
    assert survey.ontology == "cityscapes-19"
    assert survey.label_map is not None and survey.label_map["0,0,142"] == "car"
    assert survey.checks[1:] == (
        "All classes of Cityscapes are proposed, as 2 of 3 masks were looked at: segdata check names those that no mask "
        "holds; take them out, if none will.",
    )


def test_too_few_colours_and_those_of_two_palettes_are_nobodys(tmp_path: Path) -> None:
    assert palettes_with([BLACK, (128, 0, 0), (128, 128, 0)]) == []
    both = [(128, 0, 0), (128, 128, 0), (128, 128, 128)]
    assert [palette.name for palette in palettes_with(both)] == ["PASCAL VOC", "CamVid"]
    assert palettes_with([*both, (1, 1, 1)]) == []
    photo(tmp_path / "photos/a.jpg")
    mask(tmp_path / "masks/a.png", both)
    survey = seen(tmp_path)
    assert list(survey.ontology or ()) == ["class 0", "class 1", "class 2"]
    assert "The palettes of PASCAL VOC and CamVid all have these colours" in survey.checks[1]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("class_dict.csv", "name,r,g,b\nRoad,255,0,0\nVoid,0,0,0\nTraffic sign,9,9,9\n"),
        ("masks/label_colors.txt", "255 0 0\tRoad\n0 0 0\t\tVoid\n9 9 9 Traffic sign\n"),
    ],
)
def test_a_file_beside_the_masks_names_the_colours(tmp_path: Path, file: str, text: str) -> None:
    photo(tmp_path / "photos/a.jpg")
    mask(tmp_path / "masks/a.png", [BLACK, RED, GREEN])
    (tmp_path / file).write_text(text)
    survey = seen(tmp_path)
    assert survey.evidence.endswith(f"1 mask in 3 colours (RGB), named by {file}")
    assert survey.ontology == {"Road": RED, "Traffic sign": (9, 9, 9), "class 2": GREEN}
    assert survey.label_map == {
        "255,0,0": "Road",
        "0,0,0": "ignore",
        "9,9,9": "Traffic sign",
        "0,255,0": "class 2",
    }
    assert survey.checks == (
        f"0,0,0 is mapped to ignore, as {file} calls it 'Void': is that what it means?",
        f"{file} does not name 1 colour: call class 2 in ontology and label_map what they are "
        "(several colours may become one class).",
    )
    (finding,) = survey.findings
    assert (finding.code, finding.file, finding.severity) == ("unnamed-colours", file, "warning")
    assert finding.message == (
        "names 2 of the masks' 3 colours, but not 0,255,0 (80 pixels in 1 of 1 mask, here 'class 2')"
    )
    (tmp_path / file).write_text(text + "and so on\n")
    worse = seen(tmp_path)
    assert (worse.ontology, worse.label_map, worse.checks) == (
        survey.ontology,
        survey.label_map,
        survey.checks,
    )
    assert [(one.file, one.code, one.place) for one in worse.findings] == [
        (file, "colour-row", f"line {1 + text.count(chr(10))}"),
        (file, "unnamed-colours", ""),
    ]


@pytest.mark.parametrize(
    ("row", "hint"),
    [
        ("255,0,0", " - mistyped, or changed by a program? It names 'tree' as 255,0,0, which none holds"),
        ("254,2,0", " - mistyped, or changed by a program? It names 'tree' as 254,2,0, which none holds"),
        ("25,0,0", " - mistyped, or changed by a program? It names 'tree' as 25,0,0, which none holds"),
        ("250,10,0", ""),
        ("0,0,0", ""),
        ("255,142,0", ""),
    ],
)
def test_a_colour_that_a_file_nearly_names_is_told(tmp_path: Path, row: str, hint: str) -> None:
    photo(tmp_path / "photos/a.jpg")
    mask(tmp_path / "masks/a.png", [GREEN, RED if row != "255,0,0" else (254, 0, 1)])
    (tmp_path / "class_dict.csv").write_text(f"name,r,g,b\nroad,0,255,0\ntree,{row}\n")
    (finding,) = seen(tmp_path).findings
    assert finding.code == "unnamed-colours"
    assert finding.message.endswith(f"here 'class 2'){hint}")


def test_black_without_a_name_is_told_with_its_pixels_and_what_it_may_be(tmp_path: Path) -> None:
    for id in "abc":
        photo(tmp_path / f"photos/{id}.jpg")
        mask(tmp_path / f"masks/{id}.png", [RED, GREEN] if id == "a" else [BLACK, RED, (9, 9, 9), BLACK])
    (tmp_path / "class_dict.csv").write_text("name,r,g,b\nroad,255,0,0\ntree,0,255,0\n")
    survey = seen(tmp_path)
    (finding,) = survey.findings
    assert (finding.code, finding.file, finding.severity) == ("unnamed-colours", "class_dict.csv", "warning")
    assert finding.message == (
        "names 2 of the masks' 4 colours, but not 0,0,0 (256 pixels in 2 of 3 masks, here 'class 2'), "
        "9,9,9 (128 pixels in 2 of 3 masks, here 'class 3')"
    )
    assert finding.action == (
        "proposed as a class: name it, or map it to ignore where it means that nobody labelled it, as black often does"
    )
    assert survey.checks == (
        "class_dict.csv does not name 2 colours: call class 2 to class 3 in ontology and label_map what they are "
        '(several colours may become one class). Black often is what nobody labelled: then map "0,0,0" to ignore.',
    )
    assert survey.label_map == {"255,0,0": "road", "0,255,0": "tree", "0,0,0": "class 2", "9,9,9": "class 3"}


def test_a_labelmap_beside_coloured_masks_is_proposed(tmp_path: Path) -> None:
    photo(tmp_path / "photos/a.jpg")
    mask(tmp_path / "masks/a.png", [BLACK, RED, (224, 224, 192)])
    (tmp_path / "labelmap.txt").write_text("ground:0,0,0::\nroad:255,0,0::\n")
    survey = seen(tmp_path)
    assert survey.options["names"] == "labelmap.txt"
    assert survey.labels == {"ground": 1, "road": 1, 255: 1}
    assert survey.ontology == {"ground": BLACK, "road": RED}


def test_smoothed_masks_are_named_and_nothing_is_proposed(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for id in "ab":
        photo(tmp_path / f"photos/{id}.jpg")
        blocks = np.array([BLACK, RED, GREEN], np.uint8)[rng.integers(0, 3, (4, 4))]
        sharp = Image.fromarray(np.kron(blocks, np.ones((40, 40, 1), np.uint8)))
        (tmp_path / "masks").mkdir(exist_ok=True)
        turned = sharp.rotate(5, Image.Resampling.BICUBIC)
        turned.resize((170, 170), Image.Resampling.BICUBIC).save(tmp_path / f"masks/{id}.png")
    survey = survey_folder("masks", tmp_path)
    assert survey is not None
    assert (survey.annotated, survey.labels) == (0, {})
    assert [(one.file, one.code) for one in survey.findings] == [
        ("masks/a.png", "unreadable"),
        ("masks/b.png", "unreadable"),
    ]
    assert (
        "in less than a thousandth of the pixels; expected a colour per class" in survey.findings[0].message
    )


def test_stray_colours_of_smoothed_borders_are_a_finding(tmp_path: Path) -> None:
    photo(tmp_path / "photos/a.jpg")
    pixels = np.zeros((200, 200, 3), np.uint8)
    pixels[:100] = RED
    pixels[100, :30, 0] = np.arange(30) * 8 + 3
    (tmp_path / "masks").mkdir()
    Image.fromarray(pixels).save(tmp_path / "masks/a.png")
    (finding,) = seen(tmp_path).findings
    assert (finding.code, finding.file, finding.severity) == ("stray-colours", "masks", "warning")
    assert finding.message.startswith("30 of 32 colours are in less than a thousandth of the pixels each")


def test_colours_of_objects_are_too_many_for_classes(tmp_path: Path) -> None:
    for number in range(9):
        photo(tmp_path / f"photos/{number}.jpg")
        colors = [(red, number, 7) for red in range(0, 256, 8)]
        path = tmp_path / f"masks/{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.repeat(np.array([colors], np.uint8), 8, axis=0)).save(path)
    survey = survey_folder("masks", tmp_path)
    assert survey is not None and (survey.annotated, survey.labels) == (0, {})
    (finding,) = survey.findings
    assert finding.message == "288 colours in the 9 masks looked at: at most 255 classes"


def test_a_survey_reads_some_of_many_masks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        photo(tmp_path / f"photos/{number}.jpg")
        mask(tmp_path / f"masks/{number}.png", [RED, GREEN])
    monkeypatch.setattr(
        "segdata.formats._surveys.mask_files.evenly_spaced", lambda names: [names[0], names[3]]
    )
    survey = seen(tmp_path)
    assert (survey.annotated, survey.looked_at, survey.labels) == (6, 2, {"0,255,0": 2, "255,0,0": 2})


def test_colours_and_their_pixels() -> None:
    pixels = np.array([[[1, 2, 3], [1, 2, 3], [0, 0, 9]], [[1, 2, 3], [0, 0, 9], [0, 0, 9]]], np.uint8)
    colors, counts = colors_of(pixels)
    assert (colors, counts.tolist()) == ([(0, 0, 9), (1, 2, 3)], [3, 3])
