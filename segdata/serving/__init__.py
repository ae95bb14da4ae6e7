"""A trained model for people with a browser and programs with HTTP: one process, one page, one API.

    GET  /               the page: drop a photo, see its mask, take it away as PNG or as outlines for VIA
    POST /predict        a photo → its mask, as PNG, VIA project or COCO dataset
    POST /predict/batch  photos → a ZIP of those
    GET  /prediction     the same as a plain form, for browsers without scripts
    GET  /metadata /healthz /metrics /docs /openapi.json

    upload  →  decode, resize  →  network  →  mask at the photo's own size  →  answer
    bounded    a few threads      one thread, what waits goes together   the same few threads

Nothing of a photo is written to disk under a name. What asks too much is refused in words, at once: 503 when all places
are taken. Whether the network runs in torch (`torch_engine.py`) or in ONNX Runtime (`onnx_engine.py`) the rest does not know.
"""
