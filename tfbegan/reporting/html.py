"""An HTML page that needs nothing from outside: no file, script or network."""

import base64
from html import escape

import numpy as np

from tfbegan.reporting.png import encode_png
from tfbegan.reporting.svg import CHART_STYLE, LIGHT

_STYLE = (
    f"""
:root {{ color-scheme: light dark; {LIGHT}
  --yes: #1a7f42; --no: #c0362c; }}
@media (prefers-color-scheme: dark) {{ :root {{ --ink: #e6e9ec;
  --soft: #9aa4ad; --line: #343b42; --page: #14181c; --real: #7f8890;
  --made: #6cb0ff; --third: #e9a04a; --fourth: #c49bf0; --yes: #56c27d;
  --no: #ff7b70; }} }}
"""
    + """
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink);
  background: var(--page); margin: 2rem auto; max-width: 1320px;
  padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.1rem;
  margin-top: 2rem; } h3 { font-size: .95rem; margin: 0 0 .3rem; }
p { max-width: 80ch; } .soft { color: var(--soft); }
a { color: var(--made); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums;
  font-size: 13px; }
th, td { text-align: left; padding: .3rem .7rem .3rem 0; vertical-align: top;
  border-bottom: 1px solid var(--line); white-space: nowrap; }
td.label { white-space: normal; min-width: 15rem; }
.interval { color: var(--soft); display: block; font-size: 11px; }
.yes { color: var(--yes); font-weight: 600; }
.no { color: var(--no); font-weight: 600; }
.chart { width: 100%; height: auto; }
.charts { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(380px, 1fr)); }
.key { display: inline-block; width: 1.6rem; height: 3px;
  vertical-align: middle; margin: 0 .4rem 0 1rem; }
.key.real { background: var(--real); } .key.made { background: var(--made); }
.strip { display: block; width: 100%; max-width: 1180px; height: auto;
  image-rendering: auto; margin: .2rem 0 1rem; }
"""
)


def render_page(title: str, body: str, style: str = "") -> str:
    """A whole page.

    Args:
        title: Plain text, of the window.
        body: HTML, already escaped.
        style: More CSS for what only this page has.

    Returns:
        HTML text without any reference to the outside.
    """
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{_STYLE}{CHART_STYLE}{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


def data_uri(pixels: np.ndarray, mark: str = "") -> str:
    """A PNG inside of the page.

    Args:
        pixels: uint8 [H, W, 3], RGB.
        mark: XMP packet that marks it as generated; "" for what is real.
    """
    encoded = base64.b64encode(encode_png(pixels, mark)).decode("ascii")
    return f"data:image/png;base64,{encoded}"
