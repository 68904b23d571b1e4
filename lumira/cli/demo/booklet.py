"""A file to sell: a PDF of one page, made here so that the demo needs nothing that draws."""

_PAGE = (
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
    b"/Resources << /Font << /F1 5 0 R >> >> >>"
)
_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
_OBJECT = b"%d 0 obj\n%s\nendobj\n"
_END = b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"


def booklet(text: str) -> bytes:
    """A valid PDF with one line of plain letters."""
    words = f"BT /F1 24 Tf 72 720 Td ({text}) Tj ET".encode("ascii")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        _PAGE,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(words), words),
        _FONT,
    )
    file, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, start=1):
        places.append(len(file))
        file += _OBJECT % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return file + _END % (len(objects) + 1, table, len(objects) + 1, len(file))
