"""What two people did to one raw folder becomes one folder: git merges text, and a .dvc file is a digest.

    $ git merge origin/main                       stops at data/raw/mine.dvc
    $ segdata merge mine
      of theirs 2 files: 1 added, 0 changed, 1 removed
      via_region_data.json: of theirs 3 entries: 1 added, 1 changed, 1 removed
    mine: merged

    merge(project, "mine")     → Merged

Three versions are compared file by file: the one that both started from, ours (HEAD) and theirs (MERGE_HEAD). What only
they changed is done here too, what only we changed stays. Files of VIA, which hold many photos, are compared entry by
entry, lists of photos line by line. Where both changed the same in two ways, a person decides.
"""

from segdata.merging.merge import Merged, merge

__all__ = ["Merged", "merge"]
