"""Tables of those who ask: tenants, keys, people, webhooks, notices, the audit log."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table

from tidegate.store.tables.metadata import METADATA
from tidegate.store.types import BIG, JsonText

_ID: Final = sa.String(40)
_NAME: Final = sa.String(200)
_STATE: Final = sa.String(16)
_DIGEST: Final = sa.String(64)

# Times of this room are wall-clock seconds, unless a comment says otherwise.

tenant = Table(
    "tenant",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("name", _NAME, nullable=False),
    Column("email", sa.String(320)),
    Column("created_s", BIG, nullable=False),
    Column("suspended_s", BIG),
)

api_key = Table(
    "api_key",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("name", _NAME, nullable=False),
    Column("role", _STATE, nullable=False),
    Column("tenant_id", _ID, ForeignKey("tenant.id")),
    Column("scopes", JsonText),  # None: all that the role may do
    Column("digest", sa.LargeBinary(32), nullable=False),
    Column("created_s", BIG, nullable=False),
    Column("expires_s", BIG),
    Column("revoked_s", BIG),
    CheckConstraint("role <> 'tenant' OR tenant_id IS NOT NULL", name="tenant"),
    Index("ix_api_key_tenant_id", "tenant_id", "id"),
)

person = Table(
    "person",  # `user` is a word of SQL
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("email", sa.String(320), nullable=False, unique=True),
    Column("name", _NAME, nullable=False),
    Column("role", _STATE, nullable=False),
    Column("tenant_id", _ID, ForeignKey("tenant.id")),
    Column("password_hash", sa.String(255)),
    Column("subject", sa.String(600), unique=True),
    Column("created_s", BIG, nullable=False),
    Column("disabled_s", BIG),
    CheckConstraint("role <> 'tenant' OR tenant_id IS NOT NULL", name="tenant"),
    Index("ix_person_tenant_id", "tenant_id", "id"),
)

session = Table(
    "session",
    METADATA,
    Column("digest", _DIGEST, primary_key=True),
    Column("person_id", _ID, ForeignKey("person.id", ondelete="CASCADE"), nullable=False),
    Column("created_s", BIG, nullable=False),
    Column("seen_s", BIG, nullable=False),
    Index("ix_session_person_id", "person_id"),
)

ticket = Table(
    "ticket",
    METADATA,
    Column("actor_id", _ID, primary_key=True),
    Column("key", sa.String(255), primary_key=True),
    Column("fingerprint", _DIGEST, nullable=False),
    Column("at_s", BIG, nullable=False),
    Column("answer", sa.Text),
    Index("ix_ticket_at_s", "at_s"),
)

webhook = Table(
    "webhook",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("tenant_id", _ID, ForeignKey("tenant.id")),
    Column("url", sa.String(2000), nullable=False),
    Column("kinds", JsonText, nullable=False),
    Column("secret", sa.Text, nullable=False),
    Column("created_s", BIG, nullable=False),
    Column("old_secret", sa.Text),
    Column("old_until_s", BIG),
    Column("disabled_s", BIG),
    Column("trouble", sa.Text, nullable=False),
    Index("ix_webhook_tenant_id", "tenant_id", "id"),
)

delivery = Table(
    "delivery",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("webhook_id", _ID, ForeignKey("webhook.id", ondelete="CASCADE"), nullable=False),
    Column("tenant_id", _ID),
    Column("event_seq", BIG),
    Column("kind", sa.String(40), nullable=False),
    Column("body", sa.Text, nullable=False),
    Column("created_s", BIG, nullable=False),
    Column("next_s", BIG, nullable=False),
    Column("state", _STATE, nullable=False),
    Column("tries", sa.Integer, nullable=False),
    Column("done_s", BIG),
    Column("status", sa.Integer),
    Column("trouble", sa.Text, nullable=False),
    # An event goes to a receiver once, whatever is repeated.
    sa.UniqueConstraint("webhook_id", "event_seq"),
    CheckConstraint("state IN ('waiting', 'delivered', 'dead')", name="state"),
    Index("ix_delivery_webhook_id", "webhook_id", "id"),
    Index(
        "ix_delivery_due",
        "next_s",
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    ),
)

account_notice = Table(
    "account_notice",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("tenant_id", _ID, ForeignKey("tenant.id"), nullable=False),
    Column("kind", sa.String(40), nullable=False),
    Column("subject", _NAME, nullable=False),
    Column("headline", sa.Text, nullable=False),
    Column("at_s", BIG, nullable=False),  # by the fleet's clock
    Column("data", JsonText, nullable=False),
    Column("event_seq", BIG, nullable=False),
    Column("seen_s", BIG),
    Column("mail", _STATE, nullable=False),
    Column("mail_tries", sa.Integer, nullable=False),
    Column("mail_next_s", BIG, nullable=False),
    sa.UniqueConstraint("tenant_id", "event_seq"),
    CheckConstraint("mail IN ('none', 'waiting', 'sent', 'dead')", name="mail"),
    Index("ix_account_notice_tenant_id", "tenant_id", "id"),
    Index(
        "ix_account_notice_due",
        "mail_next_s",
        sqlite_where=sa.text("mail = 'waiting'"),
        postgresql_where=sa.text("mail = 'waiting'"),
    ),
)

bookmark = Table(
    "bookmark",
    METADATA,
    Column("name", _NAME, primary_key=True),
    Column("seq", BIG, nullable=False),
)

audit_entry = Table(
    # Triggers keep rows of this table and the next from being changed or removed.
    "audit_entry",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("at_s", BIG, nullable=False),
    Column("actor_id", _NAME, nullable=False),
    Column("role", _STATE, nullable=False),
    Column("tenant_id", _ID),
    Column("act", sa.String(60), nullable=False),
    Column("subject", _NAME, nullable=False),
    Column("data", sa.Text, nullable=False),  # JSON; read with care: somebody may have been at it
    Index("ix_audit_entry_tenant_id", "tenant_id", "id"),
)

audit_seal = Table(
    "audit_seal",
    METADATA,
    Column("position", BIG, primary_key=True, autoincrement=False),
    # No foreign key: a removed entry is to be found by the check, not hidden by the database.
    Column("entry_id", _ID, nullable=False, unique=True),
    Column("digest", _DIGEST, nullable=False),
)
