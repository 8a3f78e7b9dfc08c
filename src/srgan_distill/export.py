"""Stage export: a strategy's student as ONNX, in float32 and INT8, and its teacher to compare."""

import json
import sys
from pathlib import Path

import numpy as np
import torch

from .deploy.graph import export_onnx
from .deploy.parity import check_parity
from .deploy.quantise import CalibrationTiles, quantise
from .deploy.runtime import Run, open_model
from .errors import exit_code
from .images import list_images, read_rgb, to_tensor, to_uint8
from .layout import Layout
from .networks.weights import load_generator
from .params import load
from .quality.fidelity import psnr


def run(strategy: str) -> None:
    """Write data/<profile>/export/<strategy>/ and metrics/<profile>/export/<strategy>.json."""
    params = load()
    layout = Layout(params.profile)
    weights = {
        "teacher": layout.generator("train", params.strategies[strategy].teacher),
        "student": layout.generator("distill", strategy),
    }
    parity = {
        model: _export(path, layout.exported(strategy, model), params.seed)
        for model, path in weights.items()
    }
    student, int8 = (layout.exported(strategy, model) for model in ("student", "student_int8"))
    folder = layout.folder("preprocess", "train")
    tiles = CalibrationTiles(
        *(np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("lr", "hr")),
        params.export.calibration_tiles,
    )
    in_float = quantise(
        student, int8, tiles, params.export.percentile, params.export.most_psnr_loss
    )
    models = [open_model(path, torch.get_num_threads()) for path in (student, int8)]
    changes = {
        test_set: _psnr_change(layout, test_set, *models)
        for test_set in params.budget.download.test
    }
    figures = {
        "parity": parity,
        "int8": {"layers_in_float": len(in_float), "psnr_change": changes},
    }
    path = layout.metrics / "export" / f"{strategy}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=2, allow_nan=False) + "\n")
    print(f"export {strategy}: {student.parent}")
    for model, found in parity.items():
        print(f"  {model}: largest difference to PyTorch {found['difference']:.1e}")
    print(f"  INT8, layers left in float: {', '.join(in_float) or 'none'}")
    for test_set, change in changes.items():
        beyond = ", MORE than export.most_psnr_loss" * (-change > params.export.most_psnr_loss)
        print(f"  INT8, PSNR on {test_set}: {change:+.3f} dB{beyond}")


def _export(weights: Path, path: Path, seed: int) -> dict[str, float]:
    """Export a generator and hold it against the file; the figures of `check_parity`."""
    generator = load_generator(weights)
    export_onnx(generator, path)
    return check_parity(
        str(path), open_model(path, torch.get_num_threads()), generator, seed
    ).figures()


def _psnr_change(layout: Layout, test_set: str, before: Run, after: Run) -> float:
    """dB (Y) that `after` gains over `before`, the mean over the images of a test set."""
    changes = []
    for lr, hr in zip(
        list_images(layout.inputs(test_set)), list_images(layout.references(test_set)), strict=True
    ):
        image, truth = to_tensor(read_rgb(lr)).numpy(), read_rgb(hr)
        old, new = (psnr(to_uint8(torch.from_numpy(run(image))), truth) for run in (before, after))
        changes.append(new - old)
    return round(float(np.mean(changes)), 4)


if __name__ == "__main__":
    sys.exit(exit_code(lambda: run(sys.argv[1])))
