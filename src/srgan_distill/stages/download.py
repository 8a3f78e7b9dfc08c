"""Stage download: a profile's images, parameter files of its metrics, generators to start from."""

from ..common.content import weights_file
from ..common.metrics import parameter_files
from ..common.params import load
from ..common.paths import ARCHIVES, Paths, in_repository
from ..common.text import write_json
from ..scoring.measure import check_available
from ..sources.download import Downloads


def run() -> None:
    """Put every data set and every file of weights that the profile names into its folder."""
    params = load()
    paths = Paths(params.profile)
    wanted, metrics = params.settings.download, params.settings.evaluate.metrics
    downloads = Downloads(params.mirror, in_repository(ARCHIVES))
    downloads.images(wanted.names, wanted.sources, paths.images, paths.data("download"))
    write_json(paths.origins, downloads.origins)
    downloads.weights(metrics, params.settings.evaluate.weights, paths.weights)
    file = weights_file(params.content.network, params.content.layer)
    downloads.content(file, params.content.weights, paths.content_weights)
    downloads.generators(params.settings.start_from == "shipped", paths.starts)
    downloads.require_all()
    files = parameter_files(metrics)
    check_available(metrics, {part: paths.weights / file for part, file in files.items()})
