"""People, schedules, escalation as pages say them; who is on call when, and when nobody is. Pages no one.

`mentions` is what every lint needs and imports nothing heavy; `reading`, `calendar` and `values` are for the few
pages that hold a roster, which are those of kind policy.
"""
