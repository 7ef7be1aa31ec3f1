"""How good hand-off and churn are: real funnels, peers in the same run, and controls that hold nothing."""
