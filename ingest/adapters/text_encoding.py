"""From bytes to UTF-8, when they really are in the encoding that the mapping names."""

import codecs
from typing import Final

from ingest.errors import DeliveryRefused, SourceChanged

_BOM: Final = codecs.BOM_UTF8
_BOMS_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def is_a_line_one_everywhere(encoding: str) -> bool:
    """Say whether text in this encoding can be cut at line breaks, byte by byte."""
    return not _codec(encoding).startswith(("utf-16", "utf-32", "utf-7", "iso2022"))


def as_utf8(name: str, content: bytes, encoding: str, first_line: int = 1) -> bytes:
    """Give the text in UTF-8 without a byte order mark; refuse a wrong encoding."""
    codec = _codec(encoding)
    if content.startswith(_BOMS_16) and not codec.startswith("utf-16"):
        raise _refuse(name, "begins like UTF-16", encoding, "utf-16")
    if codec.startswith(("utf-16", "utf-32")):
        decoded = _decoded(name, content, encoding, first_line)
        text = decoded.removeprefix("\ufeff").encode()
    else:
        text = _narrow(name, content.removeprefix(_BOM), encoding, codec, first_line)
    if b"\0" in text:
        message = (
            f"{name} holds zero bytes, which no text does: it is another format, or a"
            " file that is still being written"
        )
        raise DeliveryRefused(message)
    return text


def _narrow(
    name: str, content: bytes, encoding: str, codec: str, first_line: int
) -> bytes:
    if content.isascii():
        return content
    if codec in ("utf-8", "utf-8-sig", "ascii"):
        plain = "utf-8" if codec == "utf-8-sig" else encoding
        _decoded(name, content, plain, first_line)
        return content
    if _is_utf8(content):  # no text of umlauts is UTF-8 by chance
        raise _refuse(name, "is UTF-8", encoding, "utf-8-sig")
    return _decoded(name, content, encoding, first_line).encode()


def _decoded(name: str, content: bytes, encoding: str, first_line: int) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = first_line + content.count(b"\n", 0, error.start)
        fact = f"holds the byte 0x{content[error.start]:02X} in line {line}"
        raise _refuse(name, fact, encoding, "windows-1252") from error


def _codec(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError as error:
        message = (
            f"the mapping's encoding {encoding!r} is unknown; usual are utf-8-sig and"
            " windows-1252"
        )
        raise SourceChanged(message) from error


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _refuse(name: str, fact: str, encoding: str, likely: str) -> DeliveryRefused:
    message = (
        f"{name} {fact}, but the mapping says encoding = {encoding!r}; if the source"
        f" has changed, try {likely!r}"
    )
    return DeliveryRefused(message)
