"""Pages that the code writes itself: whatever a format, protocol, command or key says of itself stands in the site.

    pages(project)["formats/via.md"]          Markdown of one page
    PARTS["manifest-columns"](project)        what replaces the line <!-- made: manifest-columns --> in a page

Nothing of this is committed: `mkdocs build` makes it anew, through docs/hook.py.
"""
