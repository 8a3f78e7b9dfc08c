"""What every command does alike."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("command", "absent", "option"),
    [("score", {"torch", "pandas"}, "--weights"), ("upscale", {"torch", "numpy"}, "--tile")],
)
def test_help_loads_no_heavy_library(command: str, absent: set[str], option: str) -> None:
    code = (
        "import sys; from srgan_distill.app.cli import main\n"
        f"try: main(['{command}', '--help'])\n"
        f"finally: assert not {absent} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert option in done.stdout
