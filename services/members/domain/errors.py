"""Every way this service says no.

    PROGRAM_NOT_FOUND       NotFound
    MEMBER_NOT_FOUND        NotFound
    VERSION_MISMATCH        Precondition
    MEMBER_TERMINATED       Precondition
    IDENTIFIER_NOT_FOUND    NotFound
    LAST_IDENTIFIER         Precondition
    TOO_MANY_IDENTIFIERS    Precondition
    IDENTIFIER_TAKEN        Conflict
    PROGRAM_EXISTS          Conflict
    API_KEY_NOT_FOUND       NotFound
    CALLER_ROLE_DIFFERS     Precondition
    API_KEY_ALREADY_SHOWN   Precondition
    API_KEY_UNKNOWN         Unauthenticated
    API_KEY_REVOKED         Unauthenticated

In order of precedence: where several apply, the first is said. Malformed requests are refused before, with
INVALID_FIELD. An identifier that the member has already is no refusal: adding it again changes nothing and succeeds.
"""

from __future__ import annotations

import uuid

from kit.errors import Conflict, NotFound, Precondition, Unauthenticated


class ProgramNotFound(NotFound):
    """There is no program of this id on this deployment."""

    reason = "PROGRAM_NOT_FOUND"

    def __init__(self, program_id: uuid.UUID) -> None:
        super().__init__("there is no such program", program_id=str(program_id))


class MemberNotFound(NotFound):
    """The program has no member of this id or identifier."""

    reason = "MEMBER_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("the program has no such member")


class VersionMismatch(Precondition):
    """The member has changed since the caller read it; `version` is the present one."""

    reason = "VERSION_MISMATCH"

    def __init__(self, *, expected_version: int, version: int) -> None:
        super().__init__(
            f"the member is at version {version}, not {expected_version}; read it again and decide anew",
            expected_version=expected_version,
            version=version,
        )


class MemberTerminated(Precondition):
    """The member has left for good and can no longer be changed."""

    reason = "MEMBER_TERMINATED"

    def __init__(self) -> None:
        super().__init__("the member has left the programme for good")


class IdentifierNotFound(NotFound):
    """The member has no identifier of this id."""

    reason = "IDENTIFIER_NOT_FOUND"

    def __init__(self, identifier_id: uuid.UUID) -> None:
        super().__init__("the member has no such identifier", identifier_id=str(identifier_id))


class LastIdentifier(Precondition):
    """Without this identifier the member could not be found any more."""

    reason = "LAST_IDENTIFIER"

    def __init__(self) -> None:
        super().__init__("a member needs one identifier to be found by; add another first")


class TooManyIdentifiers(Precondition):
    """The member has as many identifiers as a member may have."""

    reason = "TOO_MANY_IDENTIFIERS"

    def __init__(self, identifiers_max: int) -> None:
        super().__init__(f"a member has {identifiers_max} identifiers at most", identifiers_max=identifiers_max)


class IdentifierTaken(Conflict):
    """Another member of the program has this identifier. `field` names it in the request, never its value."""

    reason = "IDENTIFIER_TAKEN"

    def __init__(self, field: str) -> None:
        super().__init__(f"{field}: another member of the program has this identifier", field=field)


class ProgramExists(Conflict):
    """A program of this id has been created before."""

    reason = "PROGRAM_EXISTS"

    def __init__(self, program_id: uuid.UUID) -> None:
        super().__init__("there is a program of this id already", program_id=str(program_id))


class ApiKeyNotFound(NotFound):
    """The program has no API key of this id."""

    reason = "API_KEY_NOT_FOUND"

    def __init__(self, api_key_id: uuid.UUID) -> None:
        super().__init__("the program has no such API key", api_key_id=str(api_key_id))


class CallerRoleDiffers(Precondition):
    """The key to replace has another role, and a caller keeps its role: make a key of a new caller instead."""

    reason = "CALLER_ROLE_DIFFERS"

    def __init__(self, role: str) -> None:
        super().__init__(f"the key to replace has the role {role}, and so must its successor", role=role)


class ApiKeyAlreadyShown(Precondition):
    """The key was created and shown by an earlier call. A caller who missed it revokes it and creates another."""

    reason = "API_KEY_ALREADY_SHOWN"

    def __init__(self, api_key_id: uuid.UUID) -> None:
        super().__init__("this API key was shown when it was created and is not kept", api_key_id=str(api_key_id))


class ApiKeyUnknown(Unauthenticated):
    """No API key has this hash."""

    reason = "API_KEY_UNKNOWN"

    def __init__(self) -> None:
        super().__init__("this API key is not known")


class ApiKeyRevoked(Unauthenticated):
    """The API key has been revoked."""

    reason = "API_KEY_REVOKED"

    def __init__(self) -> None:
        super().__init__("this API key has been revoked")
