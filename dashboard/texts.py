"""Texts of the site: German is what the code says, other languages are catalogues."""

import gettext
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES: Final = Path(__file__).parent / "locales"


def german(text: str) -> str:
    """Mark a text that is kept in a constant and translated where it is shown."""
    return text


@cache
def translations(language: str) -> gettext.NullTranslations:
    if language == "de":
        return gettext.NullTranslations()
    path = LOCALES / language / "LC_MESSAGES" / "amtspuls.po"
    with path.open("rb") as file:
        catalog = read_po(file, locale=language, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
