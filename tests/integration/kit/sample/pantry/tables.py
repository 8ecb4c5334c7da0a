"""One table with one of everything that drift should notice."""

from __future__ import annotations

import sqlalchemy as sa

from kit import database

metadata = database.metadata()

jars = sa.Table(
    "jars",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("label", sa.Text, nullable=False, server_default=sa.text("''")),
    sa.Column("grams", sa.BigInteger, nullable=False),
    sa.Column("opened_at", sa.DateTime(timezone=True)),
    sa.CheckConstraint("grams >= 0", name="grams_not_negative"),
    sa.Index("ix_jars_opened", "opened_at", postgresql_where=sa.text("opened_at IS NOT NULL")),
)
