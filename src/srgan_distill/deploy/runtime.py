"""ONNX files run by ONNX Runtime on the CPU."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime

from ..common.errors import UserError
from .graph import INPUT

Session = Callable[[np.ndarray], np.ndarray]


def open_model(path: Path, threads: int) -> Session:
    """A function that runs a model of stage `export` on `threads` CPU threads.

    Returns:
        LR [N, 3, H, W] to SR [N, 3, 4H, 4W], float32 RGB in [0, 1], SR not clipped.

    Raises:
        UserError: the file is missing or is no model.
    """
    if not path.is_file():
        raise UserError(f"model {path} does not exist; run `dvc repro export`")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Idle threads that spin would take the time of whatever runs next beside this model.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's have no common class of their own
        reason = str(error).splitlines()[0]
        raise UserError(
            f"{path} is no model that ONNX Runtime can run ({reason}); delete it and run "
            "`dvc repro export`"
        ) from None
    return lambda lr: session.run(None, {INPUT: lr})[0]
