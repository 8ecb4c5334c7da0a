"""What the role that serves the pantry may change: a jar may be opened, and thrown away."""

from kit.rights import Grants, Rights

GRANTS: Grants = {"jars": Rights(("opened_at",), deletes=True)}
