"""New annotated photos go into a raw folder, and photos go out of it, in the source's own format.

    add(project, "mine", [Path("IMG_0107.jpg")], Path("new.json"))     → Added
    remove(project, "mine", ["IMG_0107"])                              → Removed

A change that was interrupted is completed, or taken back, by the next `add` or `remove` of the same raw folder.
"""

from segdata.adding.add import Added, add
from segdata.adding.changes import Bad, Choice
from segdata.adding.removed import Removed, remove

__all__ = ["Added", "Bad", "Choice", "Removed", "add", "remove"]
