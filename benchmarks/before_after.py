"""The picture of docs/photographs.md: a photograph by bicubic interpolation and by the student.

Usage, where the sample has run: python benchmarks/before_after.py
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from srgan_distill.app.api import load_model, upscale
from srgan_distill.common.paths import Paths
from srgan_distill.common.scale import SCALE
from srgan_distill.imaging.images import read_rgb, write_png
from srgan_distill.imaging.protocol import bicubic
from srgan_distill.shipped import models

# set, image, top and left of the crop in HR pixels
CROPS = (("Nature", "chelsea", 72, 96), ("People", "astronaut", 40, 150))
SIDE, GAP, CAPTION = 176, 6, 22


def panels() -> list[list[np.ndarray]]:
    """For each crop: input (each pixel a square), bicubic and student."""
    model = load_model()
    rows = []
    for test_set, image, top, left in CROPS:
        lr = read_rgb(Paths("sample").test(test_set) / "LR" / f"{image}.png")
        squares = lr.repeat(SCALE, 0).repeat(SCALE, 1)
        rows.append(
            [
                result[top : top + SIDE, left : left + SIDE]
                for result in (squares, bicubic(lr, SCALE), upscale(model, lr))
            ]
        )
    return rows


def main() -> None:
    rows = panels()
    width = len(rows[0]) * (SIDE + GAP) - GAP
    sheet = Image.new("RGB", (width, len(rows) * (SIDE + GAP) + CAPTION), "white")
    for y, row in enumerate(rows):
        for x, panel in enumerate(row):
            sheet.paste(Image.fromarray(panel), (x * (SIDE + GAP), y * (SIDE + GAP)))
    sheet = sheet.resize((2 * sheet.width, 2 * sheet.height), Image.Resampling.NEAREST)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=22)
    for x, label in enumerate(("input", "bicubic", f"srgan-distill ({models.DEFAULT})")):
        middle = 2 * x * (SIDE + GAP) + SIDE
        draw.text((middle, sheet.height - CAPTION), label, "black", font, anchor="mm")
    target = Path(models.__file__).parent / "before_after.png"
    write_png(target, np.asarray(sheet))
    print(f"{target} ({target.stat().st_size / 1e6:.1f} MB)")


if __name__ == "__main__":
    main()
