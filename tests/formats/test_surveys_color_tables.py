"""Files that name colours: known by what they hold, whatever they are called; a wrong row costs itself alone."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from segdata.errors import DataError
from segdata.formats import survey_folder
from segdata.formats._surveys.color_tables import MOST_BYTES, Table, read_table
from segdata.survey import Survey
from tests.formats.test_surveys_colors import mask
from tests.formats.test_surveys_masks import photo
from tests.formats.test_via_fuzz import broken_bytes

VOID, ROAD, CAR = (0, 0, 0), (128, 64, 128), (0, 0, 142)
NAMES = {VOID: "void", ROAD: "road", CAR: "my car"}


def read(tmp_path: Path, name: str, text: str | bytes) -> Table | None:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_table(path, name)


TEXTS = {
    "kaggle.csv": "name,r,g,b\nvoid,0,0,0\nroad,128,64,128\nmy car,0,0,142\n",
    "spaces.csv": "name, r, g, b\n\nvoid, 0, 0, 0\nroad, 128, 64, 128\nmy car, 0, 0, 142,\n",
    "more-columns.csv": "class_id,class_name,R,G,B,many\n0,void,0,0,0,7\n1,road,128,64,128,7\n2,my car,0,0,142,7\n",
    "name-last.csv": "red;green;blue;id;label\r\n0;0;0;0;void\r\n128;64;128;1;road\r\n0;0;142;2;my car\r\n",
    "pandas.csv": ",class_names,r,g,b\n0,void,0,0,0\n1,road,128,64,128\n2,my car,0,0,142\n",
    "bom.csv": "\ufeffname,r,g,b\nvoid,0,0,0\nroad,128,64,128\nmy car,0,0,142\n",
    "no-header.csv": "0,void,0,0,0\n1,road,128,64,128\n2,my car,0,0,142\n",
    "one-cell.csv": 'id,name,rgb\n0,void,"(0, 0, 0)"\n1,road,"(128, 64, 128)"\n2,my car,"(0, 0, 142)"\n',
    "hex.csv": "name,colour\nvoid,#000000\nroad,#804080\nmy car,#00008Eff\n",
    "camvid.txt": "0 0 0\t\tvoid\n128 64 128\troad\n0 0 142\t\tmy car\n",
    "words.txt": "void 0 0 0\nroad 128 64 128\nmy car 0 0 142\n",
    "numbered.txt": "0 void 0 0 0\n1 road 128 64 128\n2 my car 0 0 142\n",
    "cvat.txt": "# label:color_rgb:parts:actions\nvoid:0,0,0::\nroad:128,64,128::\nmy car:0,0,142::\n",
    "comma10k.txt": "#000000 - void\n#804080 - road\n#00008e - my car\n",
    "plain.json": json.dumps({name: color for color, name in NAMES.items()}),
    "by-color.json": json.dumps({"{},{},{}".format(*color): name for color, name in NAMES.items()}),
    "objects.json": json.dumps([{"name": name, "color": color, "id": 3} for color, name in NAMES.items()]),
    "numbered.json": json.dumps(
        {n: {"name": name, "color": [*color, 255]} for n, (color, name) in enumerate(NAMES.items())}
    ),
    "channels.json": json.dumps({name: dict(zip("rgb", color, strict=True)) for color, name in NAMES.items()}),
    "supervisely.json": json.dumps(
        {"classes": [{"title": name, "shape": "bitmap", "color": "#{:02x}{:02X}{:02x}".format(*color)} for color, name in NAMES.items()], "tags": []}
    ),
    "mapillary.json": json.dumps(
        {"version": 1.1, "labels": [{"color": color, "instances": True, "readable": name.upper(), "name": name} for color, name in NAMES.items()]}
    ),
    "lists.json": json.dumps({"classes": [*NAMES.values()], "palette": [*NAMES], "size": [120, 160, 3]}),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_tables_of_many_kinds(tmp_path: Path, name: str) -> None:
    table = read(tmp_path, name, TEXTS[name])
    assert table is not None
    assert (table.file, table.names, table.wrong) == (name, NAMES, ())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("metadata.csv", "image,width,height\na.jpg,160,120\n"),
        ("boxes.csv", "image,x,y,w,h\na.jpg,10,20,30,40\nb.jpg,10,20,30,40\n"),
        ("shares.txt", "road 0.5 0.25 0.125\ncar 1 2 3.5\n"),
        ("classes.txt", "road\ncar\ntree\n"),
        ("README.txt", "12 photos of 2024-01-02.\nRoad is 128 64 128, as usual.\nMany\nmore\nwords of 3\n"),
        ("config.json", '{"size": [128, 128, 3], "mean": 3, "epochs": 7, "name": "x"}'),
        ("labelme.json", '{"shapes": [{"label": "road", "points": [[1, 2]], "line_color": [0, 255, 0, 128]}]}'),
        ("cut.json", '{"road": [1, 2, 3]'),
        ("deep.json", "[" * 9 + '{"road": [1, 2, 3]}' + "]" * 9),
        ("deeper.json", "[" * 100_000),
        ("large.csv", "name,r,g,b\nroad,1,2,3\n" + "#\n" * (MOST_BYTES // 2)),
        ("digits.txt", "9" * 5000),
        ("digits.json", '{"road": [1, 2, ' + "9" * 5000 + "]}"),
        ("cell.csv", 'name,r,g,b\nroad,1,2,3\n"' + "a" * 200_000),
        ("many.txt", "road 1 2 3\n" * 5000),
        ("empty.csv", ""),
        ("header.csv", "name,r,g,b\n"),
    ],
)  # fmt: skip
def test_what_is_no_table(tmp_path: Path, name: str, text: str) -> None:
    assert read(tmp_path, name, text) is None
    assert read_table(tmp_path / "gone.csv", "gone.csv") is None


def test_lists_are_not_held_against_one_another(tmp_path: Path) -> None:
    """Boxes of photos look like colours: 30,000 such lists held against one another took minutes."""
    boxes = {f"{number:05}": [[1, 2, 3]] for number in range(30_000)}
    text = json.dumps(boxes, separators=(",", ":"))
    assert len(text) < MOST_BYTES
    assert read(tmp_path, "boxes.json", text) is None
    listed = {"more": ["a", "b"], "classes": [*NAMES.values()], "names": ["x", "y", "z"], "palette": [*NAMES]}
    table = read(tmp_path, "lists.json", json.dumps(boxes | listed, separators=(",", ":")))
    assert table is not None and (table.names, table.wrong) == (NAMES, ())


def test_a_wrong_row_is_named_and_the_others_are_kept(tmp_path: Path) -> None:
    wrong = ["tree,107,142", "sky,70,130,1800", "road,1,1,1", "bus,0,0,142", ",5,5,5", "road,128,64,128"]
    table = read(tmp_path, "class_dict.csv", TEXTS["kaggle.csv"] + "\n".join(["a,1,1,2", "b,2,2,3", *wrong]))
    assert table is not None
    assert table.names == {**NAMES, (1, 1, 2): "a", (2, 2, 3): "b"}
    assert table.wrong == (
        ("line 7", "'tree,107,142'"),
        ("line 8", "'sky,70,130,1800'"),
        ("line 9", "the name 'road' again"),
        ("line 10", "the colour (0, 0, 142) again, as 'bus'"),
        ("line 11", "',5,5,5'"),
    )
    assert table.findings()[1].line() == (
        "warning: class_dict.csv (line 8): found 'sky,70,130,1800'; expected a name and its red, green and blue of 0 to "
        "255, each name and each colour once [colour-row: left out; the other rows are taken]"
    )
    for text, names in (("a 1 2 3\nb 1 2 3\n", 1), ("a,1,2,3\na,4,5,6\n", 1), ("a,1,2,3\nb,1,2,300\n", 1)):
        table = read(tmp_path, "class_dict.csv", text)
        assert table is not None and len(table.names) == names
        assert [place for place, _ in table.wrong] == ["line 2"]
    table = read(tmp_path, "x.json", '{"a": [1, 2, 3], "b": [1, 2, 300], "c": [4, 5, 6], "d": "#12345"}')
    assert table is not None and table.names == {(1, 2, 3): "a", (4, 5, 6): "c"}
    assert table.wrong == (("$.b", """'{"b": [1, 2, 300]}'"""),)


def test_four_numbers_are_not_three(tmp_path: Path) -> None:
    table = read(tmp_path, "x.txt", "road 1 2 3\nlane 2 4 5 6\ncar 7 8 9\n")
    assert table is not None and table.names == {(1, 2, 3): "road", (7, 8, 9): "car"}
    assert table.wrong == (("line 2", "'lane 2 4 5 6'"),)


def test_tables_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"a\.csv: line 2: found 'road,0\.5,0\.25,0\.5'; expected a name and its red"
    ):
        read(tmp_path, "a.csv", "name,r,g,b\nroad,0.5,0.25,0.5\n")
    with pytest.raises(DataError, match=r"a\.csv: found bytes that are not UTF-8"):
        read(tmp_path, "a.csv", "name,r,g,b\nstraße,1,2,3\n".encode("latin-1"))
    assert read(tmp_path, "a.txt", "straße\n".encode("latin-1")) is None


def seen(root: Path) -> Survey:
    survey = survey_folder("masks", root)
    assert survey is not None
    return survey


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    photo(tmp_path / "set/photos/a.jpg")
    mask(tmp_path / "set/masks/a.png", [VOID, ROAD, CAR])
    return tmp_path


@pytest.mark.parametrize("place", ["colours.json", "set/my classes.json", "set/masks/x.json"])
def test_any_name_in_the_root_above_the_masks_or_among_them(folder: Path, place: str) -> None:
    (folder / place).write_text(TEXTS["plain.json"])
    (folder / "set/masks/a.json").write_text('{"other": [0, 0, 0]}')  # about the mask a.png
    survey = seen(folder)
    assert survey.evidence.endswith(f"1 mask in 3 colours (RGB), named by {place}")
    assert survey.ontology == {"road": ROAD, "my car": CAR}
    assert survey.findings == ()


def test_the_file_that_names_the_most_is_taken_and_contradictions_are_asked_about(folder: Path) -> None:
    (folder / "a.csv").write_text("name,r,g,b\nvehicle,0,0,142\nx,1,1,1\ny,2,2,2\nz,3,3,3\n")
    (folder / "b.csv").write_text(TEXTS["kaggle.csv"])
    (folder / "c.csv").write_text(TEXTS["kaggle.csv"])
    survey = seen(folder)
    assert survey.evidence.endswith("named by b.csv")
    assert (
        "0,0,142 is 'vehicle' in a.csv, and 'my car' in b.csv, which was taken: which is right?"
        in survey.checks
    )
    assert not any("c.csv" in check for check in survey.checks)


def test_a_file_of_other_colours_and_one_of_blue_green_and_red_are_told(folder: Path) -> None:
    (folder / "other.csv").write_text("name,r,g,b\nroad,1,2,3\ncar,4,5,6\n")
    survey = seen(folder)
    assert list(survey.ontology or ()) == ["class 0", "class 1", "class 2"]
    (finding,) = survey.findings
    assert (finding.code, finding.severity, finding.action) == ("foreign-colours", "warning", "not taken")
    assert finding.message == (
        "names 2 colours, and none is in the masks looked at, which hold 0,0,0, 0,0,142, 128,64,128"
    )
    (folder / "shares.txt").write_text("train 70 20 10\n")  # three numbers, and no table
    (folder / "other.csv").write_text("name,r,g,b\ncar,142,0,0\n")
    assert (
        seen(folder)
        .findings[0]
        .message.endswith(
            "128,64,128; read as blue, green, red it would name 1: swap the columns, if that is what they are"
        )
    )


def test_a_labelmap_with_a_wrong_row_still_names_the_others(folder: Path) -> None:
    (folder / "set/labelmap.txt").write_text(TEXTS["cvat.txt"] + "tree:1,2::\n")
    survey = seen(folder)
    assert survey.label_map == {"0,0,0": "ignore", "128,64,128": "road", "0,0,142": "my car"}
    assert "names" not in survey.options
    assert [(one.code, one.file, one.place) for one in survey.findings] == [
        ("colour-row", "set/labelmap.txt", "line 5")
    ]


def test_broken_tables_are_none_or_our_errors(tmp_path: Path) -> None:
    chance = random.Random("tables")
    told: Counter[str] = Counter()
    for number in range(600):
        name = chance.choice(list(TEXTS))
        whole = TEXTS[name].encode()
        data = broken_bytes(whole, chance) if number % 3 else whole[: chance.randrange(len(whole))]
        try:
            table = read(tmp_path, name, data)
        except DataError:
            told["error"] += 1
            continue
        told["none" if table is None else "table"] += 1
        if table is not None:
            assert all(table.names.values()) and len(set(table.names.values())) == len(table.names)
            assert all(0 <= part <= 255 for color in table.names for part in color)
    assert min(told[kind] for kind in ("error", "none", "table")) > 60, told
