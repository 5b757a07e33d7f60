"""Share out what is scarce: by weight, nobody more than they can take."""

from typing import Any

from tidegate.compiled import inlined


@inlined
def fill(amount: float, weights: Any, caps: Any, shares: Any, count: int) -> float:
    """Write to ``shares`` what each gets of an amount; return what nobody could take.

    In proportion to ``weights``, up to ``caps``; what one cannot take goes to the others
    (equation 11). Weights of those who can still take are positive.
    """
    left = amount
    for i in range(count):
        shares[i] = 0.0
    for _ in range(count):
        total = 0.0
        for i in range(count):
            if shares[i] < caps[i]:
                total += weights[i]
        if left <= 0.0 or total <= 0.0:
            break
        given = 0.0
        for i in range(count):
            if shares[i] < caps[i]:
                part = min(left * weights[i] / total, caps[i] - shares[i])
                shares[i] += part
                given += part
        left -= given
        if left <= amount * 1e-12:
            left = 0.0
            break
    return left
