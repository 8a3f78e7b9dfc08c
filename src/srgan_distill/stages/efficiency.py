"""Stage efficiency: size, work, speed and memory of teacher and student in each form they run in.

It depends on the networks' shape alone, not on who trained them.
"""

from ..common.params import load
from ..common.paths import Paths
from ..deploy.efficiency import costs_of, exported_networks, times_of, write_figures


def run() -> None:
    """Write metrics/<profile>/efficiency/: costs.json and .md, and times.json and .md beside them.

    Times are noise between machines, and no figures for `dvc metrics diff`: other files.
    """
    params = load()
    paths = Paths(params.profile)
    folder = paths.metrics("efficiency")
    size = params.settings.tables.output_height, params.settings.tables.output_width
    settings = params.settings.efficiency
    with exported_networks(
        params.networks, paths.tiles, params.hardware.device, params.export.float_layers
    ) as variants:
        write_figures(folder / "costs", *costs_of(variants, *size))
        write_figures(folder / "times", *times_of(variants, settings.inputs, settings.repeats))
