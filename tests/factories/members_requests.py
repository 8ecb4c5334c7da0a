"""Good requests of `members`, together with every field that has bounds."""

from __future__ import annotations

from google.protobuf.message import Message
from loyalty.members.v1 import members_pb2 as pb

ID = "6a0f4c1e-3b1d-4a53-9b1e-0a4f6f1f7a11"

IDENTIFIER = pb.NewIdentifier(kind=pb.IDENTIFIER_KIND_EXTERNAL_ID, value="crm-17")
PROFILE = pb.Profile(given_name="Amna", family_name="Siddiqui", language="ur")
TRAITS = pb.Traits(tier="gold", segments=["vip"], attributes={"city": "Lahore"})

REQUESTS: tuple[Message, ...] = (
    pb.EnrolRequest(program_id=ID, request_id="k", identifiers=[IDENTIFIER], profile=PROFILE),
    pb.ResolveMemberRequest(program_id=ID, identifier=IDENTIFIER),
    pb.GetMemberRequest(program_id=ID, member_id=ID),
    pb.UpdateMemberRequest(program_id=ID, request_id="k", member_id=ID, expected_version=3, profile=PROFILE),
    pb.ChangeMemberStatusRequest(
        program_id=ID,
        request_id="k",
        member_id=ID,
        expected_version=3,
        status=pb.MEMBER_STATUS_SUSPENDED,
        reason="card reported stolen",
    ),
    pb.SetMemberTraitsRequest(program_id=ID, request_id="k", member_id=ID, expected_version=3, traits=TRAITS),
    pb.RestoreMemberRequest(
        program_id=ID,
        request_id="k",
        member_id=ID,
        known_version=3,
        status=pb.MEMBER_STATUS_ACTIVE,
        traits=TRAITS,
        reason="restored",
    ),
    pb.AddIdentifierRequest(program_id=ID, request_id="k", member_id=ID, identifier=IDENTIFIER),
    pb.RemoveIdentifierRequest(program_id=ID, request_id="k", member_id=ID, identifier_id=ID),
    pb.CreateProgramRequest(program_id=ID, request_id="k", name="Zauq", currency="PKR", region="PK"),
    pb.ListProgramsRequest(page_size=20),
    pb.CreateApiKeyRequest(
        program_id=ID, request_id="k", name="till 4", role=pb.CALLER_ROLE_TILL, replaces_api_key_id=ID
    ),
    pb.ListApiKeysRequest(program_id=ID, page_size=20),
    pb.AuthenticateApiKeyRequest(key_hash=bytes(32)),
    pb.RevokeApiKeyRequest(program_id=ID, request_id="k", api_key_id=ID),
)
