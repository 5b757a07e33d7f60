"""A break gives back all that the lease was charged, and a share on top."""

from decimal import Decimal

from hypothesis import given
from tests.billing.making import APRIL, MARCH, MAY, RATES, H, lease, ledgers, record, terms

from tidegate.billing import BreakPolicy, CreditLine, break_credit, month_of, rate
from tidegate.meter import MeterRecord
from tidegate.quantity import Money

POLICY = BreakPolicy()


def told(lines: tuple[CreditLine, ...]) -> list[tuple[str, int, str]]:
    return [(line.text, line.period.start_s, str(line.amount)) for line in lines]


def test_everything_is_refunded_month_by_month_and_thirty_percent_on_top():
    charged = rate(lease(), [record(APRIL - H, 3 * H)]).values()
    credit = break_credit(charged, (), month_of(APRIL), POLICY)
    assert told(credit) == [
        ("refund", MARCH, "16.00 USD"),
        ("refund", APRIL, "32.00 USD"),
        ("credit", APRIL, "14.40 USD"),
    ]


def test_it_is_given_once():
    charged = list(rate(lease(), [record(MARCH, H)]).values())
    credit = break_credit(charged, (), month_of(MARCH), POLICY)
    assert break_credit(charged, credit, month_of(MARCH), POLICY) == ()


def test_a_late_fact_adds_what_is_lacking_and_never_takes_back():
    first = break_credit(rate(lease(), [record(MARCH, H)]).values(), (), month_of(MARCH), POLICY)
    more = rate(lease(), [record(MARCH, 2 * H)]).values()
    assert told(break_credit(more, first, month_of(MARCH), POLICY)) == [
        ("refund", MARCH, "16.00 USD"),
        ("credit", MARCH, "4.80 USD"),
    ]
    less = rate(lease(), [record(MARCH, H // 2)]).values()
    assert break_credit(less, first, month_of(MARCH), POLICY) == ()


def test_the_policy_is_a_setting():
    charged = rate(lease(), [record(MARCH, H)]).values()
    half = BreakPolicy(Decimal("0.5"), Decimal(0))
    assert told(break_credit(charged, (), month_of(MARCH), half)) == [("refund", MARCH, "8.00 USD")]


def test_a_lease_that_was_free_gives_nothing_back():
    charged = rate(lease("lea_1", (0, terms("0"))), [record(MARCH, H)]).values()
    assert break_credit(charged, (), month_of(MARCH), POLICY) == ()
    assert break_credit((), (), month_of(MARCH), POLICY) == ()


@given(ledgers(), RATES)
def test_the_tenant_is_left_with_the_share_on_top(records: list[MeterRecord], rate_text: str):
    charged = list(rate(lease("lea_1", (0, terms(rate_text))), records).values())
    zero = Money(Decimal(0), "USD")
    paid = sum((line.amount for line in charged), zero)
    given_back = sum(
        (line.amount for line in break_credit(charged, (), month_of(MAY), POLICY)), zero
    )
    assert given_back == paid + (paid * Decimal("0.30")).rounded()
