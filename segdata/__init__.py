"""segdata: from annotated photos in VIA, MATLAB, Cityscapes or VOC form to versioned Arrow shards and a score.

Importing this package costs nothing and needs no torch, prefect or dvc; each part is imported by its own name.
"""

__version__ = "0.1.0"
