"""Builds the documentation site: ``python -m docs._tools.site [--update]``.

Both languages are built into ``docs/_build/html``. A warning is an error, and so is a Russian
translation of less than `MIN_TRANSLATED` of the guides. ``--update`` only brings the catalogs in
``docs/locale`` up to date: texts whose English has changed count as untranslated.
"""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

__all__ = ["BUILD", "GUIDES", "MIN_TRANSLATED", "untranslated"]

ROOT: Final = Path(__file__).parents[1]
BUILD: Final = ROOT / "_build"
CATALOGS: Final = ROOT / "locale" / "ru" / "LC_MESSAGES"
MIN_TRANSLATED: Final = 0.95
_ENGLISH_ONLY: Final = {
    "adding-a-marketplace",
    "benchmarks",
    "contributing",
    "when-the-marketplaces-change",
    "wildberries",
    "yandex-market",
}
"""Pages for those who work on wbym, and tables of docstrings."""
GUIDES: Final = sorted(page.stem for page in ROOT.glob("*.md") if page.stem not in _ENGLISH_ONLY)
"""The pages that exist in Russian too."""

_NO_DATE: Final = datetime(2026, 1, 1, tzinfo=UTC)

_ENTRANCE: Final = """<!doctype html>
<meta charset="utf-8">
<title>wbym</title>
<script>location.replace(navigator.language.startsWith("ru") ? "ru/" : "en/")</script>
<a href="en/">English</a> <a href="ru/">Русский</a>
"""


def main() -> None:
    """Build the site, or update the catalogs."""
    _sphinx("gettext", BUILD / "gettext")
    if "--update" in sys.argv:
        for guide in GUIDES:
            _update(guide)
        return
    missing = [(guide, text) for guide in GUIDES for text in untranslated(guide)]
    total = sum(len(list(_texts(guide))) for guide in GUIDES)
    share = 1 - len(missing) / total
    print(f"translated: {share:.1%} of {total} texts")  # noqa: T201 - the command's output
    if share < MIN_TRANSLATED:
        for guide, text in missing[:20]:
            print(f"  {guide}: {text[:80]}")  # noqa: T201
        sys.exit(f"less than {MIN_TRANSLATED:.0%} is translated: see docs/locale")
    for language in ("en", "ru"):
        _sphinx("html", BUILD / "html" / language, f"-Dlanguage={language}")
    (BUILD / "html" / "index.html").write_text(_ENTRANCE, "utf-8")


def untranslated(guide: str) -> Iterator[str]:
    """The texts of a guide that have no Russian, or a Russian of an older English.

    The catalogs of the English texts must have been built.
    """
    path = CATALOGS / f"{guide}.po"
    translated = _read(path) if path.exists() else Catalog()
    for text in _texts(guide):
        message = translated.get(text)
        if message is None or not message.string or message.fuzzy:
            yield text


def _update(guide: str) -> None:
    path = CATALOGS / f"{guide}.po"
    catalog = _read(path) if path.exists() else Catalog(locale="ru", project="wbym")
    catalog.update(_read(BUILD / "gettext" / f"{guide}.pot"))
    catalog.obsolete.clear()
    catalog.header_comment = f"# Russian texts of {guide}.md; `make translations` updates them."
    catalog.fuzzy = False
    # Those that change with each run, or name nobody.
    catalog.creation_date = catalog.revision_date = _NO_DATE
    catalog.last_translator = catalog.language_team = catalog.msgid_bugs_address = "wbym"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalog, width=100, omit_header=False, ignore_obsolete=True)


def _texts(guide: str) -> Iterator[str]:
    for message in _read(BUILD / "gettext" / f"{guide}.pot"):
        if isinstance(message.id, str) and message.id:
            yield message.id


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale="ru")


def _sphinx(builder: str, target: Path, *options: str) -> None:
    subprocess.run(  # noqa: S603 - our own arguments
        [
            *(sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going"),
            *("--jobs", "auto", "--builder", builder, *options, str(ROOT), str(target)),
        ],
        check=True,
    )


if __name__ == "__main__":
    main()
