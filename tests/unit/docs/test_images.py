"""The pictures of the pages that the README shows."""

import re
from pathlib import Path

from PIL import Image

from tests.screenshots.__main__ import FOLDER, LARGEST
from tests.screenshots.shots import SHOTS

README = Path(__file__).resolve().parents[3] / "README.md"


def test_the_readme_shows_the_pictures_that_are_taken_and_no_others() -> None:
    taken = {f"{shot.name}.png" for shot in SHOTS}
    assert set(re.findall(r"docs/images/([^)]+)", README.read_text())) == taken
    assert {file.name for file in FOLDER.iterdir()} == taken


def test_each_picture_has_the_size_of_its_window_and_is_small() -> None:
    for shot in SHOTS:
        file = FOLDER / f"{shot.name}.png"
        assert file.stat().st_size <= LARGEST
        with Image.open(file) as picture:
            assert picture.size == (shot.window.width, shot.window.height)
