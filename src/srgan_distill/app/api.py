"""The package in a program: load a model, read a photograph, upscale it, save the result.

    from srgan_distill import load_model, read_image, save_image, upscale

    model = load_model()
    photo = read_image("photo.jpg")
    save_image("large.png", upscale(model, photo))

`photo` is a NumPy array, uint8 or uint16, [height, width] or [height, width, channels] (grey, grey
and alpha, RGB or RGBA): bare numbers, without the photograph's colour profile and EXIF data. What
is wrong with an argument is one `UserError`.
"""

from ..common.errors import UserError
from .upscaling.arrays import read_image
from .upscaling.model import Model, load_model, upscale
from .upscaling.saving import save_image

__all__ = ["Model", "UserError", "load_model", "read_image", "save_image", "upscale"]
