"""Rules for pages that say who is called and how grave a thing is: severities, schedules, people."""
