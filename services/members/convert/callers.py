"""Programs and API keys."""

from __future__ import annotations

from uuid import UUID

from loyalty.members.v1 import members_pb2 as pb

from kit.convert import EnumMap, currency_of, text_of, timestamp_of, uuid_of
from kit.page import Page, PageRequest, page_request
from services.members.domain.api_keys import ApiKey, ShownApiKey
from services.members.domain.callers import CallerRole
from services.members.domain.commands import CreateApiKey, CreateProgram, RevokeApiKey
from services.members.domain.programs import Program

NAME_LENGTH_MAX = 100

ROLES = EnumMap(pb.CallerRole, CallerRole)


def create_program(request: pb.CreateProgramRequest) -> CreateProgram:
    """Reads the request."""
    return CreateProgram(
        program_id=UUID(request.program_id),
        request_id=request.request_id,
        name=request.name,
        currency=currency_of(request.currency, "currency"),
        region=request.region,
    )


def create_program_response(answer: Program) -> pb.CreateProgramResponse:
    """Writes the answer."""
    return pb.CreateProgramResponse(program=program(answer))


def list_programs(request: pb.ListProgramsRequest) -> PageRequest:
    """Reads the request."""
    page = page_request(request, key_parts=2)
    if page.after:
        text_of(page.after[0], "page_token", length_max=NAME_LENGTH_MAX)
    return _after_id(page)


def list_programs_response(answer: Page[Program]) -> pb.ListProgramsResponse:
    """Writes the answer."""
    return pb.ListProgramsResponse(programs=[program(each) for each in answer.items], next_page_token=answer.next_token)


def create_api_key(request: pb.CreateApiKeyRequest) -> CreateApiKey:
    """Reads the request."""
    replaced = request.replaces_api_key_id
    return CreateApiKey(
        program_id=UUID(request.program_id),
        request_id=request.request_id,
        name=request.name,
        role=ROLES[request.role],
        replaces_api_key_id=UUID(replaced) if replaced else None,
    )


def create_api_key_response(answer: ShownApiKey) -> pb.CreateApiKeyResponse:
    """Writes the answer."""
    return pb.CreateApiKeyResponse(api_key=api_key(answer.api_key), secret=answer.secret)


def list_api_keys(request: pb.ListApiKeysRequest) -> tuple[UUID, PageRequest]:
    """Reads the request."""
    page = _after_id(page_request(request, key_parts=1))
    return UUID(request.program_id), page


def list_api_keys_response(answer: Page[ApiKey]) -> pb.ListApiKeysResponse:
    """Writes the answer."""
    return pb.ListApiKeysResponse(api_keys=[api_key(each) for each in answer.items], next_page_token=answer.next_token)


def revoke_api_key(request: pb.RevokeApiKeyRequest) -> RevokeApiKey:
    """Reads the request."""
    return RevokeApiKey(
        program_id=UUID(request.program_id),
        request_id=request.request_id,
        api_key_id=UUID(request.api_key_id),
    )


def revoke_api_key_response(answer: ApiKey) -> pb.RevokeApiKeyResponse:
    """Writes the answer."""
    return pb.RevokeApiKeyResponse(api_key=api_key(answer))


def authenticate_api_key(request: pb.AuthenticateApiKeyRequest) -> bytes:
    """Reads the request."""
    return request.key_hash


def program(answer: Program) -> pb.Program:
    """A program on the wire."""
    return pb.Program(
        program_id=str(answer.program_id),
        name=answer.name,
        currency=answer.currency,
        region=answer.region,
        created_at=timestamp_of(answer.created_at),
    )


def api_key(answer: ApiKey) -> pb.ApiKey:
    """An API key on the wire, without its secret."""
    return pb.ApiKey(
        api_key_id=str(answer.api_key_id),
        program_id=str(answer.program_id),
        name=answer.name,
        role=ROLES.to_proto(answer.role),
        prefix=answer.prefix,
        created_at=timestamp_of(answer.created_at),
        revoked_at=timestamp_of(answer.revoked_at) if answer.revoked_at else None,
        caller_id=str(answer.caller),
    )


def _after_id(page: PageRequest) -> PageRequest:
    """The page, whose token ends with an identity if there is one: a caller can make a token up."""
    if page.after:
        uuid_of(page.after[-1], "page_token")
    return page
