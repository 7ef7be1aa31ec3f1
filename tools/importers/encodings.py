"""Which encoding a delimited file is written in, told from its first bytes.

Spreadsheets write UTF-8 with a mark, UTF-16, or the Windows code page; databases write plain UTF-8.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

STRAY_BYTES_AS_CP1252 = "attune-stray-bytes-as-cp1252"
"""Name of the error handler that reads a byte which is not UTF-8 as the Windows code page would."""

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WIDE = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
_CONTROLS = bytes(set(range(32)) - {9, 10, 13})


@dataclass(frozen=True)
class Encoding:
    """A codec's name and what to do with bytes it cannot read."""

    codec: str
    errors: str = "strict"


def _stray_bytes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(STRAY_BYTES_AS_CP1252, _stray_bytes)


def detect(sample: bytes) -> Encoding | None:
    """Return the encoding of a file that begins with `sample`, or None if nothing fits.

    Args:
        sample: the first bytes of the file; it may end in the middle of a character.

    """
    for mark, codec in _MARKS:
        if sample.startswith(mark):
            errors = STRAY_BYTES_AS_CP1252 if codec == "utf-8-sig" else "replace"
            return Encoding(codec, errors)
    if wide := _wide(sample):
        return Encoding(wide, "replace")
    strays, characters = _utf8_strays(sample)
    if strays * 4 <= characters:
        return Encoding("utf-8", STRAY_BYTES_AS_CP1252)
    try:
        sample.decode("cp1252")
    except UnicodeDecodeError:
        return _guess(sample)
    return Encoding("cp1252", "replace")


def _wide(sample: bytes) -> str | None:
    """UTF-16 and UTF-32 without a mark: full of NULs, and readable in one byte order only."""
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if controls * 10 < len(sample) or b"\0" not in sample:
        return None
    best, best_share = None, 0.75
    for codec in _WIDE:
        width = 4 if "32" in codec else 2
        try:
            text = sample[: len(sample) // width * width].decode(codec, "strict" if width == 4 else "replace")
        except UnicodeDecodeError:
            continue
        # Read in the wrong order, ASCII becomes rare ideographs; in the right one, line ends and commas show.
        plain = sum(1 for mark in text if " " <= mark < "\u0600" or mark in "\t\r\n")
        share = plain / len(text) if text else 0
        if any(mark in text for mark in "\n\r,;\t|") and share > best_share:
            best, best_share = codec, share
    return best


def _utf8_strays(sample: bytes) -> tuple[int, int]:
    """Count bytes that are not UTF-8, and characters beyond ASCII that are."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    text = decoder.decode(sample, final=False)
    strays = sum(1 for mark in text if "\udc80" <= mark <= "\udcff")
    return strays, sum(1 for mark in text if mark > "\x7f") - strays


def _guess(sample: bytes) -> Encoding | None:
    from charset_normalizer import from_bytes  # slow to import, and hardly ever needed

    best = from_bytes(sample).best()
    return Encoding(best.encoding, "replace") if best else None
