"""The built site in a real browser: ``make docs`` builds it, and Chromium shows it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from docs._tools.site import BUILD
from tests.docs.browser import CHROMIUM, Browser

SITE = BUILD / "html"
GUIDES: Sequence[Path] = sorted(
    page for page in SITE.glob("*/*.html") if page.name != "genindex.html"
)
REFERENCE: Sequence[Path] = sorted(SITE.glob("*/reference/*.html"))

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    pytest.mark.skipif(not GUIDES, reason="the site is not built: make docs"),
]


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
