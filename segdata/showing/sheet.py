"""One sheet: the panels of a sample side by side, a title above them, the legend below.

    IMG_0001    480x640 (height x width), train
    photo           mask            overlay
    [..........]    [..........]    [..........]
    ■ road 31.2 %   ■ sky 30.4 %    ▨ ignore (not labelled) 12.1 %
    not in this photo: pole, person

Panels are shrunk to the longer side that is asked for (photo area-averaged, masks nearest), and small ones enlarged by
a whole factor, so that every pixel of a shard can be seen. Shares are of the whole mask, before any shrinking.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw

from segdata.ontology import IGNORE_INDEX, Ontology
from segdata.overlay import difference, hatched, overlay
from segdata.photo import Resize, nearest_pixels, resize_image
from segdata.sample import Image, Mask
from segdata.showing.lettering import Lettering
from segdata.showing.sources import Shown
from segdata.wording import size_text

PAPER, INK, PALE = (255, 255, 255), (24, 24, 24), (110, 110, 110)
SMALLEST = 384
"""Panels whose longer side is shorter than this are enlarged, as far as a whole factor allows."""
GAP = 12
MOST_ABSENT = 40


def draw_sheet(shown: Shown, longer_side: int) -> Image:
    """uint8 (H, W, 3): photo, mask, overlay, and where there is a prediction, its overlay and where it is wrong."""
    photo, mask, prediction = _fit(shown, longer_side)
    colors = shown.ontology.color_table()
    panels = [
        ("photo", photo),
        ("mask", flat(mask, colors)),
        ("overlay", overlay(photo, mask, colors)),
    ]
    if prediction is not None:
        panels += [
            ("prediction", overlay(photo, prediction, colors)),
            ("wrong where red", difference(photo, mask, prediction)),
        ]
    lettering = Lettering.for_width(len(panels) * photo.shape[1])
    width = max(len(panels) * (photo.shape[1] + GAP) + GAP, 24 * lettering.line)
    height, panel_width = photo.shape[:2]
    top = GAP + 2 * lettering.line
    legend = _legend(shown, colors, lettering, width - 2 * GAP)
    sheet = PillowImage.new("RGB", (width, top + height + GAP + legend.height + GAP), PAPER)
    draw = ImageDraw.Draw(sheet)
    rows, columns = shown.mask.shape
    size = size_text((rows, columns)) + (f", {shown.split}" if shown.split else "")
    room = width - 2 * GAP - lettering.width(f"   {size}")
    title = lettering.shortened(shown.id, room)
    lettering.write(draw, (GAP, GAP // 2), title, INK)
    lettering.write(draw, (GAP + lettering.width(f"{title}   "), GAP // 2), size, PALE)
    for number, (name, pixels) in enumerate(panels):
        left = GAP + number * (panel_width + GAP)
        lettering.write(draw, (left, top - lettering.line), lettering.shortened(name, panel_width), PALE)
        sheet.paste(PillowImage.fromarray(pixels), (left, top))
    sheet.paste(legend, (GAP, top + height + GAP))
    return np.asarray(sheet)


def flat(mask: Mask, colors: NDArray[np.uint8]) -> Image:
    """The mask in its classes' colours; pixels of 255 hatched grey."""
    grey = np.full((*mask.shape, 3), 160, np.uint8)
    return hatched(colors[mask], grey, mask == IGNORE_INDEX)


def class_shares(mask: Mask, ontology: Ontology) -> list[tuple[int, str, float]]:
    """(value, name, share of all pixels) of what occurs in a mask, the largest first, ignore last."""
    counts = np.bincount(mask.ravel(), minlength=256)
    present = [int(value) for value in np.flatnonzero(counts) if value != IGNORE_INDEX]
    present.sort(key=lambda value: (-counts[value], value))
    rows = [(value, ontology.names[value], float(counts[value] / mask.size)) for value in present]
    if counts[IGNORE_INDEX]:
        rows.append((IGNORE_INDEX, "ignore (not labelled)", float(counts[IGNORE_INDEX] / mask.size)))
    return rows


def percent(share: float) -> str:
    """One digit after the point; what is there is never shown as 0.

    >>> percent(0.3141), percent(0.0002), percent(1)
    ('31.4 %', '< 0.1 %', '100.0 %')
    """
    return "< 0.1 %" if 0 < share < 0.001 else f"{100 * share:.1f} %"


def _fit(shown: Shown, longer_side: int) -> tuple[Image, Mask, Mask | None]:
    """Photo and masks at the size of a panel."""
    height, width = shown.mask.shape
    longer = max(height, width)
    masks = [shown.mask] if shown.prediction is None else [shown.mask, shown.prediction]
    if longer > longer_side:
        scale = longer_side / longer
        size_hw = (max(1, round(height * scale)), max(1, round(width * scale)))
        photo = resize_image(shown.image, Resize(size_hw))
        masks = [nearest_pixels(mask, size_hw) for mask in masks]
    else:
        factor = max(1, min(-(-SMALLEST // longer), longer_side // longer))
        photo = shown.image.repeat(factor, 0).repeat(factor, 1)
        masks = [mask.repeat(factor, 0).repeat(factor, 1) for mask in masks]
    return photo, masks[0], masks[1] if len(masks) > 1 else None


def _legend(shown: Shown, colors: NDArray[np.uint8], lettering: Lettering, width: int) -> PillowImage.Image:
    """Swatches with names and shares in columns, then what does not occur."""
    rows = class_shares(shown.mask, shown.ontology)
    texts = [f"{name}  {percent(share)}" for _, name, share in rows]
    swatch = lettering.line * 3 // 4
    column = min(width, max(lettering.width(text) for text in texts) + swatch + 3 * GAP)
    columns = max(1, width // column)
    present = {value for value, _, _ in rows}
    absent = [name for index, name in enumerate(shown.ontology.names) if index not in present]
    lines = -(-len(rows) // columns) + bool(absent)
    picture = PillowImage.new("RGB", (width, lines * lettering.line + GAP), PAPER)
    draw = ImageDraw.Draw(picture)
    for number, ((value, _, _), text) in enumerate(zip(rows, texts, strict=True)):
        left, top = number % columns * column, number // columns * lettering.line
        tile = flat(np.full((swatch, swatch), value, np.uint8), colors)
        picture.paste(PillowImage.fromarray(tile), (left, top + (lettering.line - swatch) // 2))
        draw.rectangle(
            (left, top + (lettering.line - swatch) // 2, left + swatch, top + (lettering.line + swatch) // 2),
            outline=PALE,
        )
        room = column - swatch - 2 * GAP
        lettering.write(draw, (left + swatch + GAP // 2, top), lettering.shortened(text, room), INK)
    if absent:
        more = ", …" if len(absent) > MOST_ABSENT else ""
        text = f"not in this photo: {', '.join(absent[:MOST_ABSENT])}{more}"
        top = (lines - 1) * lettering.line
        lettering.write(draw, (0, top), lettering.shortened(text, width), PALE)
    return picture
