"""The built site in a real browser: ``make docs`` builds it, and Chromium shows it."""

import posixpath
from collections.abc import Sequence
from pathlib import Path

import pytest
from sphinx.util.inventory import InventoryFile

from docs._tools.site import BUILD
from tests.docs.browser import CHROMIUM, Browser
from tests.support.public import names

SITE = BUILD / "html"
GUIDES: Sequence[Path] = sorted(
    page for page in SITE.glob("*/*.html") if page.name != "genindex.html"
)
REFERENCE: Sequence[Path] = sorted(SITE.glob("*/reference/*.html"))

pytestmark = pytest.mark.skipif(not GUIDES, reason="the site is not built: make docs")


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_pages(tmp_path: Path, width: int, scheme: str) -> None:
    """No error in the console, no missing image, no sideways scroll."""
    pages = [*GUIDES, *REFERENCE] if scheme == "light" else GUIDES
    problems: list[str] = []
    async with Browser.opened(tmp_path / "profile") as browser:
        await browser.show(width, scheme)
        for page in pages:
            found = await browser.look(page.as_uri())
            name = page.relative_to(SITE)
            problems += [f"{name}: {error}" for error in browser.errors]
            problems += [f"{name}: no image {source}" for source in found.missing]
            if found.sideways > 0:
                problems.append(f"{name}: {found.sideways} px wider than {width}")
            browser.errors.clear()
    assert not problems, "\n".join(problems)


def test_each_page_has_the_other_language() -> None:
    for page in GUIDES:
        other = "ru" if page.parent.name == "en" else "en"
        assert (SITE / other / page.name).exists(), page
        assert f"../{other}/{page.name}" in page.read_text("utf-8"), page


def test_each_public_name_is_in_the_reference() -> None:
    with (SITE / "en" / "objects.inv").open("rb") as file:
        inventory = InventoryFile.load(file, "", posixpath.join)
    found = {name for names in inventory.values() for name in names}
    # A name that several packages export is in one of them.
    homes = {name.rpartition(".")[2] for name in found if name.count(".") <= 2}
    assert [name for name in names() if name.rpartition(".")[2] not in homes] == [
        "wbym.__version__"
    ]
