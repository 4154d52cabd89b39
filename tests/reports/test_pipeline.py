"""The pipeline on paper: the same figures in every form, each form whole by itself."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, date, datetime

import pandas as pd
import pypdfium2
import pytest
from python_calamine import CalamineWorkbook

from crm_lab.analysis import pipeline
from crm_lab.i18n import number, use_locale
from crm_lab.reports.layout import Kind
from crm_lab.reports.pipeline import PipelineFrames, definitions, made, pipeline_report
from tests.analysis.test_pipeline import frames as frames_of
from tests.analysis.test_pipeline import world

OF, NOW = date(2026, 11, 5), datetime(2026, 12, 1, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def frames() -> PipelineFrames:
    told = frames_of(*world(3, 120))
    return PipelineFrames(opportunities=told["opportunities"], sellers=told["shares"], changes=told["changes"], stages=told["stages"], budgets=told["budgets"])


def test_the_figures_are_those_of_the_analysis(frames: PipelineFrames) -> None:
    months, falls, stages, sold, lost = made(frames, company="Nordlys Bygg AS", of=OF, now=NOW).tables
    wanted = pipeline.by_month(frames.opportunities, frames.budgets, date(2026, 11, 1))
    assert [row[1:7] for row in months.rows] == [tuple(row) for row in wanted[["won", "commit", "best_case", "pipeline", "weighted", "budget"]].to_numpy().tolist()]
    assert sum(row[1] for row in falls.rows[:-1]) == falls.rows[-1][1]
    assert sum(row[1] for row in stages.rows) == (frames.opportunities["status"] == "open").sum()
    assert [row[2] for row in sold.rows] == pipeline.sellers(frames.opportunities, frames.sellers, date(2026, 11, 1), date(2026, 11, 30))["won"].tolist()
    assert sum(row[3] for row in lost.rows) == pytest.approx(1)


def test_as_pdf_it_has_pages_and_definitions(frames: PipelineFrames) -> None:
    with use_locale("nb"):
        data = pipeline_report(frames, company="Nordlys Bygg AS", of=OF, now=NOW)
        text = " ".join(" ".join(page.get_textpage().get_text_range().split()) for page in pypdfium2.PdfDocument(data))
        assert "Pipeline, november 2026" in text
        for said in definitions():
            assert said.split(":")[0] in text
        weighted = pipeline.by_month(frames.opportunities, frames.budgets, date(2026, 11, 1))["weighted"].sum()
        assert number(weighted / 100, 2).replace("\xa0", " ") in text.replace("\xa0", " ")


def test_as_html_it_is_one_file_with_charts(frames: PipelineFrames) -> None:
    page = pipeline_report(frames, company="Nordlys & <Bygg>", of=OF, now=NOW, form="html").decode()
    assert "Nordlys &amp; &lt;Bygg&gt;" in page
    own = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert not re.findall(r"(?:src|href)=", own)
    charts = re.findall(r'Plotly\.newPlot\("chart-(\d)", (\{.*?\})\);</script>', page)
    assert [n for n, _json in charts] == ["1", "2", "3"]
    figure = json.loads(charts[0][1])
    wanted = pipeline.by_month(frames.opportunities, frames.budgets, date(2026, 11, 1))
    assert figure["layout"]["barmode"] == "stack"
    assert figure["data"][0]["y"] == [value / 100 for value in wanted["won"]]


def test_as_excel_it_has_typed_columns_totals_and_definitions(frames: PipelineFrames) -> None:
    book = CalamineWorkbook.from_filelike(io.BytesIO(pipeline_report(frames, company="Nordlys", of=OF, now=NOW, form="xlsx")))
    flat = [cell for row in book.get_sheet_by_index(0).to_python() for cell in row]
    meant = book.get_sheet_by_index(1).to_python()[1:]
    assert [": ".join(filter(None, row)) for row in meant] == list(definitions())
    report = made(frames, company="Nordlys", of=OF, now=NOW)
    sums = [value / 100 for table in report.tables if table.has_total for column, value in zip(table.columns, table.sums, strict=True) if column.is_summed and column.kind is Kind.AMOUNT]
    assert [value for value in sums if value not in flat] == []


def test_as_parquet_it_is_the_opportunities(frames: PipelineFrames) -> None:
    told = pd.read_parquet(io.BytesIO(pipeline_report(frames, company="Nordlys", of=OF, now=NOW, form="parquet")))
    assert told["id"].tolist() == frames.opportunities["id"].tolist()
