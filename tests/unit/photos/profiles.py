"""A colour profile as phones write it, made here: Display P3 with the curve of sRGB."""

from __future__ import annotations

import struct


def _fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def matrix_profile(name: str, red: tuple, green: tuple, blue: tuple) -> bytes:
    """An ICC profile (version 4) of three primaries, XYZ relative to D50, with the curve of sRGB."""
    curve = b"para" + bytes(4) + struct.pack(">HH", 3, 0) + _fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    text = b"mluc" + bytes(4) + struct.pack(">II2s2sII", 1, 12, b"en", b"US", 2 * len(name), 28)
    contents = {b"desc": text + name.encode("utf-16-be"), b"wtpt": b"XYZ " + bytes(4) + _fixed(0.9642, 1.0, 0.8249)}
    for letter, primary in ((b"r", red), (b"g", green), (b"b", blue)):
        contents |= {letter + b"XYZ": b"XYZ " + bytes(4) + _fixed(*primary), letter + b"TRC": curve}
    table, body = struct.pack(">I", len(contents)), b""
    for tag, content in contents.items():
        table += tag + struct.pack(">II", 128 + 4 + 12 * len(contents) + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    size = 128 + len(table) + len(body)
    header = struct.pack(">I4sI4s4s4s", size, bytes(4), 0x04000000, b"mntr", b"RGB ", b"XYZ ") + bytes(12)
    header += b"acsp" + bytes(28) + _fixed(0.9642, 1.0, 0.8249)
    return header.ljust(128, b"\0") + table + body


DISPLAY_P3 = matrix_profile(
    "Display P3", (0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407)
)
