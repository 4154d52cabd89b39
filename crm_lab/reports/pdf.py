"""Reports as PDF with fpdf2, which is pure Python: 7 MB with what it needs, where WeasyPrint wants Pango from the system."""

from __future__ import annotations

from bisect import bisect_right
from importlib.resources import as_file, files
from typing import Any

from fpdf import FPDF

from crm_lab.i18n import _
from crm_lab.reports.drawing import Shape, drawn
from crm_lab.reports.layout import Chart, Kind, Report, Table, shown

MARGIN, SMALL, BODY, HEADING, TITLE = 16, 8, 9, 11, 17
LEADING, PADDING, GAP, PAGE_NUMBER = 4.0, 0.9, 1.0, 20.0
CHART_HEIGHT, HEAD_ROOM, LETTERS, POINTS_A_MM = 46.0, 8.0, 2.5, 72 / 25.4
INK, SOFT, LINE = (31, 29, 27), (107, 103, 99), (205, 201, 197)
RED = (179, 38, 30)


class _Page(FPDF):
    """A4 with the sender and the page number at the foot."""

    def __init__(self, report: Report) -> None:
        super().__init__("landscape" if report.is_wide else "portrait", "mm", "A4")
        self._report = report
        add_fonts(self)
        self.set_margins(MARGIN, MARGIN)
        self.set_auto_page_break(auto=True, margin=MARGIN + 6)
        self.set_title(report.title)
        self.set_author(report.sender)
        self.set_lang(report.language)
        self.alias_nb_pages()

    def footer(self) -> None:
        """Who sends it, and which page this is."""
        self.set_y(-MARGIN)
        self.set_font("Inter", "", SMALL)
        self.set_text_color(*SOFT)
        self.cell(0, 5, self._report.sender, align="L")
        self.set_x(self.w - self.r_margin - PAGE_NUMBER)
        self.cell(PAGE_NUMBER, 5, _("Page {page} of {pages}", page=self.page_no(), pages="{nb}"))


def add_fonts(pdf: FPDF) -> None:
    """Our letters, with others for what they lack, and little room beside a cell's text."""
    fonts = files("crm_lab.reports") / "fonts"
    for family, style, name in (("Inter", "", "inter-regular"), ("Inter", "B", "inter-semibold"), ("Other", "", "dejavu-other-letters")):
        with as_file(fonts / f"{name}.ttf") as path:
            pdf.add_font(family, style, path)
    pdf.set_fallback_fonts(["Other"], exact_match=False)
    pdf.c_margin = GAP


def to_pdf(report: Report) -> bytes:
    """The report on A4 pages; heads of tables are repeated on each."""
    pdf = _Page(report)
    pdf.add_page()
    _write_head(pdf, report)
    _draw_charts(pdf, report.charts)
    for table in report.tables:
        _write_table(pdf, table)
    pdf.ln(4)
    _font(pdf, SMALL, SOFT)
    for note in report.notes:
        pdf.multi_cell(0, 4.2, plain(note), new_x="LMARGIN", new_y="NEXT")
    return bytes(pdf.output())


def _font(pdf: FPDF, size: float, color: tuple[int, int, int] = INK, style: str = "") -> None:
    pdf.set_font("Inter", style, size)
    pdf.set_text_color(*color)


def _write_head(pdf: FPDF, report: Report) -> None:
    _font(pdf, BODY, SOFT)
    pdf.cell(0, 5, plain(report.sender), new_x="LMARGIN", new_y="NEXT")
    _font(pdf, TITLE, INK, "B")
    pdf.cell(0, 12, plain(report.title), new_x="LMARGIN", new_y="NEXT")
    pdf.ln(2)
    top, bottom = pdf.get_y(), pdf.get_y()
    _font(pdf, BODY + 1)
    for line in report.recipient:
        pdf.cell(pdf.epw * 0.55, 5, plain(line), new_x="LMARGIN", new_y="NEXT")
        bottom = pdf.get_y()
    pdf.set_y(top)
    for label, text in report.facts:
        pdf.set_x(pdf.l_margin + pdf.epw * 0.6)
        _font(pdf, BODY, SOFT)
        pdf.cell(pdf.epw * 0.18, 5, plain(label))
        _font(pdf, BODY)
        pdf.cell(pdf.epw * 0.22, 5, plain(text), align="R", new_x="LMARGIN", new_y="NEXT")
    pdf.set_y(max(bottom, pdf.get_y()) + 3)


def _draw_charts(pdf: FPDF, charts: tuple[Chart, ...]) -> None:
    """The first as wide as the page, the others two beside each other."""
    for n, chart in enumerate(charts):
        is_left, wide = n % 2 == 1 or n == 0, pdf.epw if n == 0 else (pdf.epw - MARGIN) / 2
        if is_left and pdf.will_page_break(CHART_HEIGHT + HEAD_ROOM):
            pdf.add_page()
        top, left = pdf.get_y(), pdf.l_margin if is_left else pdf.l_margin + wide + MARGIN
        pdf.set_xy(left, top)
        _font(pdf, HEADING, INK, "B")
        pdf.cell(wide, HEAD_ROOM, plain(chart.heading))
        for shape in drawn(chart.traces, chart.layout, wide, CHART_HEIGHT, LETTERS):
            _draw(pdf, shape, left, top + HEAD_ROOM)
        is_last = n == len(charts) - 1
        pdf.set_xy(pdf.l_margin, top + HEAD_ROOM + CHART_HEIGHT + 3 if n == 0 or not is_left or is_last else top)


def _draw(pdf: FPDF, shape: Shape, left: float, top: float) -> None:
    points = [(left + x, top + y) for x, y in shape.points]
    color = _rgb(shape.color)
    if shape.kind == "text":
        _font(pdf, LETTERS * POINTS_A_MM, color)
        (x, y), text = points[0], plain(shape.text)
        pdf.text(x - pdf.get_string_width(text) * {"start": 0.0, "middle": 0.5, "end": 1.0}[shape.anchor], y, text)
        return
    pdf.set_fill_color(*color)
    pdf.set_draw_color(*color)
    pdf.set_line_width(shape.width / POINTS_A_MM)
    if shape.kind == "rect":
        (x1, y1), (x2, y2) = points
        pdf.rect(x1, y1, x2 - x1, y2 - y1, style="F")
    elif shape.kind == "area":
        pdf.polygon(points, style="F")
    else:
        if shape.is_dashed:
            pdf.set_dash_pattern(dash=1, gap=0.8)
        pdf.polyline(points)
        pdf.set_dash_pattern()


def _rgb(color: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(color[1:])
    return red, green, blue


def _write_table(pdf: FPDF, table: Table) -> None:
    if pdf.will_page_break(28):
        pdf.add_page()
    if table.heading:
        pdf.ln(4)
        _font(pdf, HEADING, INK, "B")
        pdf.cell(0, 7, plain(table.heading), new_x="LMARGIN", new_y="NEXT")
    if not table.rows:
        _font(pdf, BODY, SOFT)
        pdf.cell(0, 6, plain(table.empty), new_x="LMARGIN", new_y="NEXT")
        return
    widths = [pdf.epw * c.weight / sum(column.weight for column in table.columns) for c in table.columns]
    _write_heads(pdf, table, widths)
    for row in table.rows:
        _write_row(pdf, table, widths, row)
    if table.has_total:
        _write_row(pdf, table, widths, table.sums, is_total=True)


def _write_heads(pdf: FPDF, table: Table, widths: list[float]) -> None:
    """The names of the columns, at the foot of their cells, above a line."""
    _font(pdf, SMALL, SOFT)
    texts = [lines_within(pdf, plain(column.label), width) for column, width in zip(table.columns, widths, strict=True)]
    deepest = max(map(len, texts))
    aligned = [[""] * (deepest - len(lines)) + lines for lines in texts]
    _put(pdf, table, widths, aligned)
    pdf.set_draw_color(*INK)
    pdf.line(pdf.l_margin, pdf.get_y(), pdf.w - pdf.r_margin, pdf.get_y())


def _write_row(pdf: FPDF, table: Table, widths: list[float], values: tuple[Any, ...], *, is_total: bool = False) -> None:
    """A row, on the next page under the heads where it does not fit on this."""
    _font(pdf, SMALL + 0.5, INK, "B" if is_total else "")
    texts = []
    for n, (column, value, width) in enumerate(zip(table.columns, values, widths, strict=True)):
        text = plain(shown(value, Kind.TEXT if is_total and n == 0 else column.kind))
        is_long = column.kind is Kind.TEXT and not (is_total and n == 0)
        texts.append(lines_within(pdf, text, width) if is_long else [text])
    if pdf.will_page_break(max(map(len, texts)) * LEADING + 2 * PADDING):
        pdf.add_page()
        _write_heads(pdf, table, widths)
        _font(pdf, SMALL + 0.5, INK, "B" if is_total else "")
    reds = [not is_total and c.kind is Kind.AMOUNT and v is not None and v < 0 for c, v in zip(table.columns, values, strict=True)]
    _put(pdf, table, widths, texts, reds)
    pdf.set_draw_color(*(INK if is_total else LINE))
    pdf.line(pdf.l_margin, pdf.get_y(), pdf.w - pdf.r_margin, pdf.get_y())


def _put(pdf: FPDF, table: Table, widths: list[float], texts: list[list[str]], reds: list[bool] | None = None) -> None:
    """Write the cells of a row where the pen is, and put the pen below it. Figures stand to the right."""
    x, y, deepest = pdf.l_margin, pdf.get_y() + PADDING, max(map(len, texts))
    pdf.set_line_width(0.15)
    color: Any = pdf.text_color
    for n, (column, width, lines) in enumerate(zip(table.columns, widths, texts, strict=True)):
        is_left = column.kind in {Kind.TEXT, Kind.DAY}
        if reds and reds[n]:
            pdf.set_text_color(*RED)
        for at, line in enumerate(lines):
            pdf.set_xy(x, y + at * LEADING)
            pdf.cell(width, LEADING, line, align="L" if is_left else "R")
        pdf.set_text_color(color)
        x += width
    pdf.set_xy(pdf.l_margin, y + deepest * LEADING + PADDING)


def lines_within(pdf: FPDF, text: str, width: float) -> list[str]:
    """A text in lines that fit the width; a word too long for one is broken."""
    room = width - 2 * GAP
    if pdf.get_string_width(text) <= room:
        return [text]
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}".strip()
        while pdf.get_string_width(longer) > room:
            if line:
                lines, longer, line = [*lines, line], word, ""
                continue
            fits = max(1, bisect_right(range(1, len(longer) + 1), room, key=lambda n: pdf.get_string_width(longer[:n])))
            lines, longer = [*lines, longer[:fits]], longer[fits:]
        line = longer
    return [*lines, line] if line else lines


def plain(text: str) -> str:
    """Narrow and figure blanks, which fonts lack, as ordinary unbreakable ones."""
    return text.replace("\u202f", "\xa0").replace("\u2007", "\xa0")
