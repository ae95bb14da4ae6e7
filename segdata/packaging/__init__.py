"""A trained model as a folder that runs by itself: for a Hugging Face Space, a container, or a colleague.

    packaged/
        README.md             model card: scores with interval and protocol, training data, intended use, limits, how to run
        app.py                starts the page and the API of `segdata serve`, in ONNX Runtime
        requirements.txt      every package with its version; no torch
        Dockerfile
        model/                model.onnx, about.json; model.safetensors and model.json for those who go on in torch
        segdata/              those of segdata's modules that app.py needs, and no others
        examples/             photos to try, where they were asked for

Why ONNX Runtime: torch as the package index has it brings CUDA along, 5 GB beside the 0.6 GB of all that is needed here.
Why modules and not a script of its own: one decoder, one resize, one page, whether served from a checkout or from here.
"""
