"""What operators watch and what they are sent: counters and gauges, alert rules, alerts."""
