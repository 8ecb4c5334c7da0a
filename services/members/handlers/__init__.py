"""What each RPC does: one transaction, replay first, then the guards in the order of `domain/errors.py`, the work."""

from services.members.handlers.api_keys import ApiKeyHandlers
from services.members.handlers.identifiers import IdentifierHandlers
from services.members.handlers.members import MemberHandlers
from services.members.handlers.programs import ProgramHandlers

__all__ = ["ApiKeyHandlers", "IdentifierHandlers", "MemberHandlers", "ProgramHandlers"]
