"""API keys and the seal that keeps them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.control.access import Act, Actor, Role
from tidegate.control.keys import KeyWish, NewKey, check_grant, check_key, make_key, retire
from tidegate.control.seal import Seal
from tidegate.errors import AccessError, RequestError

SEAL = Seal(b"s" * 32)
NOW_S = 1_800_000_000


def new_key(expires_s: int | None = None) -> NewKey:
    return make_key(
        SEAL,
        "key_0123456789abcdef",
        KeyWish("ci", Role.TENANT, "ten_a", frozenset({Act.LEASES_READ}), expires_s),
        NOW_S,
    )


def test_a_key_lets_its_holder_in_as_what_it_is():
    new = new_key()
    key = check_key(SEAL, new.key, new.text, NOW_S)
    assert key.actor == Actor(
        "key_0123456789abcdef", Role.TENANT, "ten_a", frozenset({Act.LEASES_READ})
    )


def test_nothing_kept_or_printed_gives_the_key_away():
    new = new_key()
    secret = new.text.split("_", 2)[2]
    assert len(secret) == 43  # 256 bits in base64url
    assert secret not in repr(new)
    assert secret not in repr(new.key)
    assert secret.encode() not in new.key.digest


def test_two_keys_differ():
    assert new_key().text != new_key().text


@given(st.text(max_size=80))
def test_any_other_text_is_refused(text: str):
    with pytest.raises(AccessError, match="TG-ACCESS-KEY"):
        check_key(SEAL, new_key().key, text, NOW_S)
    with pytest.raises(AccessError, match="TG-ACCESS-KEY"):
        check_key(SEAL, None, text, NOW_S)


def test_a_wrong_secret_or_another_installation_is_refused():
    new = new_key()
    flipped = new.text[:-2] + ("AA" if not new.text.endswith("AA") else "BA")
    with pytest.raises(AccessError, match="TG-ACCESS-KEY"):
        check_key(SEAL, new.key, flipped, NOW_S)
    with pytest.raises(AccessError, match="TG-ACCESS-KEY"):
        check_key(Seal(b"t" * 32), new.key, new.text, NOW_S)


def test_an_expired_key_and_one_rotated_away_are_refused():
    new = new_key(expires_s=NOW_S + 10)
    check_key(SEAL, new.key, new.text, NOW_S + 9)
    with pytest.raises(AccessError):
        check_key(SEAL, new.key, new.text, NOW_S + 10)
    old = retire(new_key().key, NOW_S, 60)
    assert old.works(NOW_S + 59)
    assert not old.works(NOW_S + 60)
    assert retire(new.key, NOW_S, 60).expires_s == NOW_S + 10


def test_nobody_gives_away_more_than_they_have():
    tenant = Actor("usr_t", Role.TENANT, "ten_a")
    check_grant(tenant, Role.TENANT, "ten_a", None)
    check_grant(tenant, Role.VIEWER, "ten_a", [Act.LEASES_READ])
    for role, tenant_id in ((Role.OPERATOR, None), (Role.TENANT, "ten_b"), (Role.VIEWER, None)):
        with pytest.raises(AccessError, match="TG-ACCESS-RIGHT"):
            check_grant(tenant, role, tenant_id, None)
    narrow = Actor("key_n", Role.TENANT, "ten_a", frozenset({Act.KEYS_WRITE, Act.LEASES_READ}))
    with pytest.raises(AccessError, match="TG-ACCESS-RIGHT"):
        check_grant(narrow, Role.TENANT, "ten_a", None)
    check_grant(narrow, Role.TENANT, "ten_a", [Act.LEASES_READ])


def test_a_key_that_cannot_be_is_named_by_field():
    operator = Actor("usr_o", Role.OPERATOR)
    with pytest.raises(RequestError, match="tenant_id"):
        check_grant(operator, Role.TENANT, None, None)
    with pytest.raises(RequestError, match="scopes"):
        check_grant(operator, Role.VIEWER, None, [Act.AUDIT_READ])


@given(st.text(max_size=64))
def test_encrypted_text_is_of_use_for_its_purpose_only(text: str):
    sealed = SEAL.encrypt("cursor", text)
    assert SEAL.decrypt("cursor", sealed) == text
    with pytest.raises(ValueError, match="damaged"):
        SEAL.decrypt("answer", sealed)


@given(st.text(max_size=120))
def test_forged_text_is_refused(text: str):
    with pytest.raises(ValueError, match="damaged"):
        SEAL.decrypt("cursor", text)


def test_encrypted_text_comes_back_only_under_the_same_secret():
    sealed = SEAL.encrypt("webhook", "whsec_abc")
    assert "whsec" not in sealed
    assert SEAL.decrypt("webhook", sealed) == "whsec_abc"
    with pytest.raises(ValueError, match="another secret"):
        Seal(b"t" * 32).decrypt("webhook", sealed)


def test_a_short_secret_is_refused_and_never_printed():
    with pytest.raises(ValueError, match="fewer than 32"):
        Seal(b"short")
    assert "sss" not in repr(SEAL)
