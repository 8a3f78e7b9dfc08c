"""The benchmark scripts still fit the code that they measure."""

import runpy
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.parametrize("script", sorted(FOLDER.glob("*.py")), ids=lambda file: file.stem)
def test_every_script_finds_what_it_imports(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    names = runpy.run_path(str(script), run_name="imported")
    assert names["__doc__"]


def test_a_step_of_each_phase_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """training_step.py's own parts, on tiny networks: what they count and what they run."""
    monkeypatch.syspath_prepend(str(FOLDER))
    import engine_step
    import training_step

    monkeypatch.setattr(engine_step, "SIZES", {"teacher": (4, 1), "student": (4, 1)})
    monkeypatch.setattr(engine_step, "CROP", 16)
    monkeypatch.setattr(engine_step, "BATCH", 2)
    training_step.write_images(tmp_path)
    step = engine_step.engine_step("pretrain student", tmp_path / "hr.npy")
    step()
    # 2 crops of 4x4 LR px; the head alone has 9 x 9 x 3 x 4 multiply-adds a pixel, three passes.
    assert training_step.multiply_adds_of(step) > 3 * 2 * 16 * 9 * 9 * 3 * 4
    assert training_step.matrix_rate(size=64, rounds=1) > 0
