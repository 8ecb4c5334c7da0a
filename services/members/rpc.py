"""The servicer: convert, call, convert."""

from __future__ import annotations

import grpc
from loyalty.members.v1 import members_pb2 as pb
from loyalty.members.v1.members_pb2_grpc import MembersServiceServicer

from kit.rpc import call_of, reply
from services.members.convert import callers as convert_callers
from services.members.convert import members as convert_members
from services.members.handlers import ApiKeyHandlers, IdentifierHandlers, MemberHandlers, ProgramHandlers

Context = grpc.ServicerContext


class MembersServicer(MembersServiceServicer):
    """One short method per RPC, in the order of the contract."""

    def __init__(
        self,
        members: MemberHandlers,
        identifiers: IdentifierHandlers,
        programs: ProgramHandlers,
        api_keys: ApiKeyHandlers,
    ) -> None:
        self._members = members
        self._identifiers = identifiers
        self._programs = programs
        self._api_keys = api_keys

    # -- Members ------------------------------------------------------------------------------------------------------

    def Enrol(self, request: pb.EnrolRequest, context: Context) -> pb.EnrolResponse:
        outcome = self._members.enrol(call_of(context), convert_members.enrol(request))
        return reply(context, outcome, convert_members.enrol_response)

    def ResolveMember(self, request: pb.ResolveMemberRequest, context: Context) -> pb.ResolveMemberResponse:
        member = self._members.resolve_member(*convert_members.resolve_member(request))
        return pb.ResolveMemberResponse(member=convert_members.member(member))

    def GetMember(self, request: pb.GetMemberRequest, context: Context) -> pb.GetMemberResponse:
        member = self._members.get_member(*convert_members.get_member(request))
        return pb.GetMemberResponse(member=convert_members.member(member))

    def UpdateMember(self, request: pb.UpdateMemberRequest, context: Context) -> pb.UpdateMemberResponse:
        outcome = self._members.update_member(call_of(context), convert_members.update_member(request))
        return reply(context, outcome, convert_members.update_member_response)

    def ChangeMemberStatus(
        self, request: pb.ChangeMemberStatusRequest, context: Context
    ) -> pb.ChangeMemberStatusResponse:
        outcome = self._members.change_member_status(call_of(context), convert_members.change_member_status(request))
        return reply(context, outcome, convert_members.change_member_status_response)

    def SetMemberTraits(self, request: pb.SetMemberTraitsRequest, context: Context) -> pb.SetMemberTraitsResponse:
        outcome = self._members.set_member_traits(call_of(context), convert_members.set_member_traits(request))
        return reply(context, outcome, convert_members.set_member_traits_response)

    def RestoreMember(self, request: pb.RestoreMemberRequest, context: Context) -> pb.RestoreMemberResponse:
        outcome = self._members.restore_member(call_of(context), convert_members.restore_member(request))
        return reply(context, outcome, convert_members.restore_member_response)

    def AddIdentifier(self, request: pb.AddIdentifierRequest, context: Context) -> pb.AddIdentifierResponse:
        outcome = self._identifiers.add_identifier(call_of(context), convert_members.add_identifier(request))
        return reply(context, outcome, convert_members.add_identifier_response)

    def RemoveIdentifier(self, request: pb.RemoveIdentifierRequest, context: Context) -> pb.RemoveIdentifierResponse:
        outcome = self._identifiers.remove_identifier(call_of(context), convert_members.remove_identifier(request))
        return reply(context, outcome, convert_members.remove_identifier_response)

    # -- Programs and callers -----------------------------------------------------------------------------------------

    def CreateProgram(self, request: pb.CreateProgramRequest, context: Context) -> pb.CreateProgramResponse:
        outcome = self._programs.create_program(call_of(context), convert_callers.create_program(request))
        return reply(context, outcome, convert_callers.create_program_response)

    def ListPrograms(self, request: pb.ListProgramsRequest, context: Context) -> pb.ListProgramsResponse:
        page = self._programs.list_programs(convert_callers.list_programs(request))
        return convert_callers.list_programs_response(page)

    def CreateApiKey(self, request: pb.CreateApiKeyRequest, context: Context) -> pb.CreateApiKeyResponse:
        outcome = self._api_keys.create_api_key(call_of(context), convert_callers.create_api_key(request))
        return reply(context, outcome, convert_callers.create_api_key_response)

    def ListApiKeys(self, request: pb.ListApiKeysRequest, context: Context) -> pb.ListApiKeysResponse:
        page = self._api_keys.list_api_keys(*convert_callers.list_api_keys(request))
        return convert_callers.list_api_keys_response(page)

    def RevokeApiKey(self, request: pb.RevokeApiKeyRequest, context: Context) -> pb.RevokeApiKeyResponse:
        outcome = self._api_keys.revoke_api_key(call_of(context), convert_callers.revoke_api_key(request))
        return reply(context, outcome, convert_callers.revoke_api_key_response)

    def AuthenticateApiKey(
        self, request: pb.AuthenticateApiKeyRequest, context: Context
    ) -> pb.AuthenticateApiKeyResponse:
        api_key = self._api_keys.authenticate_api_key(convert_callers.authenticate_api_key(request))
        return pb.AuthenticateApiKeyResponse(api_key=convert_callers.api_key(api_key))
