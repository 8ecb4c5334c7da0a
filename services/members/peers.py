"""Which process may call which method; besides only systems that the operator names in `MEMBERS_PEERS`."""

from __future__ import annotations

from kit.peers import GATEWAY, OPERATOR

PEERS = {
    "Enrol": (GATEWAY,),
    "ResolveMember": (GATEWAY,),
    "GetMember": (GATEWAY, "points"),
    "UpdateMember": (GATEWAY,),
    "ChangeMemberStatus": (GATEWAY,),
    "SetMemberTraits": (GATEWAY,),
    "RestoreMember": (OPERATOR,),
    "AddIdentifier": (GATEWAY,),
    "RemoveIdentifier": (GATEWAY,),
    "CreateProgram": (OPERATOR,),
    "ListPrograms": (OPERATOR,),
    "CreateApiKey": (GATEWAY, OPERATOR),
    "ListApiKeys": (GATEWAY, OPERATOR),
    "RevokeApiKey": (GATEWAY, OPERATOR),
    "AuthenticateApiKey": (GATEWAY, OPERATOR),
}
