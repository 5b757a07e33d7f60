"""Languages: complete, chosen as the reader wishes, with numbers and times as the reader writes them."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.catalogues import FOLDER, texts, updated

from tidegate.lease.product import STANDARD_PRODUCTS, Product, ProductKind
from tidegate.web.console.figures import Figures
from tidegate.web.console.pages import short_id
from tidegate.web.console.texts import Texts
from tidegate.web.language import CODES, SOURCE, catalogue, chosen_language

PLACE = re.compile(r"%\((\w+)\)s")


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.po")), ids=lambda file: file.stem)
def test_every_text_has_its_translation_with_the_same_places(file: Path):
    kept = updated(file)
    wanted = [entry.id for entry in texts() if entry.id]
    assert [text for text in wanted if not kept[text].string] == []
    for text in wanted:
        assert isinstance(text, str)
        assert sorted(PLACE.findall(text)) == sorted(PLACE.findall(str(kept[text].string))), text


def test_there_is_a_catalogue_for_every_language():
    assert sorted(file.stem for file in FOLDER.glob("*.po")) == sorted(set(CODES) - {SOURCE})
    assert catalogue("zh_Hant").gettext("Sign in") == "登入"
    assert catalogue("zh_Hant").gettext("no such text") == "no such text"
    with pytest.raises(KeyError):
        catalogue("xx")


@pytest.mark.parametrize(
    ("cookie", "accept", "wanted"),
    [
        (None, None, "en"),
        ("zh_Hant", "en", "zh_Hant"),
        ("tlh", "zh-TW,zh;q=0.9", "zh_Hant"),
        (None, "zh-HK", "zh_Hant"),
        (None, "de, en;q=0.8, zh-Hant;q=0.9", "zh_Hant"),
        (None, "de-AT", "en"),
        (None, ";q=x,,", "en"),
    ],
)
def test_the_language_is_the_one_chosen_else_the_best_asked_for(
    cookie: str | None, accept: str | None, wanted: str
):
    assert chosen_language(cookie, accept) == wanted


@given(st.text(max_size=60), st.text(max_size=30))
def test_whatever_a_browser_sends_a_language_is_found(accept: str, cookie: str):
    assert chosen_language(cookie, accept) in CODES


def test_figures():
    english = Figures("en")
    assert english.number(1234567) == "1,234,567"
    assert english.number(None) == "–"
    assert english.percent(0.0123, 2) == "1.23\u00a0%"
    assert english.money(Decimal("1234.5"), "USD") == "USD\u00a01,234.50"
    assert english.money(Decimal("1234"), "JPY") == "JPY\u00a01,234"
    assert english.price(Decimal("2.6500"), "USD") == "USD\u00a02.65"
    assert english.price(Decimal("2.6543"), "USD") == "USD\u00a02.6543"
    assert [english.duration(s) for s in (45, 600, 3 * 3600, 36 * 3600, None)] == [
        "45\u00a0s",
        "10\u00a0min",
        "3\u00a0h",
        "1.5\u00a0d",
        "–",
    ]
    assert 'datetime="2026-11-01T00:00:00Z"' in english.time(1793491200)


@pytest.mark.parametrize("code", CODES)
def test_every_product_is_put_into_plain_words(code: str):
    words = Texts(code)
    products = [product for product, _, _ in STANDARD_PRODUCTS]
    products += [Product(kind.value, kind, 3600, 600) for kind in ProductKind]
    for product in products:
        assert words.firmness(product)
        assert words.breaking(product, Decimal("0.3"))


def test_ids_are_shortened_to_what_tells_them_apart():
    assert short_id("lea_1m8a1bar642p1y76azrfe1w48") == "lea…rfe1w48"
    assert short_id("plain") == "plain"
