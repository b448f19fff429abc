"""Why an event is refused: which field, and what is wrong with it; never what was in it."""

import re
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

_SHOWN: Final = 3
_NAME_SHOWN: Final = 60

_SUBJECT: Final = re.compile(r"^(Input|String|List|Dictionary) ")

_WORDS: Final = {
    "extra_forbidden": "is not known here",
    "missing": "is missing",
    "string_pattern_mismatch": "must not hold control characters",
    "string_unicode": "is not text that Unicode has",
    "finite_number": "must be a finite number",
    "union_tag_not_found": "is missing",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "dict_type": "must be an object",
    "list_type": "must be a list",
}


class WrongEventError(Exception):
    """An event that is wrong for ever; the message names the field."""


def reason_of(error: ValidationError, *, tagged: bool = False) -> str:
    """What is wrong, in one line: the first few faults.

    Args:
        error: pydantic's.
        tagged: the place of each fault begins with the kind of the event, which goes without saying.
    """
    faults = error.errors(include_url=False, include_input=False)
    reasons = [_reason(fault, tagged=tagged) for fault in faults[:_SHOWN]]
    more = len(faults) - len(reasons)
    return "; ".join([*reasons, f"and {more} more"] if more else reasons)


def _reason(fault: ErrorDetails, *, tagged: bool) -> str:
    if fault["type"] == "union_tag_invalid":
        return f"type: must be one of {fault['ctx']['expected_tags']}".replace("'", "")
    place = ["type"] if fault["type"] == "union_tag_not_found" else list(fault["loc"][1 if tagged else 0 :])
    where = ".".join(str(step)[:_NAME_SHOWN] for step in place)
    what = _WORDS.get(fault["type"]) or _SUBJECT.sub("", fault["msg"]).replace(" after validation", "")
    return f"{where}: {what}" if where else f"it {what}"
