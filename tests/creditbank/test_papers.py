"""Papers: the signed file is inside, the text can be read, and a photo of the code is enough."""

import io

import pypdf
import pytest
import zxingcpp
from PIL import Image

from tests.creditbank import certified
from xueqiao.creditbank import credentials
from xueqiao.creditbank.credentials import addresses, handed_in
from xueqiao.creditbank.credentials.paper import sheets
from xueqiao.kernel.signing import baking

pytestmark = pytest.mark.django_db


@pytest.fixture
def certificate():
    return certified.issued()[0]


def photo(certificate, *, turned=0, kind="JPEG"):
    """The picture of a certificate as a phone takes it: larger, turned, without what was baked."""
    picture = Image.open(io.BytesIO(sheets.png(certificate))).convert("RGB")
    out = io.BytesIO()
    picture.rotate(turned, expand=True, fillcolor="white").resize((900, 900)).save(out, kind)
    return out.getvalue()


def test_the_pdf_is_an_archive_with_the_signed_file_attached(certificate):
    raw = sheets.pdf(certificate)
    assert raw == sheets.pdf(certificate), "the same certificate gives the same bytes"
    paper = pypdf.PdfReader(io.BytesIO(raw))
    [attached] = paper.attachment_list
    assert (attached.name, attached.content.decode()) == (
        "certificate.json",
        certificate.document,
    )
    marks = paper.xmp_metadata.rdf_root.toxml()
    assert "<pdfaid:part>3</pdfaid:part>" in marks
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in marks
    text = paper.pages[0].extract_text()
    for part in ("学分证书", "示例开放大学", certificate.person.name, "优秀 Distinction", "60"):
        assert part in text
    assert str(certificate.key) in text


def test_the_pictures_carry_the_signed_file_and_the_code(certificate):
    raw = sheets.png(certificate)
    assert baking.from_png(raw) == certificate.document
    [code] = zxingcpp.read_barcodes(Image.open(io.BytesIO(raw)))
    assert code.text == addresses.checking(certificate.key)
    assert baking.from_svg(sheets.svg(certificate).decode()) == certificate.document


def test_whatever_form_is_handed_in_the_certificate_is_found(certificate):
    whole = handed_in.Found(text=certificate.document)
    assert handed_in.read(certificate.document.encode()) == whole
    assert handed_in.read(sheets.pdf(certificate)) == whole
    assert handed_in.read(sheets.png(certificate)) == whole
    assert handed_in.read(sheets.svg(certificate)) == whole
    link = handed_in.Found(link=addresses.checking(certificate.key))
    for turned in (0, 7, 90):
        assert handed_in.read(photo(certificate, turned=turned)) == link
    assert handed_in.read(photo(certificate, kind="PNG")) == link
    assert handed_in.read(photo(certificate, kind="WEBP")) == link


def test_a_changed_byte_in_the_attachment_is_found_by_the_checks(certificate):
    changed = certificate.document.replace('"creditsEarned":60', '"creditsEarned":90')
    baked = baking.into_png(sheets.png(certificate), changed)
    found = handed_in.read(baked)
    assert credentials.verify(text=found.text, now=certified.LATER).codes == ["verify.changed"]


def blank(kind):
    out = io.BytesIO()
    Image.new("RGB", (200, 200), "white").save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize(
    ("raw", "refusal"),
    [
        (blank("PNG"), handed_in.NothingInPicture),
        (blank("JPEG"), handed_in.NothingInPicture),
        (b"\x89PNG\r\n\x1a\nrubbish", handed_in.NothingInPicture),
        (b"\xff\xd8\xff", handed_in.NothingInPicture),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", handed_in.NothingInPicture),
        (b"%PDF-1.7\nrubbish", handed_in.NothingInPdf),
        (b"x" * (handed_in.LARGEST + 1), handed_in.FileTooLarge),
    ],
    ids=["png", "jpeg", "broken-png", "broken-jpeg", "svg", "pdf", "large"],
)
def test_what_holds_no_certificate_is_named(raw, refusal):
    with pytest.raises(refusal):
        handed_in.read(raw)


def test_a_pdf_without_the_attachment_is_named():
    empty, out = pypdf.PdfWriter(), io.BytesIO()
    empty.add_blank_page(100, 100)
    empty.add_attachment("notes.txt", b"hello")
    empty.write(out)
    with pytest.raises(handed_in.NothingInPdf):
        handed_in.read(out.getvalue())


def test_what_is_not_signed_has_no_paper():
    [waiting] = certified.queued(1)
    with pytest.raises(sheets.NotOnPaper):
        sheets.pdf(waiting)
