"""The demonstration of the scale that the paper's PSNRs seem to be on."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from srgan_distill.imaging.images import write_png
from srgan_distill.scoring.fidelity import psnr_wrapped

FILE = Path(__file__).parents[1] / "benchmarks/paper_psnr_scale.py"
SPEC = importlib.util.spec_from_file_location("paper_psnr_scale", FILE)
scale = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(scale)

GREY = np.full((128, 128, 3), 128, dtype=np.uint8)


def test_floor_is_what_errors_of_any_size_tend_to() -> None:
    assert scale.floor() == pytest.approx(27.90, abs=0.005)
    draw = np.random.default_rng(0)
    sr, hr = draw.integers(0, 256, (2, 400, 400, 3), dtype=np.uint8)
    assert psnr_wrapped(sr, hr) == pytest.approx(scale.floor(), abs=0.02)


@pytest.mark.parametrize(("sigma", "standard", "wrapped"), [(12, 26.5, 29.7), (40, 16.1, 28.0)])
def test_noise_reads_as_the_papers_figures(sigma: int, standard: float, wrapped: float) -> None:
    """On mid-grey; on photographs, whose ends clip it, it reads 0.2 dB more."""
    sr = scale.noisy(GREY, sigma)
    assert scale.psnr_rgb(sr, GREY) == pytest.approx(standard, abs=0.15)
    assert psnr_wrapped(sr, GREY) == pytest.approx(wrapped, abs=0.1)


def test_prints_a_row_per_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("Set5", "Set14", "Urban100"):
        write_png(tmp_path / "datasets" / name / "HR/a.png", scale.noisy(GREY, 5))
    monkeypatch.setenv("SRGAN_DISTILL_SHARED", str(tmp_path))
    scale.main(1)
    text = capsys.readouterr().out
    assert "| Set14: noise of sigma 40 " in text
    assert text.count("bicubic x4") == 3
