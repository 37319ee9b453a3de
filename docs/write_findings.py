"""Write docs/findings from the docstrings of the diagnoses: `python docs/write_findings.py`."""

from pathlib import Path

from backlight.doctor import all_diagnoses
from backlight.doctor.pages import index, page

FOLDER = Path(__file__).parent / "findings"


def write(folder: Path = FOLDER) -> None:
    """One page for each finding, and the table of them; pages of findings that are gone are removed."""
    folder.mkdir(exist_ok=True)
    pages = {f"{rule.name}.md": page(rule) for rule in all_diagnoses().values()} | {"README.md": index()}
    for path in folder.glob("*.md"):
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
