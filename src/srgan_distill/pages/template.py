"""How both pages are put together: one file that carries its style and script and loads nothing."""

import base64
import hashlib
import json
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup


def fill(package: str, **content: Any) -> str:
    """Fill page.html of `package`, with page.css as `style` and page.js as `script` beside it.

    Text in `content` is escaped; what is HTML already comes as `Markup`; the filter `json` gives
    JSON for a script. `policy` forbids the page every connection and every script but page.js.

    Args:
        package: `__package__` of the caller.
        content: the names that page.html uses.

    Returns:
        The same text for the same content.
    """
    script = _read(package, "page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters["json"] = _json
    return environment.from_string(_read(package, "page.html")).render(
        content,
        style=Markup(_read(package, "page.css")),
        script=Markup(script),
        policy=f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'",
    )


def _json(value: Any) -> Markup:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c"))


def _read(package: str, name: str) -> str:
    return files(package).joinpath(name).read_text(encoding="utf-8")
