"""Exported models: the same function as the network, documented, the same bytes, INT8 in bounds."""

import json
import re
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
import yaml
from support.code_reading import SOURCE
from support.upscaling import save_enlarging_generator
from torch import nn

from srgan_distill.common.errors import UserError
from srgan_distill.common.params import Params
from srgan_distill.common.paths import Paths
from srgan_distill.deploy import export as deploy_export
from srgan_distill.deploy.export import print_export, psnr_changes
from srgan_distill.deploy.graph import DeployedGenerator, export_onnx, layers_of
from srgan_distill.deploy.parity import SIZES, check_parity
from srgan_distill.deploy.quantise import calibration_images, quantise
from srgan_distill.deploy.runtime import open_model
from srgan_distill.imaging.images import read_rgb, to_tensor, to_uint8, write_png
from srgan_distill.imaging.pairs import pairs_of
from srgan_distill.imaging.protocol import bicubic, psnr
from srgan_distill.networks.generator import Generator, PlainGenerator
from srgan_distill.networks.inference import super_resolve
from srgan_distill.networks.weights import load_generator, save_generator
from srgan_distill.sources.packages import copy_photographs
from srgan_distill.stages import export


def trained(filters: int = 4, blocks: int = 2, seed: int = 0) -> Generator:
    """A generator in eval mode with BatchNorm statistics and slopes as training leaves them."""
    torch.manual_seed(seed)
    generator = Generator(filters, blocks).eval()
    for module in generator.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.2, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 1.5)
        elif isinstance(module, nn.PReLU):
            nn.init.uniform_(module.weight, -0.5, 1.5)  # on both sides of 0 and of 1
    return generator


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "student.onnx"
    export_onnx(trained(), path)
    return path


def test_what_int8_costs_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    print_export({}, {"Set5": -0.2, "Set14": -0.05, "Urban100": 0.2}, 0.1)
    assert capsys.readouterr().out.splitlines() == [
        "  INT8, PSNR on Set5: -0.200 dB, MORE than export.most_psnr_loss",
        "  INT8, PSNR on Set14: -0.050 dB",
        "  INT8, PSNR on Urban100: +0.200 dB",
    ]


def test_an_image_that_is_met_exactly_has_no_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of two infinite PSNRs: the file is JSON, which has neither infinity nor NaN."""
    generator = Generator(4, 1).eval()
    torch.nn.init.zeros_(generator.tail.weight)
    torch.nn.init.constant_(generator.tail.bias, -1.0)
    model = tmp_path / "black.onnx"
    export_onnx(generator, model)
    for folder, side in (("LR", 8), ("HR", 32)):
        write_png(tmp_path / folder / "black.png", np.zeros((side, side, 3), np.uint8))
    changes = psnr_changes(model, model, {"Set5": pairs_of(tmp_path)}, generator.receptive_radius)
    assert changes == {"Set5": None}
    print_export({}, changes, 0.1)
    assert capsys.readouterr().out == "  INT8, PSNR on Set5: -\n"


def test_a_large_image_goes_through_the_models_in_bands(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole, a photograph of 12 megapixels would take 6 GB in each of two models."""
    rows = []

    def watched(path: Path, threads: int) -> Callable[[np.ndarray], np.ndarray]:
        run = open_model(path, threads)

        def watch(lr: np.ndarray) -> np.ndarray:
            rows.append(lr.shape[2])
            return run(lr) + (path != model) / 255

        return watch

    rng = np.random.default_rng(0)
    for folder, side in (("LR", 60), ("HR", 240)):
        write_png(tmp_path / folder / "a.png", rng.integers(60, 200, (side, side, 3), np.uint8))
    shutil.copy(model, tmp_path / "brighter.onnx")
    monkeypatch.setattr(deploy_export, "open_model", watched)
    reach = trained().receptive_radius
    pairs = {"Set5": pairs_of(tmp_path)}
    whole = psnr_changes(model, tmp_path / "brighter.onnx", pairs, reach)
    monkeypatch.setattr(deploy_export, "super_resolve", partial(super_resolve, most=40 * 60))
    assert psnr_changes(model, tmp_path / "brighter.onnx", pairs, reach) == whole
    assert whole["Set5"] != 0
    assert rows[:2] == [60, 60]
    assert len(rows) > 4
    assert max(rows[2:]) <= 40


def test_deployed_and_plain_forms_are_the_same_function() -> None:
    generator, lr = trained().double(), torch.rand(2, 3, 7, 9, dtype=torch.double)
    plain = PlainGenerator(4, 2).eval().double()
    plain.load_state_dict(generator.state_dict())
    with torch.no_grad():
        expected = plain(lr)
        torch.testing.assert_close(generator(lr), expected)
        torch.testing.assert_close(DeployedGenerator(generator)(lr), expected)


def test_model_agrees_with_the_network_on_odd_sizes_and_batches(model: Path) -> None:
    generator = trained()
    parity = check_parity("student", open_model(model, 1), generator)
    assert 0 < parity.difference < 1e-5
    assert parity.levels <= 1
    assert len(SIZES) >= 4
    assert {height % 2 for _, height, _ in SIZES} == {0, 1}
    assert next(generator.parameters()).dtype == torch.float32
    assert open_model(model, 1)(np.zeros((1, 3, 1, 1), np.float32)).shape == (1, 3, 4, 4)


def test_another_function_is_refused_with_size_and_difference(model: Path) -> None:
    run = open_model(model, 1)

    def wrong_on_odd_sizes(lr: np.ndarray) -> np.ndarray:
        return run(lr) + 2e-4 * (lr.shape[2] % 2)

    with pytest.raises(UserError, match=r"^student is not .* 1 images of 47x33 px, .* is 0\.0002"):
        check_parity("student", wrong_on_odd_sizes, trained())
    with pytest.raises(UserError, match="nan"):
        check_parity("student", lambda lr: run(lr) * np.nan, trained())
    # Within the limit of the difference, but too many pixels change.
    with pytest.raises(UserError, match="share of changed grey levels"):
        check_parity("student", lambda lr: run(lr) + 5e-5, trained())


def test_the_graph_is_folded_documented_and_of_no_machine(model: Path) -> None:
    graph = onnx.load(model).graph
    kinds = {node.op_type for node in graph.node}
    assert kinds == {"Conv", "Mul", "Relu", "Add", "DepthToSpace", "Slice"}
    assert [node.name for node in graph.node if node.op_type == "Conv"] == [
        "head.0", "blocks.0.0", "blocks.0.2", "blocks.1.0", "blocks.1.2", "fuse", "first.0",
        "last.0", "tail",
    ]  # fmt: skip
    (lr,), (sr,) = graph.input, graph.output
    sizes = [
        [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
        for value in (lr, sr)
    ]
    assert sizes == [["batch", 3, "height", "width"], ["batch", 3, "4*height", "4*width"]]
    said = {entry.key: entry.value for entry in onnx.load(model).metadata_props}
    assert "RGB in [0, 1]" in said["input"]
    assert "not clipped" in said["output"]
    assert said["layout"] == "NCHW"
    assert not re.search(rb"\.py|/home|/work|site-packages", model.read_bytes())


def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        open_model(tmp_path / "none.onnx", 1)
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    with pytest.raises(UserError, match=r"bad\.onnx is no model"):
        open_model(tmp_path / "bad.onnx", 1)


def write_project(folder: Path) -> Paths:
    """What stage export reads: a student, its teacher, training tiles, one test set."""
    params = yaml.safe_load((SOURCE.parent / "params.yaml").read_text())
    params["export"]["calibration_tiles"] = 8
    params["profiles"]["sample"]["download"]["test"] = ["Nature"]
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    paths = Paths("sample")
    for name, blocks in (("teacher_g", 2), ("g2g_al", 1)):
        save_generator(folder / paths.generator(name), trained(4, blocks))
    hr = np.random.default_rng(0).integers(0, 256, (9, 24, 24, 3), np.uint8)
    hr = np.stack([bicubic(tile, 4) for tile in hr])  # smooth, as photographs are
    lr = np.stack([bicubic(tile, 1 / 4) for tile in hr])
    tiles = folder / paths.tiles
    tiles.mkdir(parents=True)
    for name, images in (("hr", hr), ("lr", lr)):
        np.save(tiles / f"{name}.npy", images.transpose(0, 3, 1, 2))
        for index in (0, 1):
            pair = folder / paths.test("Nature") / name.upper()
            write_png(pair / f"{index}.png", images[index])
    return paths


def test_stage_writes_the_same_bytes_on_every_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    paths = write_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    runs = []
    for _ in range(2):
        export.run("g2g_al")
        files = sorted(paths.data("export", "g2g_al").iterdir())
        runs.append({file.name: file.read_bytes() for file in files})
    assert runs[0] == runs[1]
    assert set(runs[0]) == {"teacher.onnx", "student.onnx", "student_int8.onnx", "figures.json"}
    figures = json.loads(runs[0]["figures.json"])
    assert json.loads(paths.export_figures("g2g_al").read_text()) == figures
    assert set(figures["parity"]) == {"teacher", "student"}
    assert figures["parity"]["student"]["difference"] < 1e-4
    assert set(figures["int8"]["psnr_change"]) == {"Nature"}
    assert "PSNR on Nature" in capsys.readouterr().out
    scores = [
        np.mean([psnr_of(paths.exported("g2g_al", name), paths.test("Nature"), i) for i in "01"])
        for name in ("student", "student_int8")
    ]
    assert figures["int8"]["psnr_change"]["Nature"] == pytest.approx(
        scores[1] - scores[0], abs=1e-4
    )
    student, teacher = (onnx.load(paths.exported("g2g_al", n)) for n in ("student", "teacher"))
    assert len(teacher.graph.node) > len(student.graph.node)  # of two blocks, and of one


def psnr_of(model: Path, pairs: Path, image: str) -> float:
    lr, hr = (read_rgb(pairs / side / f"{image}.png") for side in ("LR", "HR"))
    return psnr(to_uint8(torch.from_numpy(open_model(model, 1)(to_tensor(lr).numpy()))), hr)


@pytest.fixture(scope="module")
def photograph(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """The LR image of a real photograph, [1, 3, h, w]."""
    folder = tmp_path_factory.mktemp("photographs")
    copy_photographs("Nature", folder)
    return to_tensor(bicubic(read_rgb(folder / "chelsea.png")[:288, :384], 1 / 4)).numpy()


def convolutions(path: Path) -> dict[str, bool]:
    """Whether each convolution takes dequantised INT8 weights."""
    graph = onnx.load(path).graph
    made_by = {output: node.op_type for node in graph.node for output in node.output}
    return {
        node.name: made_by.get(node.input[1]) == "DequantizeLinear"
        for node in graph.node
        if node.op_type == "Conv"
    }


def has_vnni() -> bool:
    """Whether the processor multiplies bytes into sums of 32 bits."""
    able = torch.cpu.get_capabilities()
    return any(able.get(name) for name in ("avx512_vnni", "avx_vnni"))


def psnr_to_float(model: Path, int8: Path, lr: np.ndarray) -> float:
    plain, quantised = (to_uint8(torch.from_numpy(open_model(m, 1)(lr))) for m in (model, int8))
    return psnr(quantised, plain)


def test_int8_is_close_and_on_vnni_closer_with_layers_in_float(
    model: Path, photograph: np.ndarray, tmp_path: Path
) -> None:
    target = tmp_path / "int8.onnx"
    close = []
    for float_layers in ([], ["head.0", "last.0"]):
        quantise(model, target, [photograph], float_layers)
        assert {name for name, int8 in convolutions(target).items() if not int8} == {*float_layers}
        close.append(psnr_to_float(model, target, photograph))
        before, after = (
            {entry.key: entry.value for entry in onnx.load(path).metadata_props}
            for path in (model, target)
        )
        assert before.items() <= after.items()
        assert after["int8_layers_in_float"] == (" ".join(float_layers) or "none")
    assert min(close) > 30
    # Without VNNI, sums of two products are clipped at 16 bits, which may help by chance.
    if has_vnni():
        assert close[0] < close[1]


def test_int8_holds_the_brightest_calibration_image(
    model: Path, photograph: np.ndarray, tmp_path: Path
) -> None:
    """A layer's range is that of all its values: what was seen in calibration is not clipped."""
    images = [photograph / 8, photograph]
    found = []
    for name, seen in (("dark", images[:1]), ("both", images)):
        quantise(model, tmp_path / f"{name}.onnx", seen, [])
        found.append(psnr_to_float(model, tmp_path / f"{name}.onnx", photograph))
    assert found[1] > found[0] + 3


def test_a_layer_that_is_not_there(model: Path, photograph: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"float_layers names tial, but .* are head\.0, blocks"):
        quantise(model, tmp_path / "int8.onnx", [photograph], ["head.0", "tial"])
    assert not (tmp_path / "int8.onnx").exists()


def test_calibration_takes_tiles_from_first_to_last(tmp_path: Path) -> None:
    tiles = np.arange(5, dtype=np.uint8)[:, None, None, None].repeat(3, 1)
    np.save(tmp_path / "lr.npy", tiles)
    assert [image.shape for image in calibration_images(tmp_path, 9)] == [(1, 3, 1, 1)] * 5
    chosen = [image[0, 0, 0, 0] * 255 for image in calibration_images(tmp_path, 3)]
    np.testing.assert_allclose(chosen, [0, 2, 4])


def test_names_that_params_allow_are_those_of_the_file(model: Path) -> None:
    params = yaml.safe_load((SOURCE.parent / "params.yaml").read_text())
    params["networks"]["student"]["blocks"] = 2
    params["export"]["float_layers"] = layers_of(model)
    assert Params.model_validate(params).export.float_layers == layers_of(model)


def test_layers_with_equal_weights_keep_their_names(tmp_path: Path) -> None:
    """The exporter stores equal values once."""
    generator = load_generator(save_enlarging_generator(tmp_path / "enlarge.safetensors"))
    export_onnx(generator, tmp_path / "model.onnx")
    assert len(convolutions(tmp_path / "model.onnx")) == 7
    lr = np.random.default_rng(0).random((1, 3, 2, 3), np.float32)
    sr = open_model(tmp_path / "model.onnx", 1)(lr)
    np.testing.assert_allclose(sr, lr.repeat(4, 2).repeat(4, 3), atol=1e-6)
