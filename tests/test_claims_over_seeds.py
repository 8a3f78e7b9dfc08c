"""The paper's claims over runs of several seeds, read from a small repository's commits."""

import io
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from support.repository import environment, init_repository

from srgan_distill.app.cli import main
from srgan_distill.common.errors import UserError
from srgan_distill.experiments.claims import JudgedRun, over_seeds, read_claims

PARAMS = {
    "profile": "sample", "strategy": "g2g_al", "strategies": {"g2g_al": {}},
    "losses": {"content": 1.0},
}  # fmt: skip
CODE = "src/srgan_distill/training"
PIPELINE = {
    "stages": {
        "download": {"cmd": "true"},
        "evaluate": {"foreach": "${strategies}", "do": {"cmd": "true"}},
        "claims": {"cmd": "true"},
    }
}


def compared(model: str, other: str, difference: float | None, verdict: str) -> dict[str, Any]:
    reason = "an interval spans 0" if verdict == "cannot be told" else ""
    return {
        "model": model, "other": other, "metric": "psnr", "relation": "better",
        "difference": difference, "verdict": verdict, "reason": reason,
    }  # fmt: skip


def claim(text: str, verdict: str, *comparisons: dict[str, Any]) -> dict[str, Any]:
    return {"claim": text, "verdict": verdict, "reason": "", "comparisons": comparisons}


def claims(distilled: float, second: float) -> list[dict[str, Any]]:
    """Of a run in which GAN2GAN is `distilled`, and GAN2G `second`, above the student."""
    verdicts = {
        gain: "cannot be told" if abs(gain) < 0.1 else "holds" if gain > 0 else "fails"
        for gain in (distilled, second)
    }
    first = compared("gan2gan", "student", distilled, verdicts[distilled])
    other = compared("gan2g", "student", second, verdicts[second])
    return [
        claim("GAN2GAN is better", verdicts[distilled], first),
        claim("GAN2G is better", verdicts[second], other),
        claim("It has ratings", "cannot be told", compared("gan2g", "gan2gan", None, "holds")),
        claim("It is small", "holds"),
    ]


class Project:
    """A git repository whose commits hold the claims of one run each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        init_repository(folder)

    def git(self, *arguments: str) -> None:
        command = ["git", *arguments]
        subprocess.run(command, cwd=self.folder, env=environment(), check=True)

    def write(
        self,
        student: int,
        found: list[dict[str, Any]],
        content: float = 1.0,
        code: str = "a",
        data: str = "d",
        read: str = "d",
        judged: int = 70,
    ) -> None:
        """A run on images `data`, of which stage evaluate has seen `read`.

        Stage claims has seen `judged` of the 70 bytes that it made of them.
        """
        seeds = {"pretrain": 0, "teacher": 0, "student": student}
        params = PARAMS | {"seeds": seeds, "losses": {"content": content}}
        self._write("params.yaml", yaml.safe_dump(params))
        trained = {"seeds.student": student, "losses": {"content": content}}
        # As dvc.yaml has it: the claims read a folder, which other stages fill.
        stages = {
            "download": {"outs": [{"path": "data/sample/download", "md5": data}]},
            "evaluate@g2g_al": {
                "deps": [
                    {"path": CODE, "md5": code},
                    {"path": "data/sample/download", "md5": read},
                ],
                "params": {"params.yaml": trained},
                "outs": [{"path": "data/sample/evaluate/g2g_al", "size": 70}],
            },
            # Of a strategy that was removed since; DVC keeps such a one in dvc.lock.
            "evaluate@gone": {
                "params": {"params.yaml": {"losses": {"content": 9.0}, "strategies.gone": {}}},
                "outs": [{"path": "data/sample/evaluate/gone", "size": 9}],
            },
            "claims": {
                "deps": [{"path": "data/sample/evaluate", "size": judged}],
                "params": {"params.yaml": {"profile": "sample"}},
                "outs": [{"path": "metrics/sample/claims"}],
            },
        }
        self._write("dvc.yaml", yaml.safe_dump(PIPELINE))
        self._write("dvc.lock", yaml.safe_dump({"stages": stages}))
        self._write("metrics/sample/claims/claims.json", json.dumps({"claims": found}))

    def commit(self, name: str, *arguments: Any, **settings: Any) -> None:
        self.write(*arguments, **settings)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", name)
        self.git("tag", name)

    def _write(self, path: str, text: str) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("claims"))
    project.commit("seed-0", 0, claims(0.8, 0.3))
    project.commit("seed-1", 1, claims(0.6, 0.05))
    project.commit("seed-2", 2, claims(0.7, -0.2))
    project.commit("failing", 3, claims(-0.4, -0.3))
    project.commit("again", 3, claims(-0.4, -0.3))
    project.commit("rated", 3, claims(-0.4, -0.5))
    project.commit("content", 4, claims(0.8, 0.3), content=2.0)
    project.commit("code", 4, claims(0.8, 0.3), code="b")
    project.commit("images", 4, claims(0.8, 0.3), data="e", read="e")
    project.commit("half-way", 4, claims(0.8, 0.3), data="e")
    project.commit("scored-again", 4, claims(0.8, 0.3), judged=71)
    project.commit("earlier", 4, [{"claim": "GAN2GAN is better", "verdict": "holds"}])
    foreign = compared("gan2g", "student", 0.3, "holds") | {"metric": "nobodys"}
    project.commit("foreign", 4, [claim("GAN2G is better", "holds", foreign)])
    project.write(5, claims(0.8, 0.3))
    return project


@pytest.fixture
def inside(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(project.folder)
    return project


@pytest.fixture
def verdicts(inside: Project) -> Callable[..., list[str]]:
    return lambda *names: over_seeds(read_claims(names))[0]["verdict"].tolist()


def test_a_claim_holds_that_holds_with_every_seed(verdicts: Callable[..., list[str]]) -> None:
    unsure = "cannot be told"
    assert verdicts("seed-0") == ["holds", "holds", "holds", "holds"]
    assert verdicts("seed-0", "seed-1") == ["holds", unsure, "holds", "holds"]
    assert verdicts("seed-0", "seed-2") == ["holds", unsure, "holds", "holds"]
    assert verdicts("seed-2", "failing") == [unsure, "fails", "holds", "holds"]
    assert verdicts("seed-0", "seed-1", "seed-2", "failing")[:2] == [unsure, unsure]


def test_differences_have_mean_and_spread(inside: Project) -> None:
    found, comparisons = over_seeds(read_claims(["seed-0", "seed-1", "seed-2"]))
    assert found["reason"].tolist() == ["", "not the same with every seed", "", ""]
    assert found.loc[1, ["seed 0", "seed 1", "seed 2"]].tolist() == [
        "holds", "cannot be told", "fails",
    ]  # fmt: skip
    assert comparisons["number"].tolist() == [1, 2, 3]
    assert comparisons["difference"][:2].tolist() == pytest.approx([0.7, 0.05])
    assert comparisons["difference_std"][0] == pytest.approx(0.1)
    assert comparisons[["difference", "difference_std"]].iloc[2].isna().all()


def test_a_run_counts_once(inside: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """As of a record, which has a commit for each strategy."""
    runs = read_claims(["failing", "again", "seed-0", "workspace"])
    assert [run.name for run in runs] == ["failing", "seed-0", "workspace"]
    assert main(["claims", "failing", "again"]) == 0
    assert "Seed 3" in capsys.readouterr().out


def test_each_reason_is_said_once() -> None:
    params = {"profile": "sample", "seeds.pretrain": 0, "seeds.teacher": 0}
    found = []
    for seed, reason in enumerate(("a", "b", "a")):
        unsure = compared("gan2g", "student", 0.0, "cannot be told") | {"reason": reason}
        rated = claim("It has ratings", "cannot be told") | {"reason": reason}
        claims = [claim("GAN2G is better", "cannot be told", unsure), rated]
        found.append(JudgedRun(str(seed), params | {"seeds.student": seed}, "", "", claims))
    judged, comparisons = over_seeds(found)
    assert comparisons["reason"].tolist() == ["a; b"]
    assert judged["reason"].tolist() == ["a; b", "a; b"]


def test_formats(inside: Project, capsys: pytest.CaptureFixture[str]) -> None:
    for style, expected in (
        ("markdown", "| 1. GAN2GAN is better |"),
        ("terminal", "+0.70 ± 0.14"),
        ("csv", "1,gan2gan,student,psnr,better,holds,,0.700000,0.141421,0.800000,0.600000"),
    ):
        assert main(["claims", "seed-0", "seed-1", "--format", style]) == 0
        assert expected in capsys.readouterr().out, style
    assert main(["claims", "seed-0", "seed-1", "--format", "csv"]) == 0
    assert len(pd.read_csv(io.StringIO(capsys.readouterr().out))) == 3
    assert main(["claims", "seed-0"]) == 0
    assert "±" not in capsys.readouterr().out.partition("Difference: mean")[0]


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (("seed-0", "content"), "seed-0 and content differ in more than seeds: losses.content"),
        (("seed-0", "code"), "seed-0 and code differ in more than seeds: their stages ran other"),
        (("seed-0", "images"), "seed-0 and images differ in more than seeds: they had other im"),
        (("failing", "rated"), "rated has the seeds of another one, and other claims"),
        (("half-way",), "half-way is not reproduced: download has made another data/sample/down"),
        (
            ("scored-again",),
            "is not reproduced: stages have made another data/sample/evaluate since",
        ),
        (("earlier",), "earlier has a metrics/sample/claims/claims.json of an earlier version"),
        (("foreign",), "foreign has a metrics/sample/claims/claims.json of an earlier version"),
    ],
)
def test_what_cannot_be_another_seed_is_refused(
    inside: Project, names: tuple[str, ...], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["claims", *names]) == 1
    assert problem in capsys.readouterr().err


def test_claims_that_are_not_those_of_their_parameters(project: Project, inside: Project) -> None:
    params = inside.folder / "params.yaml"
    params.write_text(params.read_text().replace("student: 5", "student: 6"))
    with pytest.raises(
        UserError, match=r"workspace is not reproduced: evaluate@g2g_al ran with seeds"
    ):
        read_claims(["workspace"])
    shutil.copytree("metrics/sample", "metrics/other")
    params.write_text(params.read_text().replace("profile: sample", "profile: other"))
    with pytest.raises(UserError, match=r"no run in dvc\.lock has made metrics/other/claims"):
        read_claims(["workspace"])
    project.git("rm", "-q", "--cached", "-r", "metrics")
    project.git("commit", "-q", "-m", "without")
    with pytest.raises(UserError, match=r"HEAD has no metrics/sample/claims/claims\.json"):
        read_claims(["HEAD"])
