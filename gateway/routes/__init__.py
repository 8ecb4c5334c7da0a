"""The routes, a blueprint a word; each function is named like the RPC it calls."""

from __future__ import annotations

from gateway.routes import keys, members, meta, points, rewards

BLUEPRINTS = (members.blueprint, points.blueprint, rewards.blueprint, keys.blueprint)
META = meta.blueprint
