"""Small PDF files, written by hand: independent of what reads and writes them."""


def pdf_of_pages(pages):
    """A PDF of one line of ASCII text a page; "" is a page that only has a drawing."""
    objects = ["<< /Type /Catalog /Pages 2 0 R /Lang (en) >>", ""]
    kids = []
    for text in pages:
        if isinstance(text, str):
            text = [text]
        lines = "".join(
            f"1 0 0 1 72 {720 - 14 * row} Tm ({line}) Tj " for row, line in enumerate(text) if line
        )
        stream = f"BT /F1 12 Tf {lines}ET" if lines else "0 0 100 100 re f"
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 << "
            "/Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >> >> >> "
            f"/Contents {len(objects)} 0 R >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    objects.append("<< /Title (A title) /Author (A. Writer) >>")
    data = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(data))
        data += f"{number} 0 obj\n{content}\nendobj\n".encode("latin-1")
    start = len(data)
    data += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    data += b"".join(f"{offset:010} 00000 n \n".encode() for offset in offsets)
    data += (
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info {len(objects)} 0 R >>\n"
        f"startxref\n{start}\n%%EOF\n"
    ).encode()
    return bytes(data)
