"""The board pack: six to ten pages, with the same figures as the reports."""

from datetime import UTC, datetime

import pypdfium2
import pytest
from tests.finance.test_tiers import measured, stressed

from tidegate.finance.impairment import impairment_test
from tidegate.finance.revenue import lease_flags
from tidegate.finance.statement import statement
from tidegate.finance.thresholds import ImpairmentRules, SaleMarket, TierRules
from tidegate.finance.tiers import tier_plan
from tidegate.lease import STANDARD_PRODUCTS
from tidegate.web.boardpack import Findings, board_pack


@pytest.fixture(scope="module")
def findings() -> Findings:
    it = measured(own=10_000, idle=17_600)
    found = stressed(it)
    return Findings(
        measured=it,
        stated=statement(it, (), {}),
        stressed=found,
        tested=impairment_test(it, found, ImpairmentRules()),
        planned=tier_plan(it, found, (), TierRules(), SaleMarket()),
        flags=tuple(lease_flags(product) for product, _, _ in STANDARD_PRODUCTS),
    )


@pytest.fixture(scope="module")
def pack(findings: Findings) -> pypdfium2.PdfDocument:
    return pypdfium2.PdfDocument(board_pack(findings, datetime(2026, 9, 1, tzinfo=UTC)))


def texts(pack: pypdfium2.PdfDocument) -> list[str]:
    return [page.get_textpage().get_text_range() for page in pack]


def test_it_has_six_to_ten_pages_that_are_not_bare(pack: pypdfium2.PdfDocument):
    assert 6 <= len(pack) <= 10
    for page in pack:
        pixels = page.render(scale=0.5, grayscale=True).to_numpy()
        inked = (pixels < 200).mean()
        assert inked > 0.005, "a page is all but blank"
        # Nothing runs over the edges.
        assert (pixels[:, :8] > 240).all()
        assert (pixels[:, -8:] > 240).all()


def test_its_figures_are_those_of_the_reports(findings: Findings, pack: pypdfium2.PdfDocument):
    told = texts(pack)
    total = findings.measured.total()
    assert f"{total.net_rent:,.0f}" in told[0]
    assert f"{total.full_cost:,.0f}" in told[0]
    assert f"{findings.stated.result:,.0f}" in "".join(told)
    (unit,) = findings.tested.units
    assert f"{unit.carrying:,.0f}" in "".join(told)
    assert "What it rests on" in told[-1]


def test_names_are_text_and_not_markup(findings: Findings):
    import dataclasses  # noqa: PLC0415

    books = dataclasses.replace(findings.measured.books, name='#panic("x") *bold* $1$ <a>')
    odd = dataclasses.replace(
        findings, measured=dataclasses.replace(findings.measured, books=books)
    )
    first = pypdfium2.PdfDocument(board_pack(odd, datetime(2026, 9, 1, tzinfo=UTC)))[0]
    assert '#panic("x") *bold* $1$ <a>' in first.get_textpage().get_text_range().replace(
        "\r\n", " "
    )
