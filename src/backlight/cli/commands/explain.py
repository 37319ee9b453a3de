"""backlight explain: what a finding means."""

from typing import Annotated

import typer

from .. import options
from ..app import app
from ..output import print_json, print_text


@app.command(epilog="Example:  backlight explain dead-units")
def explain(
    code: Annotated[str, typer.Argument(help="Name or code of a finding, such as dead-units.", metavar="CODE")],
    json: options.Json = False,
) -> None:
    """Explain the finding CODE: what it sees, why it hurts, when it is wrong, and what helps."""
    from ... import doctor

    page = doctor.explain(code)
    if json:
        print_json({"code": code, "page": page})
    else:
        print_text(page)
