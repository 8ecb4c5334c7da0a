"""The HTTP/1.1 server of the gateway: bytes from strangers on one side, a WSGI application on the other.

    opened      a connection counts for its address; too many of one address, or of all, and idle ones make room
    head        read on the event loop, within a size and a time, and judged: what is not HTTP is answered and ends here
    body        read on the event loop, within a size, a time and a rate; a long one only after its head was admitted
    admission   a place among those that are worked on, or a bounded wait for one, or a refusal at once
    running     the application, in a bounded pool of threads, which never waits for a socket
    answer      written as fast as its reader takes it, within a time

So a slow or silent client costs a connection of its own address and nothing else.
"""
