"""Generators on disk: safetensors with the architecture in the header."""

import json
import os
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn

from ..common.errors import UserError
from .generator import Generator


def save_generator(path: Path, generator: Generator) -> None:
    """Write the weights whole or not at all."""
    # One entry: safetensors writes several in a random order, and files would differ.
    arguments = {
        "filters": generator.filters,
        "blocks": len(generator.blocks),
        "checkerboard_free": generator.checkerboard_free,
    }
    _write(path, generator.state_dict(), {"generator": json.dumps(arguments)})


def load_generator(path: Path, advice: str = "delete it and run `dvc repro`") -> Generator:
    """Read a generator that `save_generator` wrote, on the CPU, in eval mode.

    Args:
        advice: what to do about a file that is none.

    Raises:
        UserError: the file is missing, damaged, or not such a file.
    """
    try:
        with safe_open(path, framework="pt") as file:
            arguments = (file.metadata() or {}).get("generator")
            if arguments is None:
                raise ValueError("it does not say how large its network is")
            generator = Generator(**json.loads(arguments))
            generator.load_state_dict({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    except FileNotFoundError:
        raise UserError(f"generator {path} does not exist; `dvc repro` makes it") from None
    except (
        SafetensorError, OSError, MemoryError, OverflowError, RuntimeError, TypeError, ValueError
    ) as error:  # fmt: skip
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise UserError(
            f"{path} is not a generator of this pipeline ({reason}); {advice}"
        ) from None
    return generator.eval()


def save_network(path: Path, network: nn.Module) -> None:
    """Write the weights of a network whose shape the reader knows, whole or not at all.

    In float16: it is where another training starts, and a discriminator is 50 MB otherwise.
    """
    _write(path, {name: value.half() for name, value in network.state_dict().items()})


def load_network(path: Path, network: nn.Module) -> None:
    """Read weights that `save_network` wrote into `network`.

    Raises:
        UserError: the file is missing or damaged, or of a network of another shape.
    """
    try:
        network.load_state_dict(load_file(path))
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; `dvc repro` makes it") from None
    except (SafetensorError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{path} does not fit ({reason}); delete it and run `dvc repro`") from None


def _write(path: Path, state: dict[str, Tensor], metadata: dict[str, str] | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {name: value.cpu().contiguous() for name, value in state.items()}
    part = path.with_suffix(".part")
    # Not safetensors' own file, which no one but its owner may read, whatever the umask.
    part.write_bytes(save(state, metadata))
    os.replace(part, path)
