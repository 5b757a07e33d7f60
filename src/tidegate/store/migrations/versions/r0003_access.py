"""Tables of those who ask: tenants, keys, people, webhooks, notices, the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_APPEND_ONLY = ("audit_entry", "audit_seal")

_REFUSE_POSTGRES = """
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit log is only ever added to'; END $$
"""


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "tenant",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=True),
        sa.Column("created_s", BIG, nullable=False),
        sa.Column("suspended_s", BIG, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_tenant"),
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=True),
        sa.Column("scopes", sa.Text(), nullable=True),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_s", BIG, nullable=False),
        sa.Column("expires_s", BIG, nullable=True),
        sa.Column("revoked_s", BIG, nullable=True),
        sa.CheckConstraint("role <> 'tenant' OR tenant_id IS NOT NULL", name="ck_api_key_tenant"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_api_key_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_api_key"),
    )
    op.create_index("ix_api_key_tenant_id", "api_key", ["tenant_id", "id"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=True),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("subject", sa.String(length=600), nullable=True),
        sa.Column("created_s", BIG, nullable=False),
        sa.Column("disabled_s", BIG, nullable=True),
        sa.CheckConstraint("role <> 'tenant' OR tenant_id IS NOT NULL", name="ck_person_tenant"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_person_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.UniqueConstraint("email", name="uq_person_email"),
        sa.UniqueConstraint("subject", name="uq_person_subject"),
    )
    op.create_index("ix_person_tenant_id", "person", ["tenant_id", "id"], unique=False)
    op.create_table(
        "session",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=40), nullable=False),
        sa.Column("created_s", BIG, nullable=False),
        sa.Column("seen_s", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_session_person_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name="pk_session"),
    )
    op.create_index("ix_session_person_id", "session", ["person_id"], unique=False)
    op.create_table(
        "ticket",
        sa.Column("actor_id", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("at_s", BIG, nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("actor_id", "key", name="pk_ticket"),
    )
    op.create_index("ix_ticket_at_s", "ticket", ["at_s"], unique=False)
    op.create_table(
        "webhook",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=True),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("kinds", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("created_s", BIG, nullable=False),
        sa.Column("old_secret", sa.Text(), nullable=True),
        sa.Column("old_until_s", BIG, nullable=True),
        sa.Column("disabled_s", BIG, nullable=True),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_webhook_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_webhook"),
    )
    op.create_index("ix_webhook_tenant_id", "webhook", ["tenant_id", "id"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("webhook_id", sa.String(length=40), nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=True),
        sa.Column("event_seq", BIG, nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_s", BIG, nullable=False),
        sa.Column("next_s", BIG, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("done_s", BIG, nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'dead')", name="ck_delivery_state"),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhook.id"], name="fk_delivery_webhook_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.UniqueConstraint("webhook_id", "event_seq", name="uq_delivery_webhook_id_event_seq"),
    )
    op.create_index(
        "ix_delivery_due",
        "delivery",
        ["next_s"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("ix_delivery_webhook_id", "delivery", ["webhook_id", "id"], unique=False)
    op.create_table(
        "account_notice",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("headline", sa.Text(), nullable=False),
        sa.Column("at_s", BIG, nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("event_seq", BIG, nullable=False),
        sa.Column("seen_s", BIG, nullable=True),
        sa.Column("mail", sa.String(length=16), nullable=False),
        sa.Column("mail_tries", sa.Integer(), nullable=False),
        sa.Column("mail_next_s", BIG, nullable=False),
        sa.CheckConstraint(
            "mail IN ('none', 'waiting', 'sent', 'dead')", name="ck_account_notice_mail"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"], name="fk_account_notice_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_account_notice"),
        sa.UniqueConstraint("tenant_id", "event_seq", name="uq_account_notice_tenant_id_event_seq"),
    )
    op.create_index(
        "ix_account_notice_due",
        "account_notice",
        ["mail_next_s"],
        unique=False,
        sqlite_where=sa.text("mail = 'waiting'"),
        postgresql_where=sa.text("mail = 'waiting'"),
    )
    op.create_index(
        "ix_account_notice_tenant_id", "account_notice", ["tenant_id", "id"], unique=False
    )
    op.create_table(
        "bookmark",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("seq", BIG, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_bookmark"),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("at_s", BIG, nullable=False),
        sa.Column("actor_id", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("tenant_id", sa.String(length=40), nullable=True),
        sa.Column("act", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entry"),
    )
    op.create_index("ix_audit_entry_tenant_id", "audit_entry", ["tenant_id", "id"], unique=False)
    op.create_table(
        "audit_seal",
        sa.Column("position", BIG, autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_audit_seal"),
        sa.UniqueConstraint("entry_id", name="uq_audit_seal_entry_id"),
    )
    _guard()


def _guard() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_REFUSE_POSTGRES)
        for table in _APPEND_ONLY:
            op.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
            )
        return
    for table in _APPEND_ONLY:
        for deed in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END"
            )


def downgrade() -> None:
    """Undo it."""
    for table in (
        "account_notice",
        "delivery",
        "webhook",
        "session",
        "person",
        "api_key",
        "tenant",
        "ticket",
        "bookmark",
        "audit_seal",
        "audit_entry",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_audit_change()")
