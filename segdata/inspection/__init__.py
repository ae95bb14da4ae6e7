"""What lies in a folder of annotated photos, and a pipeline file to start from: `segdata inspect`.

found = inspect_folder(root)                                  # asks every format, reads photo headers
describe(found)                                               # the lines that people read
render(propose(found, "mine", "data/raw/mine"))               # the text of pipelines/mine.yaml

Nothing here decides for the annotator: what looks doubtful is proposed, marked in the file and printed.
"""

from segdata.inspection.describe import better_inside, describe, nothing_found
from segdata.inspection.propose import Proposal, propose
from segdata.inspection.recognise import Inspection, formats_of_subfolders, inspect_folder
from segdata.inspection.render import MODEL, render
from segdata.inspection.start import name_of, place_in, raw_folder, write_new

__all__ = [
    "MODEL",
    "Inspection",
    "Proposal",
    "better_inside",
    "describe",
    "formats_of_subfolders",
    "inspect_folder",
    "name_of",
    "nothing_found",
    "place_in",
    "propose",
    "raw_folder",
    "render",
    "write_new",
]
