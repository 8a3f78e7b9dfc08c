"""Stage export: a strategy's student as ONNX, in float32 and INT8, and its teacher to compare."""

from ..common.params import load
from ..common.paths import Paths
from ..common.text import write_json
from ..deploy.export import export_with_parity, print_export, psnr_changes
from ..deploy.quantise import calibration_images, quantise
from ..imaging.pairs import pairs_of
from ..networks.weights import load_generator


def run(name: str) -> None:
    """Write data/<profile>/export/<strategy>/: ONNX files and figures.json."""
    params = load()
    paths = Paths(params.profile)
    generators = {
        network: load_generator(paths.generator(run))
        for network, run in (("teacher", params.strategies[name].teacher), ("student", name))
    }
    parity = {
        network: export_with_parity(generator, paths.exported(name, network))
        for network, generator in generators.items()
    }
    student, int8 = (paths.exported(name, model) for model in ("student", "student_int8"))
    images = calibration_images(paths.tiles, params.export.calibration_tiles)
    quantise(student, int8, images, params.export.float_layers)
    pairs = {name: pairs_of(paths.test(name)) for name in params.settings.download.test}
    changes = psnr_changes(student, int8, pairs, generators["student"].receptive_radius)
    figures = {"parity": parity, "int8": {"psnr_change": changes}}
    write_json(paths.export_figures(name), figures)
    print(f"export {name}: {student.parent}")
    print_export(parity, changes, params.export.most_psnr_loss)
