"""Earning rules and program settings: small tables that every process reads and few write."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from kit import row_digests
from kit.database import LostRaceError
from kit.page import PageRequest
from services.points import tables
from services.points.domain.earning.rules import EarningRule, RuleState, key_of_old
from services.points.domain.program.policy import ProgramPolicy
from services.points.grants import GRANTS
from services.points.storage.documents import load, terms_document
from services.points.storage.known_members import policy_of


class Rules:
    """Reads and writes of one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def effective(self, program_id: UUID) -> tuple[EarningRule, ...]:
        """Every version that is or was in force, in a fixed order: late purchases earn by ended ones."""
        table = tables.earning_rules
        rows = self._connection.execute(
            sa.select(table)
            .where(table.c.program_id == program_id, table.c.effective_from.is_not(None))
            .order_by(table.c.rule_id, table.c.version)
        )
        return tuple(_rule(row) for row in rows)

    def lock(self, program_id: UUID) -> None:
        """Keeps others from changing the program's rules meanwhile."""
        settings = tables.program_settings
        statement = postgresql.insert(settings).values(
            **row_digests.fresh(self._connection, settings, {"program_id": program_id})
        )
        self._connection.execute(
            statement.on_conflict_do_update(
                constraint=settings.primary_key, set_={"rules_revision": settings.c.rules_revision}
            )
        )

    def keys(self, program_id: UUID) -> dict[str, UUID]:
        """The key of each rule with the rule's id."""
        table = tables.earning_rules
        rows = self._connection.execute(
            sa.select(table.c.rule_id, table.c.key).where(table.c.program_id == program_id, table.c.version == 1)
        )
        return {row.key or key_of_old(row.rule_id): row.rule_id for row in rows}

    def all_versions(self, program_id: UUID) -> list[EarningRule]:
        """All versions of all rules."""
        table = tables.earning_rules
        query = sa.select(table).where(table.c.program_id == program_id).order_by(table.c.rule_id, table.c.version)
        return [_rule(row) for row in self._connection.execute(query)]

    def versions(self, program_id: UUID, rule_id: UUID) -> list[EarningRule]:
        """All versions of a rule, newest first."""
        table = tables.earning_rules
        query = (
            sa.select(table)
            .where(table.c.program_id == program_id, table.c.rule_id == rule_id)
            .order_by(table.c.version.desc())
        )
        return [_rule(row) for row in self._connection.execute(query)]

    def latest(self, program_id: UUID, page: PageRequest) -> list[EarningRule]:
        """Each rule in its latest version, by name, one more than the page is long."""
        table = tables.earning_rules
        newest = (
            sa.select(table)
            .where(table.c.program_id == program_id)
            .ext(postgresql.distinct_on(table.c.rule_id))
            .order_by(table.c.rule_id, table.c.version.desc())
            .subquery()
        )
        query = sa.select(newest).order_by(newest.c.name, newest.c.rule_id).limit(page.size + 1)
        if page.after:
            name, rule_id = page.after
            query = query.where(sa.tuple_(newest.c.name, newest.c.rule_id) > (name, UUID(rule_id)))
        return [_rule(row) for row in self._connection.execute(query)]

    def put(self, *rules: EarningRule) -> None:
        """Writes versions as they now stand, in the order given, and tells every process that rules have changed."""
        for rule in rules:
            values = row_digests.fresh(self._connection, tables.earning_rules, _columns(rule))
            statement = postgresql.insert(tables.earning_rules).values(**values)
            # The terms of a version are what they were when it was written: another wish is another version.
            changing = {name: values[name] for name in GRANTS["earning_rules"].changes if name != row_digests.COLUMN}
            after = row_digests.changed(self._connection, tables.earning_rules, changing)
            self._connection.execute(
                statement.on_conflict_do_update(constraint=tables.earning_rules.primary_key, set_=after)
            )
        settings = tables.program_settings
        first = {"program_id": rules[0].program_id, "rules_revision": 1}
        next_one = {"rules_revision": settings.c.rules_revision + 1}
        statement = postgresql.insert(settings).values(**row_digests.fresh(self._connection, settings, first))
        self._connection.execute(
            statement.on_conflict_do_update(
                constraint=settings.primary_key, set_=row_digests.changed(self._connection, settings, next_one)
            )
        )

    def policy(self, program_id: UUID, *, lock: bool = False) -> ProgramPolicy:
        """The program's policy, or the default."""
        settings = tables.program_settings
        query = sa.select(settings).where(settings.c.program_id == program_id)
        if lock:
            query = query.with_for_update()
        row = self._connection.execute(query).one_or_none()
        if row is None:
            return ProgramPolicy(program_id)
        return policy_of(program_id, row)

    def put_policy(self, policy: ProgramPolicy) -> None:
        """Writes the program's policy in its next version; the race is lost when another has written that."""
        settings = tables.program_settings
        chosen = {
            "shortfall": policy.shortfall.value,
            "adjustment_limit": policy.adjustment_limit,
            "transfers": sa.null() if policy.transfers is None else asdict(policy.transfers),
            "unspendable_wallets": list(policy.unspendable_wallets),
            "inactivity_activities": [kind.value for kind in policy.inactivity_activities],
            "time_zone": policy.time_zone,
            "policy_version": policy.version,
        }
        fresh = row_digests.fresh(self._connection, settings, {"program_id": policy.program_id, **chosen})
        statement = postgresql.insert(settings).values(**fresh)
        written = self._connection.execute(
            statement.on_conflict_do_update(
                constraint=settings.primary_key,
                set_=row_digests.changed(self._connection, settings, chosen),
                where=settings.c.policy_version == policy.version - 1,
            ).returning(settings.c.policy_version)
        )
        if written.one_or_none() is None:
            raise LostRaceError


def _columns(rule: EarningRule) -> dict[str, Any]:
    return {
        "program_id": rule.program_id,
        "rule_id": rule.rule_id,
        "version": rule.version,
        "key": rule.key,
        "state": rule.state.value,
        "name": rule.terms.name,
        "terms": terms_document.dump_python(rule.terms, mode="json"),
        "created_at": rule.created_at,
        "activated_at": rule.activated_at,
        "ended_at": rule.ended_at,
        "effective_from": rule.effective_from,
        "effective_until": rule.effective_until,
    }


def _rule(row: Any) -> EarningRule:
    return EarningRule(
        rule_id=row.rule_id,
        program_id=row.program_id,
        version=row.version,
        state=RuleState(row.state),
        terms=load(terms_document, row.terms),
        created_at=row.created_at,
        activated_at=row.activated_at,
        ended_at=row.ended_at,
        effective_from=row.effective_from,
        effective_until=row.effective_until,
        key=row.key or key_of_old(row.rule_id),
    )
