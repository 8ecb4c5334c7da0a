"""Who calls whom over gRPC: every server knows which process is at the other end, and lets it call what it is granted.

A peer is such a process, by its name: the gateway, a service by its word, the operator's command line, or a system of
the retailer's. Callers, who hold API keys, are people and tills at the gateway; the gateway names them to services.

    identity.py            how a process shows servers who it is: by a certificate, or by a token
    certificates.py        certificates from files, and those files again whenever they have changed
    certified_channel.py   a channel that takes up what those files hold
    guard.py               how a server knows a peer, and what it then lets it call
    settings.py            the settings that both are made of
"""

# Beside the services' words the names that peers of the suite itself have.
GATEWAY = "gateway"
OPERATOR = "operator"
