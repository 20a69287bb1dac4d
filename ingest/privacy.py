"""What may pass the door: numbers of people become keyed hashes, texts their shape."""

import hashlib
import json
import os
import re
import secrets
from collections.abc import Callable, Collection, Mapping
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from ingest.errors import IngestError

KEY_NAME: Final = "secret.key"
KEY_VARIABLE: Final = "AMTSPULS_KEY"
KEY_COLUMNS: Final = ("ticket_key", "case_key")  # of the warehouse
HASHED: Final = r"^[0-9a-f]{32}$"

_KEY_BYTES: Final = 32
_HASH_BYTES: Final = 16
_HASH_DIGITS: Final = 2 * _HASH_BYTES
_LONGEST_SHAPE: Final = 40


def installation_key(city_dir: Path) -> bytes:
    """Return the key of this installation; make it once, readable by its owner only."""
    given = os.environ.get(KEY_VARIABLE)
    if given:
        # Any text will do as a key, however long it is.
        return hashlib.blake2b(given.encode(), digest_size=_KEY_BYTES).digest()
    path = city_dir / KEY_NAME
    try:
        return _read_key(path)
    except FileNotFoundError:
        return _make_key(path)


def pseudonyms(key: bytes) -> Callable[[pl.Series], pl.Series]:
    """Return the function that turns texts into keyed hashes; null stays null."""
    keyed = hashlib.blake2b(key=key, digest_size=_HASH_BYTES)

    def hashed(text: bytes) -> bytes:
        one = keyed.copy()
        one.update(text)
        return one.digest()

    def each(texts: pl.Series) -> pl.Series:
        found = [
            None if text is None else hashed(text)
            for text in texts.cast(pl.Binary).to_list()
        ]
        return pl.Series(texts.name, found, dtype=pl.Binary).bin.encode("hex")

    def pseudonym(texts: pl.Series) -> pl.Series:
        # Ticket numbers begin anew each day, so there are far fewer than rows; of cases
        # there are as many, and then nothing is gained by hashing each number once.
        texts = texts.cast(pl.String)
        if 2 * texts.n_unique() > len(texts):
            return each(texts)
        different = texts.unique().drop_nulls()
        return texts.replace_strict(different, each(different), return_dtype=pl.String)

    return pseudonym


def refuse_bare_numbers(rows: pl.DataFrame) -> None:
    """Stop a delivery whose adapter let a ticket or case number through."""
    for name in KEY_COLUMNS:
        if name in rows.columns and not _are_hashes(rows[name].drop_nulls()):
            message = (
                f"{name} holds values that are no keyed hashes;"
                f' say "key = true" for this column in the city file'
            )
            raise IngestError(message)


def _are_hashes(texts: pl.Series) -> bool:
    # One long text is looked through three times as fast as many short ones.
    together = "".join(texts.str.join("")).encode()
    return bool((texts.str.len_bytes() == _HASH_DIGITS).all()) and not (
        together.translate(None, b"0123456789abcdef")
    )


def shape(texts: pl.Expr) -> pl.Expr:
    """Return how a text looks, not what it says: "Amt 7, 3.5.26" -> "xxx 9, 9.9.99"."""
    return (
        texts.str.slice(0, _LONGEST_SHAPE)
        .str.replace_all(r"\p{L}", "x")
        .str.replace_all(r"\p{N}", "9")
    )


def shape_of(text: str) -> str:
    """Return the same for one text."""
    letters = re.sub(r"[^\W\d_]", "x", text[:_LONGEST_SHAPE])
    return re.sub(r"\d", "9", letters)


def quarantine_json(
    rows: pl.DataFrame,
    known: Mapping[str, Collection[str]],
    oldest: date,
) -> pl.Series:
    """Return each row as JSON; a text shows only where it is one of the known words.

    Hashes, times and numbers show as they are. In a file whose columns have shifted a
    name may stand where an office should, so anything unknown shows its shape only; and
    what lies before `oldest` is most likely the day on which somebody was born.
    """
    texts = [name for name, dtype in rows.schema.items() if dtype == pl.String]
    times = [name for name, dtype in rows.schema.items() if dtype.is_temporal()]
    masked = [
        pl.when(pl.col(name).is_in(list(known.get(name, ()))))
        .then(pl.col(name))
        .when(pl.lit(name in KEY_COLUMNS) & pl.col(name).str.contains(HASHED))
        .then(pl.col(name))
        .otherwise(shape(pl.col(name)))
        .alias(name)
        for name in texts
    ]
    for name in times:
        is_day = rows.schema[name] == pl.Date
        text = pl.col(name).dt.strftime("%Y-%m-%d" if is_day else "%Y-%m-%dT%H:%M:%SZ")
        is_old = pl.col(name).cast(pl.Date) < oldest
        masked.append(pl.when(is_old).then(shape(text)).otherwise(text).alias(name))
    return (
        rows.with_columns(masked)
        .select(pl.struct(pl.exclude("row_number")).struct.json_encode())
        .to_series()
        .alias("row_json")
    )


def mask_json(rows: pl.Series, known: Mapping[str, Collection[str]]) -> pl.Series:
    """Do the same with rows that an adapter could not read and wrote as JSON."""
    # A loop, since JSON has no columns; only refused rows come this way.
    return pl.Series(
        "row_json",
        [None if text is None else _masked(text, known) for text in rows.to_list()],
        dtype=pl.String,
    )


def _masked(text: str, known: Mapping[str, Collection[str]]) -> str:
    try:
        row = json.loads(text)
    except ValueError:
        return json.dumps(shape_of(text), ensure_ascii=False)
    if not isinstance(row, dict):
        return json.dumps(shape_of(str(row)), ensure_ascii=False)
    shown = {
        name: value if _may_show(name, value, known) else shape_of(str(value))
        for name, value in row.items()
    }
    return json.dumps(shown, ensure_ascii=False)


def _may_show(name: str, value: object, known: Mapping[str, Collection[str]]) -> bool:
    if value is None or isinstance(value, bool):
        return True
    if not isinstance(value, str):
        return False
    is_hash = name in KEY_COLUMNS and re.fullmatch(HASHED, value) is not None
    return is_hash or value in known.get(name, ())


def _read_key(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        message = (
            f"{path} is damaged: expected {2 * _KEY_BYTES} hexadecimal digits; put the"
            " right key back, since another one breaks the link to earlier rows"
        )
        raise IngestError(message)
    return key


def _make_key(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    key = secrets.token_bytes(_KEY_BYTES)
    draft = path.with_name(f".{KEY_NAME}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        # Unlike a rename, a link never replaces a key that another run just made.
        os.link(draft, path)
    except FileExistsError:
        key = _read_key(path)
    finally:
        draft.unlink()
    return key
