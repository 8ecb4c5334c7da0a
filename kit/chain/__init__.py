"""Seals over what a service has recorded, each of which holds the hash of the one before.

A seal covers a span of time that lies far enough back that no transaction can still record anything in it. For each
facet, which is a table with the columns that are final once a time is set, it holds how many rows there are and a
digest over all of them. A row that is changed, deleted or added afterwards contradicts the seal; a
seal that is made anew contradicts every later one, and the head that an auditor keeps elsewhere.

Nothing of this stands on the write path: a worker seals beside the traffic, and several never fork the chain, since a
number and a predecessor can be taken once.
"""

from kit.chain.facets import Facet, part, whole
from kit.chain.heads import ChainHead, head
from kit.chain.sealer import SealTimes, facets_of, seal_all, seal_next, sealing_worker
from kit.chain.table import seals_table
from kit.chain.verify import verify

__all__ = [
    "ChainHead",
    "Facet",
    "SealTimes",
    "facets_of",
    "head",
    "part",
    "seal_all",
    "seal_next",
    "sealing_worker",
    "seals_table",
    "verify",
    "whole",
]
