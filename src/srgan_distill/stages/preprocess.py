"""Stage preprocess: training tiles as two uint8 arrays; LR and HR of validation and test images."""

import json
from pathlib import Path

from ..common.disk import require_space
from ..common.params import load
from ..common.paths import Paths
from ..tiles.cutting import write_tiles
from ..tiles.pairs import photographs, write_pairs
from ..tiles.space import space_needed
from ..tiles.workers import Workers


def run() -> None:
    """Prepare everything that training and evaluation read."""
    params = load()
    paths = Paths(params.profile)
    sets, settings = params.settings.download, params.settings.preprocess

    def images(*data_sets: str) -> list[Path]:
        return [path for name in data_sets for path in photographs(paths.images(name))]

    train, validation = images(*sets.train), images(*sets.validation)
    needed = space_needed(train, validation + images(*sets.test), settings)
    require_space(paths.data("preprocess"), needed)
    text = paths.origins.read_text(encoding="utf-8") if paths.origins.exists() else "{}"
    with Workers(settings.workers, settings.on_bad_image, json.loads(text)) as workers:
        count = write_tiles(train, paths.tiles, settings, workers)
        pairs = {"validation": write_pairs(validation, paths.validation, workers)}
        for name in sets.test:
            pairs[name] = write_pairs(images(name), paths.test(name), workers)
    print(f"preprocess: {count} tiles of {settings.tile}x{settings.tile} px in {paths.tiles}")
    print("preprocess: pairs of " + ", ".join(f"{name} {number}" for name, number in pairs.items()))
