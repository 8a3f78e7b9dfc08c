"""Which generators ship with the package, and where they lie."""

import json
import shutil
from pathlib import Path
from stat import S_ISREG

from safetensors import safe_open

from ..common.errors import UserError

DEFAULT = "gan2gan_images"
"""Of the students on record the best looking one, by figures and by eye: README.md."""

_FOLDER = Path(__file__).parent
_SUFFIX = ".safetensors"


def names() -> list[str]:
    """The shipped models."""
    return sorted(path.stem for path in _FOLDER.glob(f"*{_SUFFIX}"))


def find(model: str | Path) -> Path:
    """The file of a model: of a shipped one by its name, else the file itself.

    Raises:
        UserError: neither, or a file that cannot be looked at.
    """
    if str(model) in names():
        return _FOLDER / f"{model}{_SUFFIX}"
    try:
        if isinstance(model, str | Path) and S_ISREG(Path(model).stat().st_mode):
            return Path(model)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        pass
    except OSError as error:
        raise UserError(f"model {model} cannot be read ({error.strerror})") from None
    raise UserError(f"model {model} is neither a file nor a shipped model ({', '.join(names())})")


def architecture(name: str) -> dict[str, int | bool]:
    """What the network of a shipped model is: `filters`, `blocks` and `checkerboard_free`."""
    with safe_open(find(name), framework="np") as file:
        return json.loads(file.metadata()["generator"])


def copy_all(folder: Path) -> None:
    """Put every shipped model into `folder`, as `<name>.safetensors`."""
    for name in names():
        shutil.copyfile(find(name), folder / f"{name}{_SUFFIX}")
