"""A sample file to sell: a PDF of one page, built here so that the demo needs no PDF library."""

_PAGE = (
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
    b"/Resources << /Font << /F1 5 0 R >> >> >>"
)
_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
_OBJECT = b"%d 0 obj\n%s\nendobj\n"
_END = b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"


def sample_pdf(text: str) -> bytes:
    """Return a valid PDF with one line of ASCII text."""
    content = f"BT /F1 24 Tf 72 720 Td ({text}) Tj ET".encode("ascii")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        _PAGE,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        _FONT,
    )
    file, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(file))
        file += _OBJECT % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return file + _END % (len(objects) + 1, table, len(objects) + 1, len(file))
