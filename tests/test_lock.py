"""What dvc.lock tells of figures that are not those of their parameters."""

from pathlib import Path
from typing import Any

from srgan_distill.experiments.lock import stale

OUTPUT = Path("metrics/headline.json")


def evaluated(*sizes: int, read: int) -> dict[str, Any]:
    """Stages that scored one model each, and one that has read `read` bytes of all their scores."""
    makers = {
        f"evaluate@{number}": {"outs": [{"path": f"data/evaluate/{number}", "size": size}]}
        for number, size in enumerate(sizes)
    }
    return {**makers, "claims": {"deps": [{"path": "data/evaluate", "size": read}]}}


def test_a_parameter_that_came_since_is_seen() -> None:
    """As an optional one of a strategy, which the lock has not."""
    ran = {"headline": {"params": {"params.yaml": {"strategies.a": {"teacher": "t"}, "seed": 0}}}}
    now = {"strategies.a.teacher": "t", "seed": 0, "strategies.ab.teacher": "u"}
    assert stale(ran, now, OUTPUT) == ""
    come = stale(ran, now | {"strategies.a.discriminator_from": "teacher"}, OUTPUT)
    assert come.startswith("headline ran with strategies.a.discriminator_from = None, ")
    assert "strategies.a.teacher = t" in stale(ran, {"seed": 0}, OUTPUT)


def test_a_folder_that_several_stages_fill_is_told_by_its_size() -> None:
    assert stale(evaluated(30, 40, read=70), {}, OUTPUT) == ""
    again = "stages have made another data/evaluate since claims ran"
    assert stale(evaluated(30, 41, read=70), {}, OUTPUT) == again
    assert stale(evaluated(30, read=70), {}, OUTPUT) == again


def test_a_file_of_an_output_tells_nothing() -> None:
    """As earlier versions read the scores."""
    stages = evaluated(30, read=30)
    stages["gain"] = {"deps": [{"path": "data/evaluate/0/scores.csv", "size": 3}]}
    assert stale(stages, {}, OUTPUT) == ""


def test_an_output_that_no_stage_has_made() -> None:
    assert stale({}, {}, OUTPUT) == "no run in dvc.lock has made metrics/headline.json"
