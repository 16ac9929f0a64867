"""Files of ELAN put together from their parts, as text; nothing is checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import quoteattr

TYPES = {
    "root": "",
    "timesub": "Time_Subdivision",
    "included": "Included_In",
    "symsub": "Symbolic_Subdivision",
    "assoc": "Symbolic_Association",
}

SCHEMA = {
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xsi:noNamespaceSchemaLocation": "http://www.mpi.nl/tools/elan/EAFv3.0.xsd",
}


def element(name: str, *inside: str, **attributes: object) -> str:
    written = "".join(
        f" {key}={quoteattr(str(value))}" for key, value in attributes.items() if value is not None
    )
    return f"<{name}{written}>{''.join(inside)}</{name}>"


def aligned(name: str, begins: str, ends: str, text: str = "x") -> str:
    """An annotation with time slots of its own."""
    return element(
        "ANNOTATION",
        element(
            "ALIGNABLE_ANNOTATION",
            element("ANNOTATION_VALUE", text),
            ANNOTATION_ID=name,
            TIME_SLOT_REF1=begins,
            TIME_SLOT_REF2=ends,
        ),
    )


def referring(name: str, parent: str, previous: str | None = None, text: str = "x") -> str:
    """An annotation that refers to another one."""
    return element(
        "ANNOTATION",
        element(
            "REF_ANNOTATION",
            element("ANNOTATION_VALUE", text),
            ANNOTATION_ID=name,
            ANNOTATION_REF=parent,
            PREVIOUS_ANNOTATION=previous,
        ),
    )


def tier(name: str, *annotations: str, type: str = "root", parent: str | None = None) -> str:
    return element("TIER", *annotations, TIER_ID=name, LINGUISTIC_TYPE_REF=type, PARENT_REF=parent)


def medium(url: str, mime_type: str = "video/mp4", **attributes: object) -> str:
    return element("MEDIA_DESCRIPTOR", MEDIA_URL=url, MIME_TYPE=mime_type, **attributes)


def document(
    *tiers: str,
    slots: Mapping[str, int | None],
    media: Sequence[str] = (),
    types: Mapping[str, str] = TYPES,
) -> str:
    """A whole file; ``slots``: milliseconds by name, None = without a time."""
    order = [element("TIME_SLOT", TIME_SLOT_ID=k, TIME_VALUE=v) for k, v in slots.items()]
    kinds = [
        element("LINGUISTIC_TYPE", LINGUISTIC_TYPE_ID=name, CONSTRAINTS=constraint or None)
        for name, constraint in types.items()
    ]
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + element(
        "ANNOTATION_DOCUMENT",
        element("HEADER", *media, MEDIA_FILE="", TIME_UNITS="milliseconds"),
        element("TIME_ORDER", *order),
        *(f"\n{each}" for each in tiers),
        *kinds,
        AUTHOR="",
        DATE="2024-03-05T10:00:00+01:00",
        FORMAT="3.0",
        VERSION="3.0",
        **SCHEMA,
    )
