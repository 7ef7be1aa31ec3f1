"""How good the agents are: outreach cases and assistant tasks, scored beside baselines, replayed or live."""
