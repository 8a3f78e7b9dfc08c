"""What photographs of a user's own may be: images of several formats and sizes."""

from pathlib import Path

import numpy as np
from PIL import Image

FORMATS = ("a.png", "b.JPG", "c.bmp", "d.webp", "e.tiff", "f.png")


def picture(path: Path, width: int, height: int, mode: str = "RGB") -> Path:
    """An image of smooth colours, so that metrics have something to measure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(width * height)
    smooth = Image.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8)).resize((width, height), 3)
    smooth.convert(mode).save(path)
    return path
