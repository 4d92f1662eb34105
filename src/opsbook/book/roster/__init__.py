"""People, schedules, escalation as pages say them; who is on call when, and when nobody is. Pages no one.

`pages` and `mentions` are what every lint needs and import nothing heavy; `reading`, `calendar` and `values` are for
the few pages that hold a roster.
"""
