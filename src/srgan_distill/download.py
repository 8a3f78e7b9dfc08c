"""Stage download: put the profile's data sets under data/<profile>/download/<data set>/.

It is also where a metric whose parameters cannot be had stops the run: before any training.
"""

import sys

from tqdm import tqdm

from .errors import exit_code
from .images import list_images
from .layout import Layout
from .params import load
from .quality.metrics import check_available
from .sources import fetch


def run() -> None:
    """Fetch every data set that the profile names."""
    params = load()
    layout = Layout(params.profile)
    check_available(params.budget.evaluate.metrics, params.budget.evaluate.weights)
    names = [name for _, data_sets in params.budget.download for name in data_sets]
    for name in tqdm(names, desc="download", unit="set"):
        fetch(name, layout.folder("download", name))
    counts = {name: len(list_images(layout.folder("download", name))) for name in names}
    print("download: " + ", ".join(f"{name} {count} images" for name, count in counts.items()))


if __name__ == "__main__":
    sys.exit(exit_code(run))
