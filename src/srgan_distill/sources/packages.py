"""Photographs that installed packages carry: real images on a machine without network.

All are colour photographs (or a telescope's, a microscope's, a fundus camera's) in the public
domain or under a free licence; the packages' own documentation names their sources.
"""

import shutil
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

from ..common.errors import UserError

SKIMAGE = ("skimage", "data")
SKLEARN = ("sklearn", "datasets/images")
MATPLOTLIB = ("matplotlib", "mpl-data/sample_data")

# Training and test sets share no scene: both eyes of the stereo motorcycle are for training.
PHOTOGRAPHS: dict[str, dict[str, tuple[str, str]]] = {
    "SampleTrain": {
        "china.jpg": SKLEARN,
        "motorcycle_left.png": SKIMAGE,
        "motorcycle_right.png": SKIMAGE,
        "hubble_deep_field.jpg": SKIMAGE,
        "ihc.png": SKIMAGE,
        "retina.jpg": SKIMAGE,
    },
    "SampleValidation": {"flower.jpg": SKLEARN},
    "People": {"astronaut.png": SKIMAGE, "grace_hopper.jpg": MATPLOTLIB},
    "Nature": {"chelsea.png": SKIMAGE},
    "Things": {"coffee.png": SKIMAGE},
    "Places": {"rocket.jpg": SKIMAGE},
}


def photographs(data_set: str, first: int | None = None) -> dict[str, Path]:
    """The files of one of `PHOTOGRAPHS`, or of its first images, by name.

    Raises:
        UserError: a package lacks one of its photographs; names both.
    """
    found = {}
    for file, (package, folder) in PHOTOGRAPHS[data_set].items():
        spec = find_spec(package)
        source = Path(spec.origin).parent / folder / file if spec else Path(package)
        if not source.is_file():
            raise UserError(
                f"{data_set}: the package {package} carries no {folder}/{file} here; install the "
                "versions of requirements.lock (`make setup`)"
            )
        found[file] = source
    return dict(islice(found.items(), first))


def copy_photographs(data_set: str, target: Path, first: int | None = None) -> None:
    """Copy `photographs` into the folder `target`."""
    target.mkdir(parents=True, exist_ok=True)
    for file, source in photographs(data_set, first).items():
        shutil.copyfile(source, target / file)
