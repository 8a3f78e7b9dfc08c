"""What the code of a stage imports and which parameters it reads, from its syntax alone."""

import ast
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src"
PACKAGE = "srgan_distill"


def file_of(module: str) -> Path | None:
    """The source file of a module of this project, or None."""
    stem = SOURCE.joinpath(*module.split("."))
    for file in (stem.with_suffix(".py"), stem / "__init__.py"):
        if file.is_file():
            return file
    return None


def imported_files(module: str) -> set[Path]:
    """The module's own file and all project files it imports, at any depth."""
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        file = file_of(waiting.pop())
        if file is None or file in found:
            continue
        found.add(file)
        waiting += _imports(file)
    return found


def _imports(file: Path) -> list[str]:
    """Names of project modules that one file imports, wherever the statement stands."""
    inside = list(file.relative_to(SOURCE).with_suffix("").parts)
    if inside[-1] == "__init__":
        inside.pop()
        package = inside
    else:
        package = inside[:-1]
    names: list[str] = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = [*base, *(node.module or "").split(".")] if node.module else base
            names.append(".".join(base))
            names += [".".join([*base, alias.name]) for alias in node.names]
    return [name for name in names if name.split(".")[0] == PACKAGE]


def parameters_read(module: str) -> set[str]:
    """The chains `params.<key>...` in one module, with * for a computed key.

    `params.settings` is the section of the profile in use.

    Raises:
        AssertionError: `params` is passed on whole, so that reads cannot be seen.
    """
    tree = ast.parse(file_of(f"{PACKAGE}.{module}").read_text())
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    reads = set()
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Name) and node.id == "params" and _is_read(node)):
            continue
        keys: list[str] = []
        while True:
            parent = parents[node]
            if isinstance(parent, ast.Attribute):
                keys.append(parent.attr)
            elif isinstance(parent, ast.Subscript) and parent.value is node:
                constant = isinstance(parent.slice, ast.Constant)
                keys.append(parent.slice.value if constant else "*")
            else:
                break
            node = parent
        assert keys, f"{module}.py passes `params` on whole (line {node.lineno})"
        reads.add(".".join(keys).replace("settings.", "profiles.*."))
    return reads


def _is_read(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Load)
