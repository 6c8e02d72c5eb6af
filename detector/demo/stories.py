"""The stories of the company, in words, with what the detector is expected to say; scripts.py makes them happen."""

from typing import Final

from detector.demo.story import Expected, Story

STORIES: Final = (
    Story(
        "brightwater-logistics",
        "Half of what was promised, and everything else is green",
        "They bought to cut freight costs by 20% and agreed on 5% after three months. Three months later 2.5% is "
        "measured. Usage grows, tickets are few, the sponsor is friendly: by every other number a healthy account.",
        (Expected("goal.behind_schedule", "high", (-85, -85)),),
    ),
    Story(
        "verdant-farms",
        "Our own word is no proof",
        "The second date of their goal passes without a measurement. Somebody here notes that it is surely reached, "
        "but nobody there measured or confirmed it; what was last measured is half of what that date expects.",
        (Expected("goal.behind_schedule", "high", (-36, -36)), Expected("goal.unmeasured", "warn", (-36, -36))),
    ),
    Story(
        "ostrava-steel",
        "A little behind, and the renewal is near",
        "Three quarters of what the schedule expects would be a warning; with the renewal less than 90 days away it "
        "weighs a step more.",
        (Expected("goal.behind_schedule", "high", (-12, -12)),),
    ),
    Story(
        "orchard-payments",
        "They have what they wanted, and do not know it",
        "Losses to fraud fell below the target forty days ago. One analyst saw it; nobody with a say was shown it.",
        (Expected("goal.achieved_unseen", "high", (-26, -26)),),
    ),
    Story(
        "juniper-analytics",
        "Goal reached, and the sponsor knows",
        "The same success, but the sponsor acknowledged it after nine days. Nothing to say.",
    ),
    Story(
        "halcyon-media",
        "The sponsor leaves",
        "The person who signed left the company nine days ago. Nobody has taken over, nobody has called.",
        (Expected("sponsor.left", "critical", (-9, -9)), Expected("stakeholder.roles_missing", "watch", (-9, -9))),
    ),
    Story(
        "meridian-clinics",
        "The sponsor leaves, and we meet the successor",
        "Two months ago their sponsor left; three days later a successor was named, and met the week after.",
        (
            Expected("sponsor.left", "critical", (-60, -60), "recovered"),
            Expected("stakeholder.roles_missing", "watch", (-60, -60), "recovered"),
        ),
    ),
    Story(
        "tidewater-energy",
        "An outage that nobody announced",
        "Their dashboards have been down since ten past nine last night. Engineers are at work; the customer knows "
        "nothing.",
        (Expected("incident.untold", "high", (-1, -1)),),
    ),
    Story(
        "copperfield-retail",
        "The same outage, announced",
        "The same incident, but they were told after eight minutes and every 25 minutes since. No alert.",
    ),
    Story(
        "larkspur-hotels",
        "Told in time, logged late",
        "Seven weeks ago an outage was announced after eleven minutes, but the status tool reported that only 24 "
        "minutes later. The alert opened in between, and was withdrawn as soon as the notice came in: it never held.",
        (Expected("incident.untold", "high", (-47, -47), "superseded"),),
    ),
    Story(
        "pinnacle-insurance",
        "A flood of tickets on one feature",
        "Six tickets about exports within a week, where one a month is usual; the first three from one person, "
        "then a second one joins.",
        (Expected("support.flood", "high", (-6, -4)), Expected("support.volume", "warn", (-7, -1))),
    ),
    Story(
        "northgate-freight",
        "Gone dark",
        "The last anybody heard from them is five weeks old. Four mails went unanswered and two calls were missed; the "
        "product is used as ever.",
        (Expected("contact.dark", "critical", (-23, -21)),),
    ),
    Story(
        "sable-robotics",
        "Nobody logs in any more",
        "Usage stopped overnight five weeks ago. They still answer mails: all is fine, they say.",
        (
            Expected("usage.drop", "high", (-31, -28)),
            Expected("usage.dark", "critical", (-21, -19)),
            Expected("usage.slide", "warn", (-31, -26)),
            Expected("usage.person_drop", "warn", (-26, -17)),
            Expected("usage.narrowing", "watch", (-12, -1)),
            Expected("licence.underused", "high", (-28, -1)),
        ),
    ),
    Story(
        "ferrous-metals",
        "Usage halves",
        "One of two plants stopped working with the product three and a half weeks ago.",
        (
            Expected("usage.drop", "high", (-22, -18)),
            Expected("usage.slide", "warn", (-23, -17)),
            Expected("usage.person_drop", "warn", (-14, -4)),
        ),
    ),
    Story(
        "lumen-education",
        "Usage halves, and comes back",
        "Ten weeks ago usage fell by half, and a month later it was back where it had been: the level before the fall "
        "is what it is measured against, not the fall itself.",
        (
            Expected("usage.drop", "high", (-73, -69), "recovered"),
            Expected("usage.slide", "warn", (-74, -67), "recovered"),
            Expected("usage.person_drop", "warn", (-64, -54), "recovered"),
        ),
    ),
    Story(
        "quillon-travel",
        "A smaller drop, a month before the renewal",
        "Usage is down by a third. At another time that is a warning; 25 days before the renewal it is critical.",
        (Expected("usage.drop", "critical", (-14, -9)), Expected("usage.slide", "critical", (-15, -7))),
    ),
    Story(
        "harbour-foods",
        "An urgent ticket, and nobody is in a hurry",
        "Eight days ago something urgent was answered after five hours; what they wrote back has had no answer since.",
        (
            Expected("support.slow_response", "warn", (-10, -6)),
            Expected("support.unanswered", "warn", (-9, -5)),
        ),
    ),
    Story(
        "basalt-construction",
        "Bad feeling spreads",
        "Four people were unhappy within three weeks, each sooner after the one before: two users, then the champion, "
        "then the sponsor. One alone would be a note.",
        (
            Expected("interaction.negative", "info", (-20, -20)),
            Expected("sentiment.snowball", "critical", (-4, -4)),
        ),
    ),
    Story(
        "thistle-hr",
        "The onboarding stands still",
        "They signed seven weeks ago. Four weeks ago the last task was done; the date to go live has passed.",
        (
            Expected("onboarding.stalled", "high", (-24, -18)),
            Expected("milestone.overdue", "high", (-24, -18)),
        ),
    ),
    Story(
        "linden-textiles",
        "Looks dead, is on holiday",
        "No usage, no mail, no ticket for more than two weeks: the works are closed for three weeks, as they told us. "
        "No alert, and the health snapshot names the holiday as the reason.",
    ),
    Story(
        "aurora-ceramics",
        "Was on holiday",
        "The works were closed for sixteen days in the spring of this history and then went on as before. No alert.",
    ),
    Story(
        "kestrel-airways",
        "A day's usage came a day late",
        "Crews work offline; one day's usage was uploaded twenty hours later. One evaluation saw a drop, the next saw "
        "none. No alert.",
    ),
    Story(
        "redwood-timber",
        "Three tickets in a week, about three things",
        "As many tickets as in a flood, but on three features: ordinary questions. No alert.",
    ),
)
