"""The weights that a run starts from: found, checked by digest, and put into the network.

    model: {name: unet, weights: {torchvision: MobileNet_V2_Weights.IMAGENET1K_V1, into: encoder., unused: [classifier.],
                                  fresh: [decoder., segmentation_head.]}}

Weights by name are kept as data/weights/<the file's own name>, where they can be put by hand too: a machine without a
network is told in one line which file to put where. torchvision's names hold their digest, those of
segmentation-models-pytorch a revision; the digest of any other file stands in the pipeline file.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlparse

from torch import nn

from segdata.digests import file_digest
from segdata.errors import ConfigError, DataError, nearest
from segdata.models.weights import load_weights, swap_red_and_blue
from segdata.pipeline import Model, Weights
from segdata.project import Project
from segdata.weights_file import FOLDER, check_digest, inside, weights_file

SMP_ENCODERS = "https://smp.readthedocs.io/en/latest/encoders.html"
_DIGEST_IN_NAME = re.compile(r"-([0-9a-f]{8,})\.")


def put_weights(project: Project, model: Model, network: nn.Module, where: str) -> str | None:
    """Load the weights that `model` names, if any, into `network`; returns the digest of their file.

    where  the pipeline file, for messages
    Raises DataError for an absent or foreign file, ConfigError for a name that torchvision does not have.
    """
    if model.weights is None:
        return None
    path = find_weights(project, model.weights, where)
    if isinstance(model.weights, str):
        load_weights(path, network)
        return file_digest(path)
    wanted = model.weights
    load_weights(path, network, fresh=wanted.fresh, unused=wanted.unused, into=wanted.into)
    if wanted.bgr:
        swap_red_and_blue(network)
    return file_digest(path)


def find_weights(project: Project, weights: str | Weights, where: str) -> Path:
    """The file of these weights, fetched by its name where it is not there yet. Raises as put_weights does, and
    ConfigError for a path that leads out of the project."""
    if isinstance(weights, str) or weights.file is not None:
        return weights_file(project, weights, where)
    url, name = _named(weights, where)
    path = inside(project, name, where)
    if not path.is_file():
        _fetch(url, path)
    check_digest(path, name, weights, where)
    stated = _DIGEST_IN_NAME.search(path.name) if weights.torchvision is not None else None
    if stated and not file_digest(path).startswith(stated[1]):
        raise DataError(
            name,
            found=f"SHA-256 {file_digest(path)[:16]}…",
            expected=f"one that begins with {stated[1]}, as its name says",
            fix=f"Remove it and fetch it again: {url}",
        )
    return path


def _named(weights: Weights, where: str) -> tuple[str, str]:
    """Where weights lie that have a name, and the file of the project that keeps them."""
    if weights.torchvision is not None:
        url = url_of(weights.torchvision, where)
        return url, f"{FOLDER}/{Path(urlparse(url).path).name}"
    assert weights.smp is not None
    repository, revision = _smp_settings(weights.smp, where)
    url = f"https://huggingface.co/{repository}/resolve/{revision}/model.safetensors"
    return url, f"{FOLDER}/smp-{weights.smp}@{revision[:8]}.safetensors"


def _smp_settings(name: str, where: str) -> tuple[str, str]:
    """Repository and revision of segmentation-models-pytorch's weights. Raises ConfigError with the nearest name."""
    from segmentation_models_pytorch.encoders import encoders

    known = {
        f"{encoder}.{kind}": (settings["repo_id"], settings["revision"])
        for encoder, entry in encoders.items()
        for kind, settings in entry.get("pretrained_settings", {}).items()
        if "repo_id" in settings
    }
    if name not in known:
        raise ConfigError(
            where, place="model.weights.smp", found=repr(name), expected=nearest(name, known, SMP_ENCODERS)
        )
    repository, revision = known[name]
    return repository, revision


def url_of(name: str, where: str) -> str:
    """Where torchvision's weights of this name lie. Raises ConfigError with the nearest name."""
    from torchvision.models import get_model_weights, get_weight, list_models

    try:
        return str(get_weight(name).url)
    except (AttributeError, KeyError, ValueError) as error:
        names = {str(one) for model in list_models() for one in get_model_weights(model)}
        raise ConfigError(
            where,
            place="model.weights.torchvision",
            found=repr(name),
            expected=nearest(name, names, "https://docs.pytorch.org/vision/stable/models.html"),
        ) from error


def _fetch(url: str, path: Path) -> None:
    from torch.hub import download_url_to_file

    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        download_url_to_file(url, str(path), progress=False)
    except (URLError, OSError, RuntimeError) as error:
        raise DataError(
            f"{FOLDER}/{path.name}",
            found=f"no such file, and no way to fetch it ({error})",
            expected="the weights to start from",
            fix=f"Fetch {url} where there is a network, and put it there under that name.",
        ) from error
