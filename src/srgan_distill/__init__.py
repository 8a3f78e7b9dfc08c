"""x4 super-resolution with distilled SRGAN students (Lee and Park, 2021).

In a program: `from srgan_distill import load_model, read_image, save_image, upscale` (`app.api`).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .app.api import Model, UserError, load_model, read_image, save_image, upscale

__all__ = ["Model", "UserError", "load_model", "read_image", "save_image", "upscale"]


def __getattr__(name: str) -> Any:
    # Late: a stage of the pipeline imports this package too, and needs none of it.
    if name in __all__:
        from .app import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
