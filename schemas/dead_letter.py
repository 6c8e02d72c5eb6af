"""`decay.dead-letter.v1`: the original key, value and headers, and in added headers what was wrong and where it was.

Where a header stands twice, as in a dead letter of a dead letter, the last one is ours.
"""

from typing import Annotated

from pydantic import ConfigDict, Field

from schemas.envelope import Contract
from schemas.refusal import LONGEST_DETAIL, Reason

Digits = Annotated[str, Field(pattern=r"^[0-9]{1,19}$")]


class DeadLetterHeaders(Contract):
    """The added headers, each UTF-8 text; `dlq.version` is that of this contract."""

    model_config = ConfigDict(alias_generator=lambda name: f"dlq.{name}")

    reason: Reason
    detail: Annotated[str, Field(max_length=LONGEST_DETAIL, pattern=r"^[ -~]*$")]
    topic: Annotated[str, Field(min_length=1, max_length=249)]
    partition: Digits
    offset: Digits
    timestamp: Annotated[str, Field(pattern=r"^-?[0-9]{1,19}$")]
    version: Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+$")]
