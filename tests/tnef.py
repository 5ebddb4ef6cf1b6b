# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes winmail.dat streams ([MS-OXTNEF]) for tests: a module for case.py, and the program that made the seeds of the fuzz target:
tnef.py FOLDER."""
import datetime
import os
import struct
import sys
import zlib

SIGNATURE = 0x223E9F78
SUBJECT, ATTACH_TITLE, BODY, RECIPIENTS, CLASS = 0x18004, 0x18010, 0x2800C, 0x69004, 0x78008
ATTACH_DATA, RENDERING, PROPERTIES, ATTACH_PROPERTIES, CODE_PAGE = 0x6800F, 0x69002, 0x69003, 0x69005, 0x69007
LONG, BOOLEAN, OBJECT, STRING8, UNICODE, TIME, BINARY, MULTIPLE = 3, 11, 13, 0x1E, 0x1F, 0x40, 0x102, 0x1000
MEETING = bytes.fromhex("90DAD86E0B451B1098DA00AA003F1305")
APPOINTMENT = bytes.fromhex("0220060000000000C000000000000046")
COMMON = bytes.fromhex("0820060000000000C000000000000046")
UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1601, 1, 1, tzinfo=UTC)


def attribute(level, name, data, wrong=False):
    return struct.pack("<BII", level, name, len(data)) + data + struct.pack("<H", (sum(data) + wrong) & 0xFFFF)


def stream(*attributes):
    return struct.pack("<IH", SIGNATURE, 1) + attribute(1, 0x89006, struct.pack("<I", 0x10000)) + b"".join(attributes)


def message(cls="IPM.Microsoft Mail.Note", properties=(), page=1252, before=(), after=(), wrong=False):
    return stream(attribute(1, CODE_PAGE, struct.pack("<II", page, 0)), attribute(1, CLASS, cls.encode() + b"\0"), *before,
                  attribute(1, PROPERTIES, property_list(properties), wrong), *after)


def padded(data):
    return data + b"\0" * (-len(data) % 4)


def value(kind, v):
    if kind & MULTIPLE:
        return struct.pack("<I", len(v)) + b"".join(value(kind & ~MULTIPLE, x)[4 if kind & ~MULTIPLE in (STRING8, UNICODE, BINARY) else 0:] for x in v)
    if kind == LONG:
        return struct.pack("<i", v)
    if kind == BOOLEAN:
        return struct.pack("<HH", v, 0)
    if kind == TIME:
        return struct.pack("<Q", int((v - EPOCH).total_seconds()) * 10**7)
    if kind == STRING8 and isinstance(v, str):
        v = v.encode("cp1252") + b"\0"
    if kind == UNICODE:
        v = v.encode("utf-16-le") + b"\0\0"
    return struct.pack("<II", 1, len(v)) + padded(v)


def prop(tag, kind, v):
    """tag: a number, (set, number) or (set, name)."""
    if isinstance(tag, int):
        return struct.pack("<HH", kind, tag) + value(kind, v)
    group, name = tag
    if isinstance(name, str):
        raw = name.encode("utf-16-le") + b"\0\0"
        return struct.pack("<HH", kind, 0x8001) + group + struct.pack("<II", 1, len(raw)) + padded(raw) + value(kind, v)
    return struct.pack("<HH", kind, 0x8002) + group + struct.pack("<II", 0, name) + value(kind, v)


def property_list(properties):
    return struct.pack("<I", len(properties)) + b"".join(prop(*p) for p in properties)


def attachment(name, data, properties=(), title=None):
    return (attribute(2, RENDERING, struct.pack("<HIHHI", 1, 0xFFFFFFFF, 0, 0, 0)) +
            (attribute(2, ATTACH_TITLE, title.encode("cp1252") + b"\0") if title else b"") + attribute(2, ATTACH_DATA, data) +
            attribute(2, ATTACH_PROPERTIES, property_list([(0x3707, UNICODE, name)] + list(properties) if name else list(properties))))


# --- rich text

WINDOW = (b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbol"
          b"ArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx")


def compress(rtf):
    """[MS-OXRTFCP] with a search that is slow and simple."""
    seen, tokens, i = bytearray(WINDOW), [], 0
    while i < len(rtf):
        best, where = 0, 0
        for n in range(min(17, len(rtf) - i), 1, -1):
            at = bytes(seen).rfind(rtf[i:i + n], max(0, len(seen) - 4000))
            if at >= 0:
                best, where = n, at
                break
        tokens.append(struct.pack(">H", (where % 4096) << 4 | (best - 2)) if best else rtf[i:i + 1])
        seen += rtf[i:i + max(best, 1)]
        i += max(best, 1)
    tokens.append(struct.pack(">H", (len(seen) % 4096) << 4))
    out = b""
    for k in range(0, len(tokens), 8):
        chunk = tokens[k:k + 8]
        out += bytes([sum((len(t) == 2) << b for b, t in enumerate(chunk))]) + b"".join(chunk)
    return struct.pack("<II4sI", len(out) + 12, len(rtf), b"LZFu", zlib.crc32(out)) + out


def uncompressed(rtf):
    return struct.pack("<II4sI", len(rtf) + 12, len(rtf), b"MELA", 0) + rtf


# --- meetings

OUTLOOK_ID = bytes.fromhex("040000008200E00074C5B7101A82E008")


def global_id(uid=None, day=None):
    date = struct.pack(">HBB", day.year, day.month, day.day) if day else bytes(4)
    data = b"vCal-Uid\x01\0\0\0" + uid.encode() + b"\0" if uid else bytes(range(16))
    return OUTLOOK_ID + date + bytes(16) + struct.pack("<I", len(data)) + data


def systemtime(month=0, weekday=0, week=0, hour=0):
    return struct.pack("<8H", 0, month, weekday, week, hour, 0, 0, 0)


def zone_struct(bias=-60, daylight=-60, winter=(10, 0, 5, 3), summer=(3, 0, 5, 2)):
    """Central Europe unless told otherwise."""
    return (struct.pack("<iii", bias, 0, daylight) + b"\0\0" + systemtime(*winter) + b"\0\0" + systemtime(*summer))


def zone_definition(name):
    return struct.pack("<BBHHH", 2, 1, 6 + 2 * len(name), 2, len(name)) + name.encode("utf-16-le") + struct.pack("<H", 0)


def minutes(t):
    return int((t.replace(tzinfo=UTC) - EPOCH).total_seconds()) // 60


def pattern(frequency, kind, period, start, end, specific=(), end_type=0x2023, count=10, last=None, deleted=(), moved=(), first_day=1):
    """start, end: local datetimes of the first instance; moved: (start, end, original, flags, extra bytes)."""
    midnight = start.replace(hour=0, minute=0)
    gone = sorted([minutes(d) for d in deleted] + [minutes(m[2].replace(hour=0, minute=0)) for m in moved])
    out = struct.pack("<HHHHHIII", 0x3004, 0x3004, frequency, kind, 0, 0, period, 0) + struct.pack("<%dI" % len(specific), *specific)
    out += struct.pack("<III", end_type, count, first_day) + struct.pack("<%dI" % (len(gone) + 1), len(gone), *gone)
    out += struct.pack("<%dI" % (len(moved) + 1), len(moved), *sorted(minutes(m[0].replace(hour=0, minute=0)) for m in moved))
    out += struct.pack("<II", minutes(midnight), minutes(last) if last else 0x5AE980DF)
    out += struct.pack("<IIII", 0x3006, 0x3009, minutes(start) - minutes(midnight), minutes(end) - minutes(midnight)) + struct.pack("<H", len(moved))
    for m in moved:
        out += struct.pack("<IIIH", minutes(m[0]), minutes(m[1]), minutes(m[2]), m[3]) + m[4]
    return out + struct.pack("<II", 0, 0)


METHODS = {"REQUEST": "Meeting.Request", "CANCEL": "Meeting.Canceled", "ACCEPTED": "Meeting.Resp.Pos", "DECLINED": "Meeting.Resp.Neg",
           "TENTATIVE": "Meeting.Resp.Tent"}


def meeting(what, start, end, uid=None, sequence=0, changed=None, subject="Meeting", properties=(), gid=None, **more):
    """start and end are aware datetimes."""
    p = [((APPOINTMENT, 0x820D), TIME, start), ((APPOINTMENT, 0x820E), TIME, end), ((APPOINTMENT, 0x8201), LONG, sequence),
         ((MEETING, 0x23), BINARY, global_id(uid)), ((MEETING, 0x03), BINARY, gid or global_id(uid)), (0x0070, UNICODE, subject)]
    if changed:
        p.append(((MEETING, 0x1A if what in ("REQUEST", "CANCEL") else 0x01), TIME, changed))
    return message("IPM.Schedule." + METHODS[what], p + list(properties), **more)


# --- seeds

def seeds():
    at = lambda *a: datetime.datetime(*a, tzinfo=UTC)
    local = datetime.datetime
    day = lambda d, h: at(2026, 3, d, h)
    html = ("{\\rtf1\\ansi\\ansicpg1252\\fromhtml1 \\deff0{\\fonttbl{\\f0\\fswiss Arial;}{\\f1\\fcharset204 Arial;}}{\\colortbl;\\red0\\green0\\blue0;}"
            "{\\*\\htmltag19 <html>}{\\*\\htmltag50 <body>}{\\*\\htmltag64 <p>}\\htmlrtf {\\htmlrtf0 Bonjour Camille, \\u8211 ? d\\'e9j\\'e0 "
            "{\\*\\htmltag84 &nbsp;}\\{vu\\}\\htmlrtf  hidden}\\htmlrtf0 {\\*\\htmltag72 </p>}\\htmlrtf\\par\\htmlrtf0 "
            "\\htmlrtf {\\f1\\htmlrtf0 \\'cf\\'f0\\'e8\\'e2\\'e5\\'f2\\htmlrtf }\\htmlrtf0 {\\*\\mhtmltag1 <x>}{\\*\\htmltag58 </body></html>}}").encode()
    plain = (b"{\\rtf1\\ansi{\\fonttbl\\f0\\fswiss Helvetica;}{\\info{\\title No}}{\\pict\\bin5 }{}{}}\\f0\\pard Dear \\b Camille\\b0 ,\\par\r\nsee "
             b"{\\field{\\*\\fldinst HYPERLINK \"https://x.example\"}{\\fldrslt the plan}}\\line\\uc2\\u8364 ?? 5 \\emdash\\u-10179 ??\\u-8704 ??\\tab x\\~y\\_z\\par}")
    text = [(0x1000, UNICODE, "Peux-tu m’envoyer le devis ?")]
    weekly = pattern(0x200B, 1, 1, local(2026, 3, 3, 10), local(2026, 3, 3, 11), (0b0000100,), deleted=[local(2026, 3, 17)],
                     moved=[(local(2026, 3, 25, 15), local(2026, 3, 25, 16), local(2026, 3, 24, 10), 0x11,
                             struct.pack("<HH", 4, 3) + b"New" + struct.pack("<HH", 5, 4) + b"Room" + bytes(8))])
    series = lambda p, z=((APPOINTMENT, 0x8233), BINARY, zone_struct()): [((APPOINTMENT, 0x8223), BOOLEAN, 1), ((APPOINTMENT, 0x8216), BINARY, p), z]
    rule = lambda *a, **k: meeting("REQUEST", day(3, 9), day(3, 10), "series@dupont.example",
                                   properties=series(pattern(*a[:3], local(2026, 3, 3, 10), local(2026, 3, 3, 11), *a[3:], **k)))
    row = lambda name, kind, mail, flags=1, to=1: property_list([(0x3001, UNICODE, name), (0x3002, STRING8, kind), (0x3003, STRING8, mail),
                                                                (0x5FFD, LONG, flags), (0x0C15, LONG, to)])
    table = struct.pack("<I", 4) + row("Jean", "SMTP", "jean@dupont.example", 3) + row("Camille", "SMTP", "camille@studio.example") + \
        row("Inside", "EX", "/O=DUPONT/CN=X") + row("Room", "SMTP", "room@dupont.example", 1, 3)
    ics = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:in-tnef\r\nDTSTART:20260312T140000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    return {
        "text": message(properties=text),
        "text8": message(properties=[(0x1000, STRING8, "Déjà vu".encode("cp1252") + b"\0")]),
        "text8-cyrillic": message(page=1251, properties=[(0x1000, STRING8, "Привет, Камилла".encode("cp1251") + b"\0")]),
        "attributes": message(before=[attribute(1, SUBJECT, b"Old subject\0"), attribute(1, BODY, b"Old body\r\nsecond line\0")]),
        "html": message(properties=[(0x3FDE, LONG, 65001), (0x1013, BINARY, "<html><body><p>Déjà <b>vu</b></p></body></html>".encode())]),
        "html-1252": message(properties=[(0x3FDE, LONG, 28591), (0x1013, BINARY, "<p>Déjà vu</p>".encode("cp1252"))]),
        "rtf-html": message(properties=[(0x1009, BINARY, compress(html))]),
        "rtf-plain": message(properties=[(0x1009, BINARY, uncompressed(plain))]),
        "rtf-cut": message(properties=[(0x1009, BINARY, compress(html)[:200])]),
        "named-by-text": message(properties=[((APPOINTMENT, "Keywords"), UNICODE | MULTIPLE, ["a", "bc"]), ((COMMON, 0x8580), LONG, 7)] + text),
        "attachments": message(properties=text, after=[
            attachment("Devis août.pdf", b"%PDF", [(0x370E, STRING8, "Application/PDF")]),
            attachment(None, b"old", title="plan.doc"),
            attachment("image001.png", b"x", [(0x3712, UNICODE, "image001@x"), (0x3714, LONG, 4), (0x370E, UNICODE, "image/png")]),
            attachment("Forwarded", b"", [(0x3705, LONG, 5), (0x3701, OBJECT, bytes(16) + message(properties=text))]),
            attachment("bad.bin", b"x", [(0x370E, UNICODE, "no type; at all")])]),
        "ics": message(after=[attachment("invite.ics", ics)]),
        "request": meeting("REQUEST", day(12, 13), day(12, 14), "m1", 2, day(2, 8), "Point, projet; suite"),
        "request-outlook-id": meeting("REQUEST", day(12, 13), day(12, 14)),
        "request-addresses": meeting("REQUEST", day(12, 13), day(12, 14), "m1", properties=[
            (0x0042, UNICODE, "The \"Boss\""), (0x0064, UNICODE, "SMTP"), (0x0065, UNICODE, "boss@dupont.example")],
            before=[attribute(1, RECIPIENTS, table)]),
        "request-exchange-address": meeting("REQUEST", day(12, 13), day(12, 14), "m1", properties=[
            (0x0064, UNICODE, "EX"), (0x0065, UNICODE, "/O=DUPONT/CN=BOSS")]),
        "request-all-day": meeting("REQUEST", at(2026, 3, 11, 23), at(2026, 3, 12, 23), "day", properties=[
            ((APPOINTMENT, 0x8215), BOOLEAN, 1), ((APPOINTMENT, 0x8224), LONG, 0)]),
        "request-old-class": message("IPM.Microsoft Schedule.MtgReq", [(0x0060, TIME, day(12, 13)), (0x0061, TIME, day(12, 14))]),
        "request-no-start": message("IPM.Schedule.Meeting.Request", [((MEETING, 0x03), BINARY, global_id("m1"))]),
        "request-wrong-checksum": meeting("REQUEST", day(12, 13), day(12, 14), "m1", wrong=True),
        "cancel": meeting("CANCEL", day(12, 13), day(12, 14), "m1", 3, day(4, 8)),
        "cancel-instance": meeting("CANCEL", day(12, 13), day(12, 14), "m1", 3, day(4, 8), gid=global_id("m1", local(2026, 3, 12)),
                                   properties=[((APPOINTMENT, 0x8228), TIME, day(12, 9)), ((MEETING, 0x0A), BOOLEAN, 1)]),
        "cancel-instance-by-day": meeting("CANCEL", day(12, 13), day(12, 14), "m1", 3, day(4, 8), gid=global_id("m1", local(2026, 3, 12)), properties=[
            ((APPOINTMENT, 0x825E), BINARY, zone_definition("Romance Standard Time")), ((MEETING, 0x0E), LONG, 10 << 12 | 30 << 6)]),
        "cancel-instance-unknown": meeting("CANCEL", day(12, 13), day(12, 14), "m1", 3, gid=global_id("m1", local(2026, 3, 12))),
        "accepted": meeting("ACCEPTED", day(12, 13), day(12, 14), "m1", 2, day(3, 8)),
        "declined": meeting("DECLINED", day(12, 13), day(12, 14), "m1", 2, day(3, 8)),
        "counter": meeting("TENTATIVE", day(12, 13), day(12, 14), "m1", 2, day(3, 8), properties=[
            ((APPOINTMENT, 0x8257), BOOLEAN, 1), ((APPOINTMENT, 0x8250), TIME, day(13, 8)), ((APPOINTMENT, 0x8251), TIME, day(13, 9))]),
        "series": meeting("REQUEST", day(3, 9), day(3, 10), "series@dupont.example", properties=series(weekly)),
        "series-named-zone": meeting("REQUEST", day(3, 9), day(3, 10), "series@dupont.example", properties=series(
            weekly, ((APPOINTMENT, 0x825E), BINARY, zone_definition("Romance Standard Time")))),
        "series-no-zone": meeting("REQUEST", day(3, 9), day(3, 10), "series@dupont.example", properties=series(weekly)[:2]),
        "series-cut": meeting("REQUEST", day(3, 9), day(3, 10), "series@dupont.example", properties=series(weekly[:40])),
        "series-daily": rule(0x200A, 0, 2 * 1440, end_type=0x2022, count=5),
        "series-weekdays": rule(0x200A, 1, 1, (0b0111110,), end_type=0x2021, last=local(2026, 4, 30)),
        "series-monthly": rule(0x200C, 2, 1, (31,)),
        "series-second-tuesday": rule(0x200C, 3, 1, (0b0000100, 2)),
        "series-last-weekday": rule(0x200C, 3, 1, (0b0111110, 5)),
        "series-yearly": rule(0x200D, 2, 12, (3,)),
        "series-moon": rule(0x200C, 10, 1, (3,)),
        "receipt": message("IPM.Microsoft Mail.Read Receipt", text),
        "out-of-office": message("IPM.Note.Rules.OofTemplate.Microsoft", text),
        "cut": message(properties=text)[:-20],
        "garbage": message(properties=text) + b"\x7f-- list footer --",
        "empty": stream(),
        "not": b"not a winmail.dat",
    }


def main():
    for name, data in seeds().items():
        with open(os.path.join(sys.argv[1], name + ".tnef"), "wb") as f:
            f.write(data)


if __name__ == "__main__":
    main()
