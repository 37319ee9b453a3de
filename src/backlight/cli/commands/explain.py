"""backlight explain: what a finding means."""

from typing import Annotated

import typer

from .. import options
from ..app import app
from ..output import print_json, print_table, print_text, text_width


@app.command(epilog="Example:  backlight explain dead-units")
def explain(
    code: Annotated[
        str | None,
        typer.Argument(
            help="Name or code of a finding, such as dead-units; all are listed without one.",
            metavar="CODE",
            show_default=False,
        ),
    ] = None,
    json: options.Json = False,
) -> None:
    """Explain the finding CODE: what it sees, why it hurts, when it is wrong, and what helps."""
    from ... import doctor

    if code is None:
        _list_all(json=json)
        return
    page = doctor.explain(code)
    if json:
        print_json({"code": code, "page": page})
    else:
        print_text(page)


def _list_all(*, json: bool) -> None:
    """Code, name and meaning of every finding."""
    from ... import doctor

    told = [
        (rule.code, rule.name, " ".join(rule.page.split("\n\n")[0].split())) for rule in doctor.all_diagnoses().values()
    ]
    if json:
        print_json({"findings": [dict(zip(("code", "name", "meaning"), one, strict=True)) for one in told]})
    else:
        print_table(("code", "name", "what it is"), told, whole=(0, 1), most=text_width())
        print_text("\n`backlight explain NAME` tells more of one.")
