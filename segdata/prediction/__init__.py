"""Masks for photos that nobody annotated: any number of them, each at its own size, in bounded memory.

    data/predicted/roll-2/
        predictions/IMG_0001.png   palettised, the index is the class id, as large as the upright photo
        via/                       with --to via: photos and drafts, to be corrected by hand
        prediction.json            which weights and options, and the digests of photos and masks

>>> outcome = predict_folder(project, "sample-via", [Path("roll 2")], Path("data/predicted/roll-2"), how)
>>> outcome.line()
'48 photos: 46 predicted, 2 as they were'

Importing this package imports no torch; `folder`, `masks` and `onnx_file` do.
"""
