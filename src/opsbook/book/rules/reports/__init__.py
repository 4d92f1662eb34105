"""Rules for incident reports and post-mortems: times and causes."""
