"""Limits out of a table: how long something may take, by what is known of the account."""

from collections.abc import Mapping
from typing import final

import msgspec

from detector.domain.account import Account
from detector.domain.calendar import Duration


@final
class ByTouchModel(msgspec.Struct, frozen=True):
    """A limit for each way an account is served; `default` is the one that counts where that is not known."""

    limits: Mapping[str, Duration]
    default: str

    def of(self, account: Account) -> Duration:
        """The account's limit."""
        return self.limits.get(account.fact("touch_model"), self.limits[self.default])
