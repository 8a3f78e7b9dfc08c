"""Steps that a GPU repeats without the host: recorded once as a CUDA graph, then replayed.

A step of these networks is some thousand short kernels. Started one by one from Python, they keep a
GPU waiting for most of the time (benchmarks/README.md).
"""

import warnings
from collections.abc import Callable

import torch
from torch import Tensor

# Steps run as they are before one is recorded: libraries choose kernels and Adam makes its state.
UNRECORDED = 3


class Recording:
    """A function of tensors, replayed from its fourth call on.

    It may read and write any tensor that stays where it is (weights, an optimizer's state);
    whatever else changes from call to call must come as an argument, for a number is recorded as it
    is. It may not wait for the GPU.

    Args:
        function: of tensors on the GPU, always of the same shapes; gives a tensor.
    """

    def __init__(self, function: Callable[..., Tensor]) -> None:
        self._function = function
        self._stream = torch.cuda.Stream()
        self._calls = 0
        self._graph: torch.cuda.CUDAGraph | None = None
        self._inputs: tuple[Tensor, ...] = ()
        self._output: Tensor | None = None

    def __call__(self, *inputs: Tensor) -> Tensor:
        self._calls += 1
        if self._calls <= UNRECORDED:
            return self._run_beside(*inputs)
        if self._graph is None:
            self._record(*inputs)
        for kept, value in zip(self._inputs, inputs, strict=True):
            kept.copy_(value)
        self._graph.replay()
        return self._output.clone()

    def _run_beside(self, *inputs: Tensor) -> Tensor:
        """Run it on another stream than the default one, which cannot be recorded."""
        current = torch.cuda.current_stream()
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream), warnings.catch_warnings():
            # Adam's advice where it is not recorded; without `capturable` it could not be.
            warnings.filterwarnings("ignore", "This instance was constructed with capturable=True")
            output = self._function(*inputs)
        current.wait_stream(self._stream)
        return output

    def _record(self, *inputs: Tensor) -> None:
        self._inputs = tuple(value.clone() for value in inputs)
        graph = torch.cuda.CUDAGraph()
        # Of this thread alone: another may be pinning the memory of the next crops.
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            self._output = self._function(*self._inputs)
        self._graph = graph
