"""Is the learner's choice worth as much as the best single e-mail's? On a real randomised experiment (Hillstrom 2008)."""
