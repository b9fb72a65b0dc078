"""Writes hundreds of odd pictures into a folder: odd.py DIR"""

import sys, os, io, struct, zlib, itertools, random, numpy as np
from PIL import Image

d = sys.argv[1]
os.makedirs(d, exist_ok=True)
os.chdir(d)


def pic(w=37, h=21, k=0):
    y, x = np.mgrid[0:h, 0:w]
    return np.stack([(x * 7 + k * 37) % 256, (y * 11 + k * 11) % 256, ((x + y) * 5 + k * 71) % 256], -1).astype(np.uint8)


def put(n, b):
    open(n, "wb").write(b)


I = Image.fromarray(pic())
L = I.convert("L")
al = Image.fromarray((np.arange(37) * 7 % 256).astype(np.uint8)[None].repeat(21, 0))
R = I.copy()
R.putalpha(al)
LA = Image.merge("LA", (L, al))
P = I.quantize(16)
PT = P.copy()
B = L.convert("1")
modes = dict(rgb=I, l=L, rgba=R, la=LA, p=P, b=B, cmyk=I.convert("CMYK"), p256=I.quantize(256), p2=I.quantize(2), p4=I.quantize(4))


def save(n, im, f, **k):
    try:
        b = io.BytesIO()
        im.save(b, f, **k)
        put(n, b.getvalue())
    except Exception as e:
        pass


E = b"Exif\0\0"


def ifd(o, entries, base=8, pre=b"", magic=42):
    return (
        (b"II" if o == "<" else b"MM")
        + struct.pack(o + "HI", magic, base + len(pre))
        + pre
        + struct.pack(o + "H", len(entries))
        + b"".join(struct.pack(o + "HHI", *e[:3]) + e[3] for e in entries)
        + b"\0" * 4
    )


def val(o, typ, v):
    f = {1: "B", 2: "B", 3: "H", 4: "I", 6: "b", 7: "B", 8: "h", 9: "i", 11: "f", 13: "I", 0: "H", 99: "H"}[typ]
    return struct.pack(o + f, v).ljust(4, b"\0")


J = io.BytesIO()
I.save(J, "JPEG", quality=90)
J = J.getvalue()
seg = lambda p, m=0xE1: b"\xff" + bytes([m]) + struct.pack(">H", len(p) + 2) + p
X = b"http://ns.adobe.com/xap/1.0/\0"
ch = lambda t, dd, bad=0: struct.pack(">I", len(dd)) + t + dd + struct.pack(">I", (zlib.crc32(t + dd) ^ bad) & 0xFFFFFFFF)


def raw(a, f=0):
    return b"".join(bytes([f]) + a[y].tobytes() for y in range(a.shape[0]))


a = pic()
h, w = a.shape[:2]


def png(pre=b"", post=b"", data=None, ih=(8, 2, 0), end=ch(b"IEND", b""), split=0):
    z = zlib.compress(raw(a) if data is None else data)
    id = ch(b"IDAT", z) if not split else b"".join(ch(b"IDAT", z[i : i + split]) for i in range(0, len(z), split))
    return b"\x89PNG\r\n\x1a\n" + ch(b"IHDR", struct.pack(">IIBBBBB", w, h, ih[0], ih[1], 0, 0, ih[2])) + pre + id + post + end


exifs = {}
for o in "<>":
    for typ in (0, 1, 2, 3, 4, 6, 7, 8, 9, 11, 13, 99):
        for v in (6,):
            exifs["t%d%s" % (typ, "lb"[o == ">"])] = ifd(o, [(274, typ, 1, val(o, typ, v))])
    for v in range(0, 11):
        exifs["v%d%s" % (v, "lb"[o == ">"])] = ifd(o, [(274, 3, 1, val(o, 3, v))])
    exifs["first" + "lb"[o == ">"]] = ifd(o, [(274, 99, 1, b"\0\0\0\0"), (274, 3, 1, val(o, 3, 8)), (274, 3, 1, val(o, 3, 6))])
    exifs["pre" + "lb"[o == ">"]] = ifd(o, [(271, 2, 3, b"ab\0\0"), (274, 3, 1, val(o, 3, 5)), (0x8769, 4, 1, val(o, 4, 9999))], pre=b"xyz")
    exifs["many" + "lb"[o == ">"]] = ifd(o, [(274, 3, 3, struct.pack(o + "I", 40))]) + b"\0" * 14 + struct.pack(o + "HHH", 7, 1, 1)
    exifs["out" + "lb"[o == ">"]] = ifd(o, [(274, 3, 3, struct.pack(o + "I", 4000))])
    exifs["zero" + "lb"[o == ">"]] = ifd(o, [(274, 3, 0, val(o, 3, 6))])
exifs["cutlist"] = ifd("<", [(274, 3, 1, val("<", 3, 6))])[:15]
exifs["short"] = b"II*\0"
exifs["swapped"] = b"II\0*" + ifd("<", [(274, 3, 1, val("<", 3, 6))])[4:]
for n, e in exifs.items():
    put("exif-%s.jpg" % n, J[:2] + seg(E + e) + J[2:])
    put("exif2-%s.jpg" % n, J[:2] + seg(E + E + e) + J[2:])
    put("exif-%s.png" % n, png(ch(b"eXIf", e)))
    put("exifb-%s.png" % n, png(post=ch(b"eXIf", e)))
    p = b"\nexif\n%8d\n" % len(E + e) + (E + e).hex().encode() + b"\n"
    hexs = (E + e).hex()
    pl = b"\nexif\n%8d\n" % len(E + e) + b"\n".join(hexs[i : i + 72].encode() for i in range(0, len(hexs), 72)) + b"\n"
    put("prof-%s.png" % n, png(ch(b"tEXt", b"Raw profile type exif\0" + pl)))
    put("profz-%s.png" % n, png(post=ch(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(p))))
    put("profi-%s.png" % n, png(ch(b"iTXt", b"Raw profile type exif\0\1\0en\0key\0" + zlib.compress(p))))
    save("exif-%s.webp" % n, I, "WEBP", lossless=True, exif=e)
    save("exife-%s.webp" % n, I, "WEBP", quality=80, exif=E + e)
xmps = {
    "attr": b'<a tiff:Orientation="%d"/>',
    "el": b"<tiff:Orientation>%d</tiff:Orientation>",
    "sq": b"<a tiff:Orientation='%d'/>",
    "sp": b'<a tiff:Orientation = "%d"/>',
    "two": b'<a tiff:Orientation="x"/><tiff:Orientation>%d<',
    "no": b"<a/>%d",
    "dig": b'<a tiff:Orientation="1%d"/>',
}
for n, x in xmps.items():
    for v in (3, 6, 8, 0, 9):
        y = x % v
        m = "%s%d" % (n, v)
        put("xmp-%s.jpg" % m, J[:2] + seg(X + y) + J[2:])
        put("xmpe-%s.jpg" % m, J[:2] + seg(X + y) + seg(E + exifs["v1l"]) + J[2:])
        put("xmpn-%s.jpg" % m, J[:2] + seg(X + y) + seg(E + ifd("<", [(271, 2, 3, b"ab\0\0")])) + J[2:])
        put("xmp-%s.png" % m, png(ch(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + y)))
        put("xmpt-%s.png" % m, png(ch(b"tEXt", b"XML:com.adobe.xmp\0" + y)))
        put("xmpz-%s.png" % m, png(ch(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(y))))
        save("xmp-%s.webp" % m, I, "WEBP", lossless=True, xmp=y)
        save("xmp-%s.tif" % m, I, "TIFF", tiffinfo={700: y})
        save("xmp-%s.gif" % m, P, "GIF")
# split exif
e = E + exifs["v6l"]
put("split.jpg", J[:2] + seg(e[:16]) + seg(E + e[16:]) + J[2:])
for v in range(1, 9):
    for n, m in modes.items():
        save("or%d-%s.tif" % (v, n), m, "TIFF", tiffinfo={274: v})
# all modes, formats and settings of Pillow
for n, m in modes.items():
    for f, x, ks in (
        ("BMP", "bmp", [{}]),
        ("DIB", "dib", [{}]),
        ("GIF", "gif", [{}, {"interlace": 0}, {"optimize": True}]),
        ("PNG", "png", [{}, {"optimize": True}, {"compress_level": 0}]),
        ("TGA", "tga", [{}, {"compression": "tga_rle"}, {"orientation": 1}]),
        ("PPM", "ppm", [{}]),
        ("ICO", "ico", [{"sizes": [(16, 16), (8, 8)]}, {"bitmap_format": "bmp", "sizes": [(16, 16)]}]),
        ("QOI", "qoi", [{}]),
        (
            "JPEG",
            "jpg",
            [
                {},
                {"progressive": True},
                {"quality": 100, "subsampling": 0},
                {"quality": 5},
                {"restart_marker_rows": 1},
                {"keep_rgb": True},
                {"optimize": True, "subsampling": 1},
            ],
        ),
        ("WEBP", "webp", [{}, {"lossless": True}, {"quality": 10, "method": 6}, {"lossless": True, "exact": True}, {"alpha_quality": 20}]),
        (
            "TIFF",
            "tif",
            [
                {"compression": c, "tiffinfo": t, "big_tiff": bt}
                for c in (
                    None,
                    "tiff_lzw",
                    "tiff_deflate",
                    "tiff_adobe_deflate",
                    "packbits",
                    "jpeg",
                    "group3",
                    "group4",
                    "zstd",
                    "tiff_ccitt",
                    "lzma",
                )
                for t in ({}, {317: 2}, {278: 4}, {266: 2}, {262: 0})
                for bt in (False, True)
            ],
        ),
    ):
        for i, k in enumerate(ks):
            save("m-%s-%d.%s" % (n, i, x), m, f, **{kk: vv for kk, vv in k.items() if vv is not None})


# PNG: depths, types, tRNS, Adam7 (written by hand without interlace; Pillow cannot)
def pack(r, b):
    s = "".join(format(int(v), "0%db" % b) for v in r)
    s += "0" * (-len(s) % 8)
    return bytes(int(s[i : i + 8], 2) for i in range(0, len(s), 8))


passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
for bits, ct in [
    (1, 0),
    (2, 0),
    (4, 0),
    (8, 0),
    (16, 0),
    (8, 2),
    (16, 2),
    (1, 3),
    (2, 3),
    (4, 3),
    (8, 3),
    (8, 4),
    (16, 4),
    (8, 6),
    (16, 6),
]:
    n = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[ct]
    rng = np.random.default_rng(bits * 10 + ct)
    v = rng.integers(0, 1 << bits, (h, w, n))
    v[3:9, 3:20] = v[0, 0]
    if bits <= 8 and ct in (4, 6):
        v[2, :, n - 1] = 255
        v[5, :, n - 1] = 0
    pal = ch(b"PLTE", rng.integers(0, 256, 3 * min(256, 1 << bits)).astype(np.uint8).tobytes()) if ct == 3 else b""
    trs = [b""]
    if ct == 0:
        trs += [ch(b"tRNS", struct.pack(">H", int(v[0, 0, 0])))]
    if ct == 2:
        trs += [ch(b"tRNS", struct.pack(">HHH", *map(int, v[0, 0])))]
    if ct == 3:
        trs += [ch(b"tRNS", bytes([0, 128, 255][: min(3, 1 << bits)])), ch(b"tRNS", bytes([0])), ch(b"tRNS", bytes(range(1 << bits)))]
    enc = lambda sub: b"".join(b"\0" + pack(r.ravel(), bits) for r in sub)
    for ti, t in enumerate(trs):
        for il in (0, 1):
            data = enc(v) if not il else b"".join(enc(v[y0::dy, x0::dx]) for x0, y0, dx, dy in passes if v[y0::dy, x0::dx].size)
            put("png-%d-%d-t%d-i%d.png" % (bits, ct, ti, il), png(pal + t, data=data, ih=(bits, ct, il), split=100 if ti else 0))
            put(
                "pngx-%d-%d-t%d-i%d.png" % (bits, ct, ti, il),
                png(pal + t + ch(b"gAMA", struct.pack(">I", 45455)), data=data + b"xx", ih=(bits, ct, il)),
            )
for n, c in dict(
    gama=ch(b"gAMA", b"\0\0\xb1\x8f"),
    badgama=ch(b"gAMA", b"\0\0\xb1\x8f", 1),
    text=ch(b"tEXt", b"a\0b", 1),
    unk=ch(b"prVt", b"z" * 9),
    bkgd=ch(b"bKGD", b"\0\1\0\2\0\3"),
    hist=ch(b"hIST", b"\0\0"),
    sbit=ch(b"sBIT", b"\5\5\5"),
    plte=ch(b"PLTE", b"\1\2\3"),
    emptyidat=ch(b"IDAT", b""),
    badtime=ch(b"tIME", b"\0"),
    phys=ch(b"pHYs", b"\0\0\0\1\0\0\0\1\1"),
).items():
    put("anc-%s.png" % n, png(c))
    put("ancb-%s.png" % n, png(post=c))
put("trail.png", png() + b"junk" * 99)
put("noend.png", png(end=b""))
put("adler.png", png())
put("fcrc.png", png(end=ch(b"IEND", b"", 1)))
put("nopal.png", png(data=raw((a[:, :, :1] % 4).astype(np.uint8)), ih=(8, 3, 0)))


# BMP: all
def bmp(n, hdr, bits, comp, rows, pal=b"", masks=b"", colors=0, down=False, off=None, planes=1, head=None, tail=b"", W=w, H=h):
    if hdr == 12:
        i = struct.pack("<IHHHH", 12, W, H, planes, bits)
    else:
        i = struct.pack("<IiiHHIIiiII", hdr, W, -H if down else H, planes, bits, comp, len(rows), 2835, 2835, colors, 0)[:hdr]
        if hdr >= 52:
            i = (i + masks).ljust(hdr, b"\0")[:hdr]
        else:
            i = i.ljust(hdr, b"\0")
    extra = (masks if hdr < 52 else b"") + pal
    o = 14 + len(i) + len(extra)
    put(n, b"BM" + struct.pack("<IHHI", o + len(rows), 0, 0, o if off is None else off) + i + extra + rows + tail)


def rows(f, down=False):
    return b"".join((lambda x: x + b"\0" * (-len(x) % 4))(f(y)) for y in (range(h) if down else range(h - 1, -1, -1)))


idx = np.add.outer(np.arange(h) * 3, np.arange(w))
for hdr in (12, 16, 40, 52, 56, 64, 108, 124):
    for bits in (1, 4, 8):
        m = (1 << bits) - 1
        rg = np.random.default_rng(bits)
        pal = rg.integers(0, 256, (1 << bits, 3 if hdr == 12 else 4)).astype(np.uint8)
        pal[:, 3:] = 0
        px = rows(lambda y: pack(idx[y] & m, bits))
        bmp("bmp-%d-%d.bmp" % (hdr, bits), hdr, bits, 0, px, pal.tobytes(), colors=0)
        k = max(2, (1 << bits) * 3 // 4)
        if hdr > 16:
            bmp("bmp-%d-%d-less.bmp" % (hdr, bits), hdr, bits, 0, px, pal[:k].tobytes(), colors=k)
        if hdr > 16:
            bmp("bmp-%d-%d-off0.bmp" % (hdr, bits), hdr, bits, 0, px, pal.tobytes(), colors=1 << bits, off=0)
        if hdr > 16:
            bmp(
                "bmp-%d-%d-down.bmp" % (hdr, bits),
                hdr,
                bits,
                0,
                rows(lambda y: pack(idx[y] & m, bits), True),
                pal.tobytes(),
                down=True,
                colors=1 << bits,
            )
        bmp("bmp-%d-%d-gap.bmp" % (hdr, bits), hdr, bits, 0, px, pal.tobytes() + b"gap!", colors=0)
        g = np.linspace(0, 255, 1 << bits).astype(np.uint8)
        gp = np.stack([g, g, g] + ([g * 0] if hdr != 12 else []), -1)
        bmp("bmp-%d-%d-gray.bmp" % (hdr, bits), hdr, bits, 0, px, gp.tobytes())
    al4 = np.dstack([a[:, :, ::-1], (np.arange(w) * 9 % 256).astype(np.uint8)[None].repeat(h, 0)])
    for down in ((False, True) if hdr > 16 else (False,)):
        bmp("bmp-%d-24-%d.bmp" % (hdr, down), hdr, 24, 0, rows(lambda y: a[y, :, ::-1].tobytes(), down), down=down)
        bmp("bmp-%d-32-%d.bmp" % (hdr, down), hdr, 32, 0, rows(lambda y: al4[y].tobytes(), down), down=down)
        p5 = ((a[:, :, 0].astype(int) >> 3) << 10 | (a[:, :, 1].astype(int) >> 3) << 5 | a[:, :, 2] >> 3).astype("<u2")
        p6 = ((a[:, :, 0].astype(int) >> 3) << 11 | (a[:, :, 1].astype(int) >> 2) << 5 | a[:, :, 2] >> 3).astype("<u2")
        bmp("bmp-%d-16-%d.bmp" % (hdr, down), hdr, 16, 0, rows(lambda y: p5[y].tobytes(), down), down=down)
        if hdr > 16 and hdr != 64:
            bmp(
                "bmp-%d-555-%d.bmp" % (hdr, down),
                hdr,
                16,
                3,
                rows(lambda y: p5[y].tobytes(), down),
                masks=struct.pack("<IIII"[: 4 if hdr < 52 else 5], *(0x7C00, 0x3E0, 0x1F, 0)[: 3 if hdr < 52 else 4]),
                down=down,
            )
            bmp(
                "bmp-%d-565-%d.bmp" % (hdr, down),
                hdr,
                16,
                3,
                rows(lambda y: p6[y].tobytes(), down),
                masks=struct.pack("<IIII"[: 4 if hdr < 52 else 5], *(0xF800, 0x7E0, 0x1F, 0)[: 3 if hdr < 52 else 4]),
                down=down,
            )
            for mi, mm in enumerate(
                [
                    (0xFF0000, 0xFF00, 0xFF, 0),
                    (0xFF000000, 0xFF0000, 0xFF00, 0),
                    (0xFF000000, 0xFF00, 0xFF, 0),
                    (0xFF000000, 0xFF0000, 0xFF00, 0xFF),
                    (0xFF, 0xFF00, 0xFF0000, 0xFF000000),
                    (0xFF0000, 0xFF00, 0xFF, 0xFF000000),
                    (0xFF000000, 0xFF00, 0xFF, 0xFF0000),
                    (0, 0, 0, 0),
                    (0xFF, 0xFF00, 0xFF0000, 0),
                ]
            ):
                bmp(
                    "bmp-%d-bf%d-%d.bmp" % (hdr, mi, down),
                    hdr,
                    32,
                    3,
                    rows(lambda y: al4[y].tobytes(), down),
                    masks=struct.pack("<IIII"[: 4 if hdr < 52 else 5], *mm[: 3 if hdr < 52 else 4]),
                    down=down,
                )
# RLE at random
for s in range(60):
    rg = random.Random(s)
    half = s % 2
    comp = 2 if half else 1
    bits = 4 if half else 8
    out = b""
    W, H = 37, 21
    for y in range(H):
        x = 0
        while x < W:
            k = rg.randrange(4)
            if k < 2:
                n = min(rg.randrange(1, 20), W - x)
                out += bytes([n, rg.randrange(256) if half else rg.randrange(16)])
                x += n
            elif k == 2 and W - x >= 3:
                n = min(rg.randrange(3, 20), W - x)
                bb = bytes(rg.randrange(256) if half else rg.randrange(16) for _ in range((n + 1) // 2 if half else n))
                out += bytes([0, n]) + bb + b"\0" * (len(bb) % 2)
                x += n
            elif s > 20 and x < W - 2:
                out += b"\0\2\1\0"
                x += 1
            elif s > 40 and rg.random() < 0.1:
                break
        if s > 50 and y % 5 == 4:
            out += bytes([9, 1])
        out += b"\0\0"
    pal = bytes(rg.randrange(256) if i % 4 < 3 else 0 for i in range(64))
    bmp(
        "rle-%02d.bmp" % s, 40, bits, comp, out + (b"\0\1" if s % 3 else b""), pal, colors=16, down=s % 7 == 0, tail=b"" if s % 5 else b"\0"
    )


# GIF
def lzw(px, bits):
    b = bytearray()
    acc = n = 0
    size = bits + 1
    lim = max(1, (1 << bits) - 2)
    for i, p in enumerate(px):
        for c in ([1 << bits] if i % lim == 0 else []) + [int(p)]:
            acc |= c << n
            n += size
            while n >= 8:
                b.append(acc & 255)
                acc >>= 8
                n -= 8
    acc |= ((1 << bits) + 1) << n
    n += size
    while n > 0:
        b.append(acc & 255)
        acc >>= 8
        n -= 8
    return bytes([bits]) + b"".join(bytes([len(b[i : i + 255])]) + bytes(b[i : i + 255]) for i in range(0, len(b), 255)) + b"\0"


for gi, (glob, loc, tr, inter, box, bits) in enumerate(
    itertools.product((0, 1), (0, 1), (None, 0, 3), (0, 1), ((0, 0, 37, 21), (5, 3, 20, 9), (10, 8, 37, 21)), (2, 4))
):
    px = [(x + 3 * y) % (1 << bits) for y in range(box[3]) for x in range(box[2])]
    pal = bytes((i * 53 + k * 91) % 256 for i in range(1 << bits) for k in range(3))
    pal2 = bytes((i * 31 + k * 17) % 256 for i in range(1 << bits) for k in range(3))
    g = (
        b"GIF89a"
        + struct.pack("<HHBBB", 37, 21, (0x80 | bits - 1) if glob else 0, 2, 0)
        + (pal if glob else b"")
        + (b"!\xfe\3hey\0" if gi % 2 else b"")
        + (b"!\xf9\4" + bytes([1, 0, 0, tr]) + b"\0" if tr is not None else b"")
        + b","
        + struct.pack("<HHHHB", *box, (0x80 | bits - 1 if loc else 0) | (64 if inter else 0))
        + (pal2 if loc else b"")
        + lzw(px, bits)
    )
    put("gif-%03d.gif" % gi, g + [b";", b"", b"junk", b"!\xff\x0bNETSCAPE2.0\3\1\0\0\0,"][gi % 4])
for n, m in modes.items():
    save("anim-%s.gif" % n, m, "GIF", save_all=True, append_images=[m.transpose(0)], disposal=2)
    save("anim-%s.png" % n, m, "PNG", save_all=True, append_images=[m.transpose(0)])
    save("anim-%s.webp" % n, m, "WEBP", save_all=True, append_images=[m.transpose(0)], lossless=n != "rgb")
    save("anim-%s.tif" % n, m, "TIFF", save_all=True, append_images=[m.transpose(0)])
    save("mpo-%s.mpo" % n, m, "MPO", save_all=True, append_images=[m.transpose(0)])
# PNM
for k, (mx) in itertools.product((1, 2, 3, 4, 5, 6), (1, 7, 100, 255, 256, 1000, 65535)):
    n = 3 if k in (3, 6) else 1
    v = np.random.default_rng(k * mx).integers(0, mx + 1, (h, w, n))
    if k in (1, 4):
        if mx != 1:
            continue
        hd = b"P%d %d %d\n" % (k, w, h)
        body = b"".join(b"%d" % x for x in v.ravel()) if k == 1 else b"".join(np.packbits(r.ravel().astype(np.uint8)).tobytes() for r in v)
    else:
        hd = b"P%d\n#c\n %d\t%d\n%d\n" % (k, w, h, mx)
        body = b" ".join(b"%d" % x for x in v.ravel()) if k < 4 else v.astype(">u2" if mx > 255 else np.uint8).tobytes()
    put("pnm-%d-%d.pnm" % (k, mx), hd + body)
# TGA by hand
for kind, depth, mp in ((1, 8, 16), (1, 8, 24), (1, 8, 32), (2, 16, 0), (2, 24, 0), (2, 32, 0), (3, 8, 0), (3, 16, 0)):
    for rle in (0, 8):
        for og in (0, 16, 32, 48):
            rg = np.random.default_rng(kind * depth + mp)
            n = depth // 8
            px = rg.integers(0, 256 if kind != 1 else 20, (h * w, n)).astype(np.uint8)
            px[50:120] = px[50]
            if rle:
                o = b""
                i = 0
                while i < len(px):
                    if i % 3 == 0 or i == 50:
                        kk = min(len(px) - i, 70 if i == 50 else 1)
                        o += bytes([0x80 | kk - 1]) + px[i].tobytes()
                    else:
                        kk = min(2, len(px) - i)
                        o += bytes([kk - 1]) + px[i : i + kk].tobytes()
                    if i % 3 == 0 and kk == 1 and (px[i : i + 1] != px[i]).any():
                        pass
                    i += kk
            else:
                o = px.tobytes()
            hd = (
                struct.pack(
                    "<BBBHHBHHHHBB",
                    3,
                    1 if mp else 0,
                    kind | rle,
                    4 if mp else 0,
                    16 if mp else 0,
                    mp,
                    0,
                    0,
                    w,
                    h,
                    depth,
                    og | (8 if depth == 32 else 0),
                )
                + b"idx"
            )
            put(
                "tga-%d-%d-%d-%d-%d.tga" % (kind, depth, mp, rle, og),
                hd + (rg.integers(0, 256, 16 * mp // 8).astype(np.uint8).tobytes() if mp else b"") + o,
            )
C = io.BytesIO()
I.convert("CMYK").save(C, "JPEG", quality=92)
C = C.getvalue()
kk = C.find(b"\xff\xee")
LL = struct.unpack(">H", C[kk + 2 : kk + 4])[0]
put("j-cmyk-no.jpg", C[:kk] + C[kk + 2 + LL :])
for t in (0, 1, 2, 3):
    put("j-cmyk-%d.jpg" % t, C[: kk + 15] + bytes([t]) + C[kk + 16 :])
k = J.find(b"\xff\xc0")
for ids in ((1, 2, 3), (82, 71, 66), (0, 1, 2), (114, 103, 98), (1, 34, 35)):
    b = bytearray(J)
    s = b.find(b"\xff\xda")
    for i in range(3):
        b[k + 10 + 3 * i] = ids[i]
        b[s + 5 + 2 * i] = ids[i]
    put("j-ids-%d-%d.jpg" % (ids[0], ids[1]), bytes(b))
    q = bytes(b)
    q = q[:2] + q[20:]
    put("j-ids-%d-%d-nojfif.jpg" % (ids[0], ids[1]), q)
    for t in (0, 1, 2):
        put("j-ids-%d-%d-adobe%d.jpg" % (ids[0], ids[1], t), q[:2] + seg(b"Adobe\0d\0\0\0\0" + bytes([t]), 0xEE) + q[2:])
