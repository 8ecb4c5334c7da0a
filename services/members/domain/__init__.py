"""The rules about members, identifiers, programs and API keys, in plain Python."""
