"""What every command does alike."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.metric_weights import write_niqe

from srgan_distill.app import cli
from srgan_distill.app.upscaling import model
from srgan_distill.common.errors import UserError
from srgan_distill.common.metrics import WEIGHT_FILES
from srgan_distill.imaging.images import write_png


@pytest.mark.parametrize(
    ("command", "absent", "option"),
    [
        ("", {"torch", "numpy"}, "compare"),
        ("score", {"torch", "pandas"}, "--weights"),
        ("upscale", {"torch", "numpy"}, "--tile"),
    ],
)
def test_help_loads_no_heavy_library(command: str, absent: set[str], option: str) -> None:
    code = (
        "import sys; from srgan_distill.app.cli import main\n"
        f"try: main('{command} --help'.split())\n"
        f"finally: assert not {absent} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert option in done.stdout


@pytest.mark.parametrize(
    "module", ["scoring.scores", "stages.check", "stages.opinion", "pages.rating.session"]
)
def test_what_runs_no_network_does_not_wait_for_torch(module: str) -> None:
    code = f"import sys, srgan_distill.{module}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_score_takes_files_of_parameters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (96, 192, 3), np.uint8)
    write_png(tmp_path / "in/a.png", noise)
    file = tmp_path / WEIGHT_FILES["niqe"]
    write_niqe(file)
    folders = ["--sr", str(tmp_path / "in"), "--hr", str(tmp_path / "in")]
    command = ["score", *folders, "--metrics", "niqe", "--weights"]
    assert cli.main([*command, f"niqe={file}"]) == 0
    assert "NIQE" in capsys.readouterr().out
    assert cli.main([*command, f"niqe={tmp_path / 'none.mat'}"]) == 1
    assert "none.mat cannot be used" in capsys.readouterr().err
    both = cli.parser().parse_args([*command, "niqe=a", "--weights", "nrqm=b", "lpips=c"])
    assert dict(both.weights) == {"niqe": Path("a"), "nrqm": Path("b"), "lpips": Path("c")}
    with pytest.raises(SystemExit, match="2"):
        cli.main([*command, "niqe"])
    assert "'niqe' is not NAME=FILE" in capsys.readouterr().err


def test_upscale_hands_on_device_and_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*arguments: object) -> None:
        raise UserError(*map(str, arguments))

    monkeypatch.setattr(model, "load_model", asked)
    options = cli.parser().parse_args(
        ["upscale", "a.png", "-o", "b.png", "--model", "m", "--device", "cpu",
         "--precision", "bfloat16"]
    )  # fmt: skip
    with pytest.raises(UserError) as error:
        cli.upscale(options)
    assert error.value.args == ("m", "cpu", "bfloat16")


def test_what_the_system_refuses_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_: object) -> None:
        Path("/").read_bytes()

    monkeypatch.setattr(cli, "rate", refuse)
    assert cli.main(["rate", "-o", "page"]) == 1
    assert capsys.readouterr().err == "error: /: Is a directory\n"
