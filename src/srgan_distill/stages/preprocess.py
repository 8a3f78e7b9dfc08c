"""Stage preprocess: training tiles as two uint8 arrays; LR and HR of validation and test images."""

from pathlib import Path

from ..common.params import load
from ..common.paths import Paths
from ..imaging.images import list_images
from ..tiles.cutting import write_tiles
from ..tiles.pairs import write_pairs
from ..tiles.workers import Workers


def run() -> None:
    """Prepare everything that training and evaluation read."""
    params = load()
    paths = Paths(params.profile)
    sets, scale = params.budget.download, params.budget.preprocess

    def images(*data_sets: str) -> list[Path]:
        return [path for name in data_sets for path in list_images(paths.images(name))]

    with Workers(scale.workers, scale.on_bad_image) as workers:
        count = write_tiles(images(*sets.train), paths.tiles, scale, workers)
        pairs = {"validation": write_pairs(images(*sets.validation), paths.validation, workers)}
        for name in sets.test:
            pairs[name] = write_pairs(images(name), paths.test(name), workers)
    print(f"preprocess: {count} tiles of {scale.tile}x{scale.tile} px in {paths.tiles}")
    print("preprocess: pairs of " + ", ".join(f"{name} {number}" for name, number in pairs.items()))
