"""From bytes to UTF-8, when they really are in the encoding that the mapping names."""

import codecs
from typing import Final

from ingest.errors import DeliveryRefused, SourceChanged

_BOM: Final = codecs.BOM_UTF8
_BOMS_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def as_utf8(name: str, content: bytes, encoding: str) -> bytes:
    """Give the text in UTF-8 without a byte order mark; refuse a wrong encoding."""
    codec = _codec(encoding)
    if content.startswith(_BOMS_16) and not codec.startswith("utf-16"):
        raise _refuse(name, "begins like UTF-16", encoding, "utf-16")
    if codec.startswith(("utf-16", "utf-32")):
        text = _decoded(name, content, encoding).removeprefix("\ufeff").encode()
    else:
        text = _narrow(name, content.removeprefix(_BOM), encoding, codec)
    if b"\0" in text:
        message = (
            f"{name} holds zero bytes, which no text does: it is another format, or a"
            " file that is still being written"
        )
        raise DeliveryRefused(message)
    return text


def _narrow(name: str, content: bytes, encoding: str, codec: str) -> bytes:
    if content.isascii():
        return content
    if codec in ("utf-8", "utf-8-sig", "ascii"):
        _decoded(name, content, "utf-8" if codec == "utf-8-sig" else encoding)
        return content
    if _is_utf8(content):  # no text of umlauts is UTF-8 by chance
        raise _refuse(name, "is UTF-8", encoding, "utf-8-sig")
    return _decoded(name, content, encoding).encode()


def _decoded(name: str, content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
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
