"""Every model learns one drawn street scene by heart; the command says how, and which photo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result

from segdata.cli import main
from segdata.models import build_model, model_names
from segdata.project import Project
from segdata.sample_data.scene import draw_scene
from segdata.training.overfit import learn_by_heart
from tests.training.conftest import draw_splits

MakeProject = Callable[..., Project]

# Narrow, but wide enough to remember one photo.
SMALL: dict[str, dict[str, object]] = {
    "deeplabv3": {"layers": [1, 1], "width": 16, "rates": [2, 4], "aspp_channels": 32},
    "denseaspp": {"last_dense_block": False, "dilations": [3, 6], "growth": 16, "bottleneck": 32},
    "mini_unet": {"channels": [8, 16, 32]},
    "mininet": {"aspp_channels": 32, "branch_channels": 16},
    "unet": {"decoder_channels": [32, 32, 16, 16, 8]},
}


def coarse_scene() -> tuple[torch.Tensor, torch.Tensor]:
    """A drawn street of 64x96 with outlines in steps of 8 pixels, as fine as networks of stride 8 can follow."""
    scene = draw_scene(("overfit", 1, 1), (64, 96))
    mask = torch.from_numpy(scene.mask.copy()).long()[4::8, 4::8]
    truth = mask.repeat_interleave(8, 0).repeat_interleave(8, 1)
    images = torch.from_numpy(scene.image.copy()).permute(2, 0, 1).float() / 255
    return (images.unsqueeze(0) - 0.5) / 0.25, truth.unsqueeze(0)


@pytest.mark.parametrize("name", model_names())
def test_every_model_learns_one_photo_by_heart(name: str) -> None:
    torch.manual_seed(0)
    network = build_model(name, 9, SMALL[name])
    steps, loss, accuracy = learn_by_heart(network, *coarse_scene(), steps=400, lr=3e-3)
    assert accuracy > 0.97
    assert 0 < steps < 400
    assert loss < 0.3


def said(project: Project, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--project", str(project.root), "overfit", "colours", *arguments])


def test_the_command_tells_photo_steps_and_accuracy(make_project: MakeProject) -> None:
    project = make_project()
    done = said(project, "--photo", "train/p_03", "--lr", "0.01")
    assert done.exit_code == 0, done.output
    assert done.output.startswith("colours: train/p_03: pixel accuracy 0.9")
    assert not project.run_dir("colours").exists()
    hasty = said(project, "--steps", "1")
    assert hasty.exit_code == 1
    assert "colours: train/p_00: pixel accuracy" in hasty.output
    assert "more than 0.97 was to be reached" in hasty.output


def test_a_photo_of_one_class_is_not_taken_by_itself(make_project: MakeProject) -> None:
    photos = draw_splits()
    for _, _, mask in photos["train"][:2]:
        mask[mask != 255] = 0
    photos["train"][2][2][:] = 255
    project = make_project(photos)
    done = said(project, "--steps", "1").output
    mask = photos["train"][3][2]
    commonest = max((mask == one).sum() for one in range(3)) / (mask != 255).sum()
    assert done.startswith("colours: train/p_03: pixel accuracy ")
    assert f"(with its commonest class alone: {commonest:.4f})" in done
    assert (
        "found photo 'train/p_02' without a labelled pixel" in said(project, "--photo", "train/p_02").output
    )


def test_an_unknown_photo_and_a_rate_that_breaks_are_named(make_project: MakeProject, tmp_path: Path) -> None:
    project = make_project()
    unknown = said(project, "--photo", "train/p_3")
    assert unknown.exit_code == 2
    assert "found no photo 'train/p_3' in the training split; did you mean 'train/p_03'?" in unknown.output
    broken = said(project, "--lr", "1e30")
    assert broken.exit_code == 2
    assert (
        "found a loss that is not finite, at lr 1e+30; expected a finite loss. Lower it: --lr 0.001."
        in broken.output
    )
