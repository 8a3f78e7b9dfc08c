"""Markdown as part of an HTML page."""

from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup

_TOP = 2  # a section's heading; h1 is the page's


def markdown_html(text: str) -> Markup:
    """Tables, headings and paragraphs as HTML, the highest heading as h2.

    HTML in `text` shows as text, and an image as a link: nothing but words comes in.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    # A wide table scrolls by itself, the page does not; with the keyboard too.
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", _table_close)
    tokens = parser.parse(text)
    headings = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    raised = min((int(token.tag[1]) for token in headings), default=_TOP) - _TOP
    for token in headings:
        token.tag = f"h{min(6, int(token.tag[1]) - raised)}"
    return Markup(parser.renderer.render(tokens, parser.options, {}))


def _table_open(*_: Any) -> str:
    return '<div class="scroll" tabindex="0" role="group" aria-label="Table">\n<table>\n'


def _table_close(*_: Any) -> str:
    return "</table>\n</div>\n"
