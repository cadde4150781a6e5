"""The pictures are those of the code, and their texts fit."""

import pytest

from docs._tools.pictures import FOLDER, PICTURES, Box, Picture, svg

WIDE, WIDEST = 6.5, 7.6
"""Pixels of a letter, in small and in bold text."""


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
@pytest.mark.parametrize(("language", "suffix"), [(0, "svg"), (1, "ru.svg")])
def test_file_is_current(picture: Picture, language: int, suffix: str) -> None:
    path = FOLDER / f"{picture.name}.{suffix}"
    assert path.read_text("utf-8") == svg(picture, language)


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
@pytest.mark.parametrize("language", [0, 1])
def test_texts_fit(picture: Picture, language: int) -> None:
    for box in [part for part in picture.parts if isinstance(part, Box)]:
        heading, *lines = box.text[language].split("\n")
        assert len(heading) * WIDEST <= box.width - 4, heading
        for line in lines:
            assert len(line) * WIDE <= box.width - 4, line
        assert (len(lines) + 1) * 17 <= box.height, heading
        assert 0 <= box.x <= picture.width - box.width, heading
        assert 0 <= box.y <= picture.height - box.height, heading
