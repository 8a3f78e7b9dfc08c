"""The test images as every method shows them, for the slider of the report."""

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from ...common.errors import UserError
from ...common.metrics import METRICS
from ...common.runs import display_name
from ...common.text import ABSENT
from ...imaging.images import list_images, read_rgb
from ...imaging.pairs import HR

MOST_SIDE = 768  # px; of a photograph's 12 million, all methods' would be hundreds of MB
QUALITY = 95  # 45 dB beside the PNG, far above the SRs' own error
# It tells how far figures fit the paper's, and nothing of an image.
NOT_SHOWN = {"psnr_wrapped"}


def compared(
    sets: Sequence[str],
    most: int,
    models: Sequence[str],
    test: Callable[[str], Path],
    results: Callable[[str], Path],
    scores: Mapping[str, pd.DataFrame],
) -> dict[str, Any]:
    """What the slider shows, ready for JSON.

    Args:
        sets: test sets, in order; of each, the first `most` images by name.
        models: keys of the models, in order.
        test: folder of the pairs of a test set.
        results: folder of a model's SR images, one folder per test set in it.
        scores: per-image scores by model: `set`, `image`, one column per metric.

    Returns:
        `methods`: key -> name, HR first; `metrics`: their headings; `images`: per image `set`,
        `image`, `width`, `height` in px and `methods`: key -> `source` (a data: URL of a JPEG
        without chroma subsampling, of sides longer than `MOST_SIDE` the middle) and `scores` (text,
        in the order of `metrics`).

    Raises:
        UserError: an image or its score is missing.
    """
    shown = [name for name in scores[models[0]].columns[2:] if name not in NOT_SHOWN]
    by_image = {
        model: scores[model].drop_duplicates(["set", "image"]).set_index(["set", "image"])
        for model in models
    }
    images = []
    for test_set in sets:
        for path in list_images(test(test_set) / HR)[:most]:
            source, (width, height) = _jpeg(path)
            # No model has the key HR: theirs are lower-case.
            methods = {HR: {"source": source, "scores": [ABSENT] * len(shown)}}
            for model in models:
                methods[model] = {
                    "source": _jpeg(results(model) / test_set / f"{path.stem}.png")[0],
                    "scores": _texts(by_image[model], model, test_set, path.stem, shown),
                }
            images.append(
                {
                    "set": test_set, "image": path.stem, "width": width, "height": height,
                    "methods": methods,
                }
            )  # fmt: skip
    return {
        "methods": {HR: HR} | {model: display_name(model) for model in models},
        "metrics": [METRICS[name].heading for name in shown],
        "images": images,
    }


def data_url(kind: str, content: bytes) -> str:
    """`content` of the media type `kind` within a page."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _jpeg(path: Path) -> tuple[str, tuple[int, int]]:
    rgb = read_rgb(path)
    top, left = (max(0, side - MOST_SIDE) // 2 for side in rgb.shape[:2])
    image = Image.fromarray(rgb[top : top + MOST_SIDE, left : left + MOST_SIDE])
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=QUALITY, subsampling=0, optimize=True)
    return data_url("image/jpeg", buffer.getvalue()), image.size


def _texts(
    scores: pd.DataFrame, model: str, test_set: str, image: str, metrics: Sequence[str]
) -> list[str]:
    try:
        row = scores.loc[(test_set, image)]
    except KeyError:
        raise UserError(
            f"{model} has no scores of {test_set}/{image}; run `dvc repro`, which evaluates"
        ) from None
    return [METRICS[name].text(row[name]) for name in metrics]
