"""Photo, mask and overlay side by side, with a legend: `segdata show`. Needs neither torch nor matplotlib.

shown = open_shown(project, "mine", split=None)               # the raw photos, or the shards where these are absent
sheet = draw_sheet(shown.read("IMG_0001"), longer_side=800)   # uint8 (H, W, 3)
"""

from segdata.showing.picks import choose_ids, evenly_spaced_ids, file_name
from segdata.showing.sheet import draw_sheet
from segdata.showing.sources import RawSource, Shown, ShownSource, open_shown

__all__ = [
    "RawSource",
    "Shown",
    "ShownSource",
    "choose_ids",
    "draw_sheet",
    "evenly_spaced_ids",
    "file_name",
    "open_shown",
]
