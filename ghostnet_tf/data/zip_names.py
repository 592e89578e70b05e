"""What the files of a zip are called: the format leaves it open, and programs differ.

APPNOTE.TXT 4.4.17 wants forward slashes, and Windows programs write others; appendix D knows UTF-8
(bit 11), names in UTF-8 beside the name (field 0x7075), and for all else code page 437. What is
found instead is UTF-8 without the bit (macOS, Info-ZIP) and the code page of a Windows.
"""

import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Sequence

from ghostnet_tf.data.names import same

UTF8_BIT, UNICODE_PATH = 0x800, 0x7075
OF_WINDOWS = (0, 10, 11)  # who made an entry: MS-DOS, NTFS, VFAT
JAPANESE = ("HIRAGANA", "KATAKANA", "CJK", "IDEOGRAPHIC", "FULLWIDTH")


def names_in(archive: zipfile.ZipFile) -> tuple[dict[str, str], str]:
    """Of every file and folder of an archive: name as `zipfile` has it -> its right name, in NFC.

    Parts are divided by forward slashes, a folder ends in one. Also the code page that was taken
    for names of which nothing is known, "" where there are none.
    """
    infos = {info.filename: info for info in archive.infolist()}
    unmarked = {name: _raw(info) for name, info in infos.items() if not _is_unicode(info)}
    encoding = _encoding([raw for raw in unmarked.values() if not raw.isascii()])
    names = {}
    for stored, info in infos.items():
        raw = unmarked.get(stored)
        names[stored] = _unicode_path(info) or (raw.decode(encoding) if raw is not None else stored)
    has_slashes = any("/" in name for name in names.values())
    for stored, info in infos.items():
        # On other systems a backslash is a letter like any other, where names have slashes, too.
        if info.create_system in OF_WINDOWS or not has_slashes:
            names[stored] = names[stored].replace("\\", "/")
        names[stored] = same(names[stored])
    return names, "" if encoding == "utf-8" else encoding


def _is_unicode(info: zipfile.ZipInfo) -> bool:
    return bool(info.flag_bits & UTF8_BIT)


def _raw(info: zipfile.ZipInfo) -> bytes:
    """The name's bytes, which `zipfile` has read as code page 437; every byte stands in it."""
    return info.orig_filename.partition("\0")[0].encode("cp437")


def _encoding(names: Sequence[bytes]) -> str:
    """The encoding of names of which an archive says nothing; one program wrote them all."""
    if all(_can_be(name, "utf-8") for name in names):
        return "utf-8"
    if all(_can_be(name, "cp932") and _reads_as_japanese(name.decode("cp932")) for name in names):
        return "cp932"
    return "cp437"


def _can_be(name: bytes, encoding: str) -> bool:
    try:
        name.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _reads_as_japanese(name: str) -> bool:
    """Whether the letters beyond ASCII are Japanese, and no Latin letter touches them.

    The last is what tells a code page of Europe: in it the two halves of a letter are an accented
    one and the plain one after it, in the middle of a word.
    """
    for i, c in enumerate(name):
        if c.isascii():
            continue
        if not unicodedata.name(c, "").startswith(JAPANESE):
            return False
        beside = name[max(i - 1, 0) : i] + name[i + 1 : i + 2]
        if any(b.isascii() and b.isalpha() for b in beside):
            return False
    return True


def _unicode_path(info: zipfile.ZipInfo) -> str:
    """The name in the field beside it, where that belongs to this name; else ""."""
    extra = info.extra
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind != UNICODE_PATH or len(field) < 6 or field[0] != 1 or _is_unicode(info):
            continue
        if struct.unpack("<I", field[1:5])[0] == zlib.crc32(_raw(info)):
            return field[5:].decode(errors="replace") if _can_be(field[5:], "utf-8") else ""
    return ""
