"""Stage download: put the profile's data sets under data/<profile>/download/<data set>/."""

import sys

from tqdm import tqdm

from .errors import exit_code
from .images import list_images
from .layout import Layout
from .params import load
from .sources import fetch


def run() -> None:
    """Fetch every data set that the profile names."""
    params = load()
    layout = Layout(params.profile)
    names = [name for _, data_sets in params.budget.download for name in data_sets]
    for name in tqdm(names, desc="download", unit="set"):
        fetch(name, layout.folder("download", name))
    counts = {name: len(list_images(layout.folder("download", name))) for name in names}
    print("download: " + ", ".join(f"{name} {count} images" for name, count in counts.items()))


if __name__ == "__main__":
    sys.exit(exit_code(run))
