"""backlight report: make the report of a run again from its files."""

from .. import options
from ..app import app
from ..output import print_json, print_text


@app.command(epilog="Example:  backlight report runs/adult-20260101-120000")
def report(run: options.RunFolder, json: options.Json = False) -> None:
    """Write report.html of RUN, or of the folder that a watched loop was saved in, and say where it is."""
    from ...files import require_findings
    from ...report import write_report

    path = write_report(require_findings(run))
    if json:
        print_json({"run": str(run), "file": str(path)})
    else:
        print_text(str(path))
