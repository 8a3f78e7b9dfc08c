"""A stage that is run by hand says in one line what it cannot run."""

import subprocess
import sys

import pytest
from support.code_reading import SOURCE


@pytest.mark.parametrize(
    ("arguments", "last_words"),
    [
        (["distill", "foo"], "params.yaml has no strategies.foo; strategies has gan2gan, gan2g, "),
        (["export", "foo"], "params.yaml has no strategies.foo; strategies has gan2gan, gan2g, "),
        (["train", "foo"], "params.yaml has no train.foo; train has teacher_gan, teacher_g, "),
        (["pretrain", "foo"], "params.yaml has no pretrain.foo; pretrain has pretrain_teacher, "),
        (["distill"], "stage distill takes a name"),
        (["check", "foo"], "stage check takes no name"),
        (["foo"], "argument stage: invalid choice: 'foo' (choose from "),
        ([], "the following arguments are required: stage"),
    ],
)
def test_wrong_words_end_in_one_line(arguments: list[str], last_words: str) -> None:
    done = subprocess.run(
        [sys.executable, "src/stage.py", *arguments],
        cwd=SOURCE.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert f"error: {last_words}" in done.stderr.splitlines()[-1]
