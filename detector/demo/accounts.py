"""The customers of the demo's company: who they are, not what happens to them."""

from dataclasses import dataclass
from typing import Final

WEEK: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OFFICE: Final = (0, 1, 2, 3, 4)
GULF: Final = (6, 0, 1, 2, 3)
EVERY_DAY: Final = (0, 1, 2, 3, 4, 5, 6)


@dataclass(frozen=True, slots=True)
class Customer:
    """One account. `actions` is a working day's usage at the start, `growth` its relative growth over the half year.

    `renewal_in` and `since` are days from the end of the history; `opens_at` is the hour of UTC at which work begins;
    a `since` within the history makes a new customer, who is onboarded first.
    """

    account_id: str
    name: str
    segment: str
    arr: int
    actions: int
    growth: float
    users: int
    renewal_in: int
    since: int
    opens_at: int = 8
    zone: str = "Europe/Berlin"
    weekdays: tuple[int, ...] = OFFICE
    holidays: tuple[int, int] | None = None
    """The first and the last day off of a company holiday, told 40 days ahead."""

    @property
    def is_new(self) -> bool:
        """Whether the customer came within the history."""
        return self.since > -182

    @property
    def touch_model(self) -> str:
        """How closely the vendor looks after the account."""
        return {"enterprise": "high", "mid": "mid"}.get(self.segment, "tech")

    def person(self, who: str) -> str:
        """The id of one of the account's people: sponsor, champion, admin, user-1 and so on."""
        return f"{self.account_id}:{who}"


CUSTOMERS: Final = (
    # those to whom something happens: see stories.py
    Customer("aurora-ceramics", "Aurora Ceramics", "mid", 96_000, 420, 0.04, 7, 244, -486, holidays=(-80, -65)),
    Customer("brightwater-logistics", "Brightwater Logistics", "enterprise", 310_000, 560, 0.25, 9, 240, -490),
    Customer("copperfield-retail", "Copperfield Retail", "enterprise", 205_000, 510, 0.06, 8, 301, -429),
    Customer("ferrous-metals", "Ferrous Metals", "enterprise", 180_000, 480, 0.03, 8, 226, -504),
    Customer(
        "halcyon-media",
        "Halcyon Media",
        "enterprise",
        265_000,
        540,
        0.08,
        9,
        288,
        -442,
        opens_at=14,
        zone="America/New_York",
    ),
    Customer("juniper-analytics", "Juniper Analytics", "mid", 74_000, 400, 0.10, 6, 199, -531),
    Customer(
        "kestrel-airways",
        "Kestrel Airways",
        "enterprise",
        340_000,
        600,
        0.05,
        10,
        275,
        -455,
        opens_at=14,
        zone="America/New_York",
    ),
    Customer("larkspur-hotels", "Larkspur Hotels", "mid", 88_000, 430, 0.05, 7, 310, -420),
    Customer("linden-textiles", "Linden Textiles", "mid", 92_000, 450, 0.05, 7, 215, -515, holidays=(-17, 3)),
    Customer("lumen-education", "Lumen Education", "mid", 67_000, 410, 0.04, 7, 260, -470),
    Customer(
        "meridian-clinics",
        "Meridian Clinics",
        "enterprise",
        220_000,
        500,
        0.07,
        8,
        233,
        -497,
        opens_at=14,
        zone="America/New_York",
    ),
    Customer("northgate-freight", "Northgate Freight", "mid", 105_000, 440, 0.03, 7, 251, -479),
    Customer("orchard-payments", "Orchard Payments", "enterprise", 290_000, 530, 0.12, 9, 268, -462),
    Customer("ostrava-steel", "Ostrava Steel", "enterprise", 240_000, 470, 0.04, 8, 70, -660),
    Customer("pinnacle-insurance", "Pinnacle Insurance", "enterprise", 330_000, 570, 0.05, 9, 207, -523),
    Customer(
        "quillon-travel", "Quillon Travel", "mid", 118_000, 460, 0.02, 7, 25, -705, opens_at=14, zone="America/New_York"
    ),
    Customer("sable-robotics", "Sable Robotics", "mid", 81_000, 430, 0.03, 6, 222, -508),
    Customer("tidewater-energy", "Tidewater Energy", "enterprise", 275_000, 520, 0.06, 9, 296, -434),
    Customer("verdant-farms", "Verdant Farms", "mid", 59_000, 400, 0.05, 6, 238, -492),
    # those with whom all is well
    Customer("alder-consulting", "Alder Consulting", "mid", 64_000, 400, 0.09, 6, 147, -583),
    Customer("basalt-construction", "Basalt Construction", "mid", 83_000, 410, 0.04, 6, 112, -618),
    Customer(
        "cascade-outdoors",
        "Cascade Outdoors",
        "mid",
        97_000,
        440,
        0.12,
        7,
        183,
        -547,
        opens_at=15,
        zone="America/Los_Angeles",
    ),
    Customer("dune-trading", "Dune Trading", "mid", 71_000, 400, 0.06, 6, 162, -568, 6, "Asia/Dubai", GULF),
    Customer("elm-street-dental", "Elm Street Dental", "smb", 14_000, 320, 0.02, 4, 58, -672),
    Customer(
        "fjord-shipping", "Fjord Shipping", "enterprise", 198_000, 480, 0.05, 8, 174, -556, 7, "Europe/Oslo", EVERY_DAY
    ),
    Customer("granite-bank", "Granite Bank", "enterprise", 420_000, 620, 0.08, 10, 21, -709),
    Customer("harbour-foods", "Harbour Foods", "mid", 78_000, 430, 0.15, 7, 133, -597),
    Customer("indigo-fashion", "Indigo Fashion", "mid", 69_000, 410, 0.05, 6, 305, -425),
    Customer("jasper-pharma", "Jasper Pharma", "enterprise", 255_000, 500, 0.30, 9, 190, -540),
    Customer("kite-software", "Kite Software", "smb", 22_000, 340, 0.40, 5, 84, -281),
    Customer(
        "lakeshore-legal",
        "Lakeshore Legal",
        "mid",
        88_000,
        420,
        0.03,
        6,
        156,
        -574,
        zone="America/Chicago",
        opens_at=14,
    ),
    Customer("marlow-press", "Marlow Press", "smb", 19_000, 330, 0.00, 4, 122, -608, 9, "Europe/London"),
    Customer("nordlys-telecom", "Nordlys Telecom", "enterprise", 365_000, 590, 0.06, 10, 209, -521, 7, "Europe/Oslo"),
    Customer("opal-cosmetics", "Opal Cosmetics", "mid", 73_000, 400, 0.18, 6, 141, -589),
    Customer("pebble-games", "Pebble Games", "smb", 26_000, 350, 0.22, 5, 318, -412),
    Customer("quartz-mining", "Quartz Mining", "enterprise", 187_000, 460, 0.04, 8, 265, -465, 1, "Australia/Perth"),
    Customer("redwood-timber", "Redwood Timber", "mid", 62_000, 400, -0.02, 6, 97, -633),
    Customer(
        "summit-fitness", "Summit Fitness", "mid", 85_000, 430, 0.10, 7, 178, -552, opens_at=15, zone="America/Denver"
    ),
    # new ones, in onboarding and just out of it
    Customer("thistle-hr", "Thistle HR", "mid", 58_000, 400, 0.0, 6, 318, -47),
    Customer("umber-studios", "Umber Studios", "mid", 66_000, 410, 0.0, 6, 255, -110),
)
