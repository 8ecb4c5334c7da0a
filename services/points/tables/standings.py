"""What `points` knows of members, from their events. No personal data."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from kit.row_digests import row_digest_column
from services.points.tables.base import metadata

standings = sa.Table(
    "standings",
    metadata,
    sa.Column("member_id", sa.Uuid, primary_key=True),
    sa.Column("program_id", sa.Uuid, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("member_version", sa.BigInteger, nullable=False),
    sa.Column("tier", sa.Text, nullable=False, server_default=""),
    sa.Column("segments", ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("attributes", JSONB, nullable=False, server_default="{}"),
    row_digest_column(),
    sa.CheckConstraint("status IN ('active', 'suspended', 'earn_only', 'terminated')", name="status"),
    sa.CheckConstraint("jsonb_typeof(attributes) = 'object'", name="attributes"),
)
