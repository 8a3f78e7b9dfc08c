"""The page itself: template, style sheet and script of this folder, put together."""

import base64
import hashlib
import json
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup


def html_page(**content: Any) -> str:
    """Fill report.html.

    Text in `content` is escaped; what is HTML already comes as `Markup`. The page carries its
    style and script, forbids itself every connection and runs no script but its own: the policy
    names its hash.

    Args:
        content: the names that report.html uses; `pictures` is what `compared` returns.

    Returns:
        The same text for the same content.
    """
    script = _read("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True,
    )  # fmt: skip
    return environment.from_string(_read("report.html")).render(
        content,
        style=Markup(_read("style.css")),
        script=Markup(script),
        policy=f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'",
        pictures_json=_json(content["pictures"]),
    )


def _json(value: Any) -> Markup:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c"))


def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
