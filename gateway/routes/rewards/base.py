"""The blueprint that the files of this folder hang their routes on."""

from __future__ import annotations

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from gateway.openapi import operation_id

blueprint = APIBlueprint(
    "rewards",
    __name__,
    operation_id_callback=operation_id,
    abp_tags=[Tag(name="rewards", description="What points buy.")],
)
